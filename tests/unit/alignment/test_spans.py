import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.alignment.letter_runs import label_runs
from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.alignment.text.labels import SEPARATOR, WILDCARD, label_sequence
from speech_toolkit.alignment.text.transcript import (
    Sentence,
    Token,
    TokenizedTranscript,
    Word,
)
from speech_toolkit.alignment.text.vocabulary import Vocabulary

LETTERS = {letter: index for index, letter in enumerate("abcdefghij", start=1)}
VOCABULARY = Vocabulary(ids=LETTERS, blank_id=0, size=11, word_separator_id=None)
STRIDE_S = 0.02


def transcript_of(text, unaligned=()):
    """Words are split at spaces, spoken words at hyphens, sentences at full stops.

    Words in ``unaligned`` get no token.
    """
    words, sentences, first_word, position = [], [], 0, 0
    for piece in text.split():
        start = text.index(piece, position)
        position = start + len(piece)
        tokens = tuple(
            Token(
                letter,
                LETTERS[letter],
                start + offset,
                start + offset + 1,
                opens_spoken_word=piece[:offset].endswith("-"),
            )
            for offset, letter in enumerate(piece)
            if letter in LETTERS and piece not in unaligned
        )
        spoken = piece if piece.isalnum() else False
        words.append(Word(piece, start, position, tokens, spoken))
        if piece.endswith(".") or position == len(text):
            begin = words[first_word].start_char
            sentences.append(
                Sentence(text[begin:position], begin, position, first_word, len(words))
            )
            first_word = len(words)
    return TokenizedTranscript(text, "eng", tuple(words), tuple(sentences), ())


def spans_of(picture, text, star="none", unaligned=(), loud=None):
    """Align ``text`` along a path drawn as letters, ``.`` for blank and ``*`` for the wildcard.

    ``loud`` draws the level of each frame as a digit, 9 the loudest; None for loud all along.
    """
    columns = {".": 0, "*": VOCABULARY.size} | LETTERS
    path = np.array([columns[sign] for sign in picture], dtype=np.int32)
    scores = np.where(path == 0, -9.0, -np.arange(1, len(path) + 1) / 10).astype(np.float32)
    transcript = transcript_of(text, unaligned)
    labels = label_sequence(transcript, VOCABULARY, star)
    levels = np.array([10 * float(digit) for digit in loud or "9" * len(path)], dtype=np.float32)
    spans = spans_from_path(
        path,
        scores,
        labels,
        transcript,
        Loudness(levels, np.zeros_like(levels)),
        blank=0,
        frame_stride_s=STRIDE_S,
    )
    return spans, scores


def ranges(spans):
    return list(zip(spans.starts.tolist(), spans.ends.tolist(), strict=True))


def test_runs_of_a_path():
    starts, ends = label_runs(np.array([0, 1, 1, 0, 1, 2, 2, 0]), blank=0)
    assert starts.tolist() == [1, 4, 5]
    assert ends.tolist() == [3, 5, 7]


def test_neighbouring_words_meet_in_the_middle_of_the_blanks_between_them():
    spans, _ = spans_of("aab....cd", "ab cd")
    assert ranges(spans.words) == [(0, 5), (5, 9)]


def test_long_silence_belongs_to_no_word():
    spans, _ = spans_of("." * 50 + "ab" + "." * 100 + "cd" + "." * 60, "ab cd")
    assert ranges(spans.words) == [(45, 62), (147, 164)]


def test_word_reaches_on_while_it_is_loud_and_stops_at_silence():
    spans, _ = spans_of("....ab......cd....", "ab cd", loud="019989900018999110")
    assert ranges(spans.words) == [(2, 7), (11, 15)]


def test_loud_is_measured_between_the_background_and_the_word_s_own_peak():
    spans, _ = spans_of("..ab..", "ab", loud="443444")
    assert ranges(spans.words) == [(0, 6)]
    spans, _ = spans_of("..ab..", "ab", loud="449944")
    assert ranges(spans.words) == [(2, 4)]


def test_letters_tile_their_word_and_meet_in_the_middle_of_blanks():
    spans, _ = spans_of("..a....b.c..", "abc")
    assert ranges(spans.words) == [(0, 12)]
    assert ranges(spans.tokens) == [(0, 5), (5, 8), (8, 12)]


def test_letter_beyond_a_long_silence_joins_the_rest_of_its_word():
    quiet = "." * 30
    spans, scores = spans_of(f"aab{quiet}c{quiet}de", "abc de", loud="999" + "0" * 61 + "99")
    assert ranges(spans.words) == [(0, 4), (64, 66)]
    assert ranges(spans.tokens)[:3] == [(0, 2), (2, 3), (3, 4)]
    np.testing.assert_allclose(spans.tokens.scores[2], scores[33])
    spans, _ = spans_of(f"ab{quiet}c{quiet}dde", "ab cde", loud="99" + "0" * 61 + "999")
    assert ranges(spans.words) == [(0, 2), (62, 66)]
    assert ranges(spans.tokens)[2:] == [(62, 63), (63, 65), (65, 66)]


def test_letters_that_loud_speech_parts_stay_where_they_were_spoken():
    spans, _ = spans_of("ab" + "." * 30 + "c..", "abc", loud="99" + "9" * 30 + "900")
    assert ranges(spans.words) == [(0, 33)]
    assert ranges(spans.tokens) == [(0, 1), (1, 17), (17, 33)]


@pytest.mark.parametrize(("loud_frames", "is_gathered"), [(14, True), (15, False)])
def test_a_gap_is_loud_where_half_of_it_is(loud_frames, is_gathered):
    levels = "99" + "0" * (30 - loud_frames) + "9" * loud_frames + "900"
    spans, _ = spans_of("ab" + "." * 30 + "c..", "abc", loud=levels)
    assert (spans.words.ends[0] < 33) == is_gathered


def test_noise_between_the_background_and_the_word_does_not_make_a_gap_loud():
    spans, _ = spans_of("ab" + "." * 30 + "c..", "abc", loud="99" + "4" * 30 + "900")
    assert spans.words.ends[0] < 15


def test_pause_of_less_than_the_limit_may_stand_inside_a_word():
    spans, _ = spans_of("ab" + "." * 20 + "c", "abc")
    assert ranges(spans.words) == [(0, 23)]


def test_a_pause_between_the_spoken_words_of_a_written_one_stays_where_it_is():
    pause = "." * 40
    spans, _ = spans_of(f"..ab{pause}cde..", "ab-cde", loud="0099" + "0" * 40 + "99900")
    assert ranges(spans.words) == [(2, 47)]
    assert ranges(spans.tokens) == [(2, 3), (3, 4), (44, 45), (45, 46), (46, 47)]
    assert ranges(spans.sentences) == [(2, 47)]


def test_the_loud_frames_beside_such_a_pause_belong_to_its_letters():
    spans, _ = spans_of("..ab" + "." * 40 + "cd", "ab-cd", loud="0099" + "99" + "0" * 38 + "99")
    assert ranges(spans.tokens)[:2] == [(2, 3), (3, 6)]


def test_a_stray_letter_joins_its_own_spoken_word_alone():
    quiet = "." * 30
    spans, _ = spans_of(f"ab{quiet}ccd{quiet}e", "ab-cde", loud="99" + "0" * 30 + "999" + "0" * 31)
    assert ranges(spans.tokens) == [(0, 1), (1, 2), (32, 34), (34, 35), (35, 36)]


def test_a_short_pause_between_spoken_words_is_shared_as_between_letters():
    spans, _ = spans_of("ab" + "." * 20 + "cd", "ab-cd", loud="99" + "0" * 20 + "99")
    assert ranges(spans.tokens) == [(0, 1), (1, 12), (12, 23), (23, 24)]


def test_score_is_the_mean_over_the_frames_of_own_letters_only():
    spans, scores = spans_of(".aa.b..c", "ab c.")
    np.testing.assert_allclose(spans.tokens.scores, [scores[1:3].mean(), scores[4], scores[7]])
    np.testing.assert_allclose(spans.words.scores, [scores[[1, 2, 4]].mean(), scores[7]])
    np.testing.assert_allclose(spans.sentences.scores, [scores[[1, 2, 4, 7]].mean()])


def test_sentences_reach_from_first_to_last_word():
    spans, _ = spans_of("ab" + "." * 40 + "cd" + "." * 40 + "ef", "ab. cd ef")
    assert ranges(spans.sentences) == [(0, 12), (37, 86)]


def test_word_without_letters_gets_what_its_neighbours_leave():
    spans, _ = spans_of("ab......cd", "ab 7 cd", unaligned=["7"])
    assert ranges(spans.words) == [(0, 2), (2, 8), (8, 10)]
    assert spans.words.aligned.tolist() == [True, False, True]


def test_dash_between_words_keeps_neither_from_reaching_out():
    spans, _ = spans_of("ab......cd", "ab - cd", loud="9990000999")
    assert ranges(spans.words) == [(0, 3), (3, 7), (7, 10)]


def test_several_words_without_letters_share_it_in_order():
    spans, _ = spans_of("....ab", "7 8 ab", unaligned=["7", "8"])
    assert ranges(spans.words) == [(0, 2), (2, 4), (4, 6)]
    spans, _ = spans_of("ab..", "ab 7 8", unaligned=["7", "8"])
    assert ranges(spans.words) == [(0, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# ab cd", [(6, 6), (6, 8), (12, 14)]),
        ("ab cd #", [(6, 8), (12, 14), (14, 14)]),
        ("ab # cd", [(6, 8), (8, 12), (12, 14)]),
        ("ab #. # cd", [(6, 8), (8, 8), (12, 12), (12, 14)]),
        ("ab 😀. cd", [(6, 8), (8, 8), (12, 14)]),
        ("ab 7 #. cd", [(6, 8), (8, 12), (12, 12), (12, 14)]),
        ("# 7 ab cd", [(0, 0), (0, 6), (6, 8), (12, 14)]),
        ("#. ab cd", [(0, 6), (6, 8), (12, 14)]),
    ],
)
def test_what_is_not_spoken_stands_at_the_border_of_a_word_of_its_sentence(text, words):
    loud = "0" * 6 + "99" + "0" * 4 + "99" + "0" * 6
    spans, _ = spans_of("......ab....cd......", text, loud=loud)
    assert ranges(spans.words) == words


def test_word_without_letters_between_touching_words_is_empty():
    spans, _ = spans_of("abcd", "ab 7 cd", unaligned=["7"])
    assert ranges(spans.words)[1] == (2, 2)


def test_sentence_without_letters_has_times_and_no_score():
    spans, _ = spans_of("ab....", "ab. 7", unaligned=["7"])
    assert ranges(spans.sentences) == [(0, 2), (2, 6)]
    assert spans.sentences.aligned.tolist() == [True, False]


def test_wildcards_belong_to_no_word():
    spans, _ = spans_of("***.ab..cd.**", "ab cd", star="edges")
    assert ranges(spans.words) == [(3, 7), (7, 11)]
    spans, _ = spans_of("**ab.***..cd*", "ab. cd", star="segments")
    assert ranges(spans.words) == [(2, 5), (8, 12)]


def test_star_segments_puts_wildcards_around_every_sentence():
    transcript = transcript_of("7. ab cd. ef", unaligned=["7."])
    labels = label_sequence(transcript, VOCABULARY, "segments")
    star = VOCABULARY.size
    assert labels.targets.tolist() == [star, 1, 2, 3, 4, star, 5, 6, star]
    assert labels.owners.tolist() == [WILDCARD, 0, 1, 2, 3, WILDCARD, 4, 5, WILDCARD]


def test_word_separator_stands_between_the_spoken_words_of_a_written_one():
    vocabulary = Vocabulary(ids=LETTERS, blank_id=0, size=12, word_separator_id=11)
    labels = label_sequence(transcript_of("ab-c d"), vocabulary)
    assert labels.targets.tolist() == [1, 2, 11, 3, 11, 4]
    assert labels.words.tolist() == [0, 0, 0, 1]
    assert labels.spoken_words.tolist() == [0, 0, 1, 2]


def test_word_separator_stands_between_words_where_the_model_has_one():
    vocabulary = Vocabulary(ids=LETTERS, blank_id=0, size=12, word_separator_id=11)
    labels = label_sequence(transcript_of("ab 7 cd", unaligned=["7"]), vocabulary)
    assert labels.targets.tolist() == [1, 2, 11, 3, 4]
    assert labels.owners.tolist() == [0, 1, SEPARATOR, 2, 3]


@st.composite
def alignments(draw):
    """A path drawn as text, with a transcript that it spells and sentences of any length."""
    words = draw(st.lists(st.text("abcdefghij", min_size=1, max_size=4), min_size=1, max_size=6))
    pauses = st.one_of(st.integers(0, 12), st.integers(0, 50))
    picture = ["." * draw(pauses)]
    last = None
    for word in words:
        for letter in word:
            minimum = 1 if letter == last else 0
            picture.append("." * max(minimum, draw(pauses)))
            picture.append(letter * draw(st.integers(1, 3)))
            last = letter
    picture.append("." * draw(pauses))
    pieces = [draw(st.sampled_from([word, f"{word[:1]}-{word[1:]}"])) for word in words]
    for place in sorted(draw(st.lists(st.integers(0, len(words)), max_size=6)), reverse=True):
        pieces.insert(place, draw(st.sampled_from(["7", "#", "😀", "—"])))
    joined = "".join(picture)
    loud = "".join(
        draw(st.lists(st.sampled_from("09"), min_size=len(joined), max_size=len(joined)))
    )
    return joined, " ".join(draw(st.sampled_from([p, p + "."])) for p in pieces), loud


@settings(deadline=None, max_examples=200, derandomize=True)
@given(alignments())
def test_spans_are_in_order_and_lie_inside_one_another(alignment):
    picture, text, loud = alignment
    spans, _ = spans_of(picture, text, loud=loud)
    for level in (spans.words, spans.tokens, spans.sentences):
        assert (level.starts <= level.ends).all()
        assert (level.ends[:-1] <= level.starts[1:]).all()
        assert level.starts[0] >= 0
        assert level.ends[-1] <= len(picture)
    assert (spans.words.starts < spans.words.ends)[spans.words.aligned].all()
    assert (spans.tokens.starts < spans.tokens.ends).all()
    transcript = transcript_of(text)
    words_of_tokens = label_sequence(transcript, VOCABULARY).words
    check_inside(spans.tokens, spans.words, words_of_tokens)
    words_of_sentences = [s.end_word - s.first_word for s in transcript.sentences]
    check_inside(
        spans.words, spans.sentences, np.repeat(range(len(words_of_sentences)), words_of_sentences)
    )


def check_inside(inner, outer, owners):
    assert (outer.starts[owners] <= inner.starts).all()
    assert (inner.ends <= outer.ends[owners]).all()


def test_a_run_of_equal_letters_needs_a_blank_between_them():
    spans, _ = spans_of("a.a", "a a")
    assert ranges(spans.words) == [(0, 1), (1, 3)]


@pytest.mark.parametrize("star", ["none", "edges", "segments"])
def test_every_token_has_exactly_one_owner(star):
    transcript = transcript_of("ab. 7 cd. e", unaligned=["7"])
    labels = label_sequence(transcript, VOCABULARY, star)
    assert labels.owners[labels.owners >= 0].tolist() == list(range(5))
    assert labels.words.tolist() == [0, 0, 2, 2, 3]
