import pytest

from speech_toolkit.transcription.decoded import TokenSegment, WindowWord
from speech_toolkit.transcription.text.words import (
    fit_to_segments,
    merge_punctuation,
    shorten_at_pauses,
    split_words,
)


def decode(tokens):
    """Decode bytes: the tokens of these tests."""
    return bytes(tokens).decode("utf-8", errors="replace")


def split(text, has_spaces=True):
    return split_words(list(text.encode()), decode, has_spaces=has_spaces)


def timed(*parts):
    return [WindowWord(t, i, i + 1, s, e, 0.5) for i, (t, s, e) in enumerate(parts)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" one two", [" one", " two"]),
        ("one two.", ["one", " two", "."]),
        (" “café” (naïve)", [" “café”", " ", "(naïve", ")"]),
        ("", []),
    ],
)
def test_words_are_parted_by_spaces_and_punctuation(text, words):
    found = split(text)
    assert [word.text for word in found] == words
    assert "".join(word.text for word in found) == text


def test_characters_are_words_without_spaces():
    found = split("你好。", has_spaces=False)
    assert [(word.text, word.first, word.last) for word in found] == [
        ("你", 0, 3),
        ("好", 3, 6),
        ("。", 6, 9),
    ]


def test_tokens_that_are_no_text_end_up_somewhere():
    tokens = [*b" a", 0xE4, *b" b", 0xE4, 0xBD]
    found = split_words(tokens, decode, has_spaces=True)
    assert [word.first for word in found] == [0, *[word.last for word in found[:-1]]]
    assert found[-1].last == len(tokens)


def test_broken_bytes_do_not_swallow_what_follows():
    found = split_words([0xFF, *"你".encode()], decode, has_spaces=False)
    assert [word.text for word in found] == ["\ufffd", "你"]


def test_words_take_closing_and_opening_punctuation():
    words = timed(
        (" “", 0.0, 0.1),
        ("Hi", 0.1, 0.5),
        (",", 0.5, 0.6),
        (" you", 0.6, 0.9),
        ("!", 0.9, 1.0),
        ("”", 1.0, 1.0),
        (" (", 1.1, 1.1),
        ("so", 1.1, 1.5),
    )
    found = merge_punctuation(words)
    assert [word.text for word in found] == [" “Hi,", " you!”", " (so"]
    assert [(word.first, word.last) for word in found] == [(0, 3), (3, 6), (6, 8)]
    assert [(word.start_s, word.end_s) for word in found] == [(0.0, 0.6), (0.6, 1.0), (1.1, 1.5)]


def test_punctuation_alone_is_kept():
    assert [word.text for word in merge_punctuation(timed((".", 0, 1), (" (", 1, 2)))] == [
        ".",
        " (",
    ]
    assert merge_punctuation([]) == []


def test_pause_is_taken_from_the_stop_and_from_the_word_after_it():
    words = timed(
        (" one", 0.0, 0.3),
        (" two", 0.3, 0.6),
        (".", 0.6, 3.0),
        (" three", 3.0, 6.0),
        (" four", 6.0, 8.0),
        (" five", 8.0, 8.3),
    )
    found = shorten_at_pauses(words)
    assert (found[2].start_s, found[2].end_s) == pytest.approx((0.6, 2.0))
    assert (found[3].start_s, found[3].end_s) == pytest.approx((4.6, 6.0))
    assert found[4] == words[4]  # long, but no sentence ends there
    assert shorten_at_pauses([]) == []


def fitted(words, *segments):
    found = fit_to_segments(words, [TokenSegment(*segment, True) for segment in segments])
    return [(word.start_s, word.end_s) for word in found]


def test_first_word_of_a_window_begins_with_its_segment():
    words = timed((" one", 0.0, 0.5), (" two", 0.5, 1.0))
    assert fitted(words, (0.3, 1.0, 0, 2)) == [(0.3, 0.5), (0.5, 1.0)]
    assert fitted(words, (0.5, 1.0, 0, 2)) == [(0.0, 0.5), (0.5, 1.0)]


def test_words_beside_a_pause_are_held_to_distant_timestamps():
    words = timed((" one", 0.0, 0.4), (" two", 0.4, 2.0), (" three", 2.0, 4.0), (" four", 4.0, 4.4))
    segments = [(0.0, 0.9, 0, 2), (3.4, 4.4, 2, 4)]
    (_, two, three, _) = fitted(words, *segments)
    assert two == pytest.approx((0.4, 1.1))  # the segment ends at 0.9, but a word lasts 0.7
    assert three == pytest.approx((3.3, 4.0))


def test_timestamps_near_by_or_beyond_a_word_change_nothing():
    words = timed((" one", 0.0, 0.4), (" two", 0.4, 0.8), (" three", 0.8, 1.2))
    kept = [(0.0, 0.4), (0.4, 0.8), (0.8, 1.2)]
    assert fitted(words, (0.0, 0.7, 0, 2), (0.9, 1.0, 2, 3)) == kept
    assert fitted(words, (0.6, 0.3, 0, 2), (3.0, 0.1, 2, 3)) == kept
    assert fitted(words) == kept
    assert fitted([], (0.0, 1.0, 0, 5)) == []
