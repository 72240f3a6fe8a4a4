import pytest

from speech_toolkit.formats.subtitles.atoms import atoms_of
from speech_toolkit.formats.timed_text import TimedSegment, TimedText, TimedWord


def atoms(text, words=(), end_s=10.0):
    segment = TimedSegment(text, 0.0, end_s, tuple(words))
    (own,) = atoms_of(TimedText((segment,), "en", 10.0, "a.wav"))
    return own


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "a|b"),
        ("well-known https://a.b/c", "well-known|https://a.b/c"),
        ("now—or never", "now—|or|never"),
        ("« Oui ! »", "« Oui ! »"),
        ("- Hello there", "- Hello|there"),
        ("Yes – no", "Yes –|no"),
        ("我们走吧。", "我|们|走|吧。"),
        ("他说：“好”（第5章）", "他|说：|“好”|（第|5|章）"),
        ("きゃっと「コーヒー」", "きゃっ|と|「コー|ヒー」"),
        ("เก้าที่", "เ|ก้|า|ที่"),
        ("👍🏽 👨\u200d👩", "👍🏽|👨\u200d👩"),
        ("\u0645\u0631\u062d\u0628\u0627\u060c نعم؟", "مرحبا،|نعم؟"),
        ("?!", "?!"),
    ],
)
def test_what_is_never_broken(text, expected):
    assert [atom.text for atom in atoms(text)] == expected.split("|")


def test_spaces_stay_where_they_were():
    assert [atom.has_space for atom in atoms("GPU 显存 ok")] == [True, False, True, True]


def test_an_atom_has_the_time_of_its_letters_in_the_words():
    words = (TimedWord("你好，", 1.0, 4.0, 0.9), TimedWord("世界", 6.0, 8.0, 0.9))

    own = atoms("你好， 世界", words)

    assert [(a.text, a.start_s, a.end_s) for a in own] == [
        ("你", 1.0, 2.0),
        ("好，", 2.0, 4.0),
        ("世", 6.0, 7.0),
        ("界", 7.0, 8.0),
    ]
    assert all(atom.is_timed for atom in own)


def test_without_words_a_segment_is_shared_out_by_length():
    own = atoms("one sixteen", end_s=10.0)

    assert [(a.start_s, a.end_s, a.is_timed) for a in own] == [(0, 3, False), (3, 10, False)]


def test_text_after_the_last_word_lasts_to_the_end_of_the_segment():
    own = atoms("one two", [TimedWord("one", 1.0, 2.0, 0.9)], end_s=4.0)

    assert [(a.start_s, a.end_s) for a in own] == [(1.0, 2.0), (2.0, 4.0)]


def test_times_never_run_backwards():
    words = (TimedWord("a", 5.0, 6.0, 0.9), TimedWord("b", 1.0, 2.0, 0.9))

    own = atoms("a b", words)

    assert [(a.start_s, a.end_s) for a in own] == [(5.0, 6.0), (5.0, 6.0)]


def test_a_sentence_is_over_at_its_mark_and_not_at_an_abbreviation():
    own = atoms("Dr. Smith left. He was ill")

    assert [a.text for a in own if a.ends_sentence] == ["left.", "ill"]


def test_a_segment_that_ends_as_a_sentence_does_is_one_whatever_follows():
    segments = (TimedSegment("It is late.", 0, 1), TimedSegment("so we go", 1, 2))

    first, _ = atoms_of(TimedText(segments, "en", 2.0, "a.wav"))

    assert first[-1].ends_sentence
