import string
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.alignment.preparation import AlignmentSettings
from speech_toolkit.alignment.text import segmenters
from speech_toolkit.alignment.text.segmenters import Segmenter, segmenter_of
from speech_toolkit.alignment.text.spelling import Speller
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.errors import UsageError

LATIN = Vocabulary({c: i for i, c in enumerate(string.ascii_lowercase + "'", 1)}, 0, 28)


def words_of(text, language, **options):
    return tokenize_transcript(text, LATIN, language, **options).words


def needs(language):
    if segmenter_of(language) is None:
        pytest.skip("no segmenter is installed")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("我们去公园散步。2024年", "zho", ["我们", "去", "公园", "散步。", "2024", "年"]),
        ("他说：“我们走吧！”", "zho", ["他", "说：", "“我们", "走", "吧！”"]),
        (
            "私は「東京」に行く、10時に",
            "jpn",
            ["私", "は", "「東京」", "に", "行く、", "10", "時", "に"],
        ),
        ("วันนี้อากาศดีมาก", "tha", ["วันนี้", "อากาศ", "ดีมาก"]),
        ("ພາສາລາວໃນປັດຈຸບັນ", "lao", ["ພາສາລາວ", "ໃນ", "ປັດຈຸບັນ"]),
    ],
)
def test_words_are_those_of_the_segmenter(text, language, expected):
    needs(language)
    assert [word.text for word in words_of(text, language)] == expected


def test_words_are_characters_where_they_are_asked_for():
    assert [word.text for word in words_of("我们去", "zho", words="characters")] == list("我们去")
    assert tokenize_transcript("我们去", LATIN, "zho", words="characters").segmenter is None


def test_kanji_are_read_in_japanese():
    needs("jpn")
    transcript = tokenize_transcript("東京で食べた大人。", LATIN, "jpn")
    assert [word.spoken for word in transcript.words] == [
        "とうきょう",
        "で",
        "たべ",
        "た",
        "おとな",
    ]
    letters = ["".join(token.text for token in word.tokens) for word in transcript.words]
    assert letters == ["toukyou", "de", "tabe", "ta", "otona"]
    assert transcript.warnings == ()
    assert transcript.segmenter.startswith("SudachiPy")


def test_the_kana_of_a_word_keep_their_own_ranges():
    needs("jpn")
    (_, _, word, _) = words_of("大人が食べた", "jpn")
    ranges = [(token.text, token.start_char, token.end_char) for token in word.tokens]
    assert ranges == [("t", 3, 4), ("a", 3, 4), ("b", 4, 5), ("e", 4, 5)]


def test_kanji_are_read_where_the_words_are_characters():
    needs("jpn")
    words = words_of("東京に行く", "jpn", words="characters")
    assert [(word.text, word.spoken) for word in words] == [
        ("東京", "とうきょう"),
        ("に", "に"),
        ("行", "い"),
        ("く", "く"),
    ]


@pytest.mark.parametrize(
    ("letters", "expected"),
    [("とうきょへアイ", "とうきょう"), ("トウキョヘ", "トウキョウ"), ("東京とうきょへ", "東京")],
)
def test_kanji_are_read_in_the_letters_of_the_vocabulary(letters, expected):
    needs("jpn")
    marker = "あ" if "と" in letters else "ア"
    vocabulary = Vocabulary({c: i for i, c in enumerate(dict.fromkeys(letters + marker), 1)}, 0, 99)
    word, _ = tokenize_transcript("東京へ", vocabulary, "jpn").words
    assert word.spoken == expected


def test_a_language_without_spaces_tells_its_segmenter_in_the_settings():
    needs("zho")
    assert AlignmentSettings(language="cmn").segmenter.startswith("rjieba ")
    assert AlignmentSettings(language="cmn", words="characters").segmenter is None
    assert AlignmentSettings().segmenter is None


def test_a_library_that_is_missing_leaves_characters(monkeypatch):
    monkeypatch.setitem(segmenters._SEGMENTERS, "yue", (("no-such-package",), None))
    assert segmenter_of("yue") is None
    assert [word.text for word in words_of("我哋", "yue")] == ["我", "哋"]


@pytest.mark.parametrize("error", [ImportError, OSError, Exception])
def test_a_library_that_is_broken_is_named(monkeypatch, error):
    def broken():
        raise error("wrong ELF class")

    monkeypatch.setitem(segmenters._SEGMENTERS, "wuu", (("num2words",), broken))
    with pytest.raises(UsageError, match=r"^num2words .*wrong ELF class.*--force-reinstall"):
        words_of("我哋", "wuu")


def test_threads_that_start_at_once_load_a_library_once(monkeypatch):
    loads = []

    def slow():
        loads.append(None)
        time.sleep(0.1)
        return lambda text: [(text, "")]

    monkeypatch.setitem(segmenters._SEGMENTERS, "gan", (("num2words",), slow))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(segmenter_of, ["gan"] * 4))
    assert len(loads) == 1
    assert all(each is found[0] for each in found)


def test_a_segmenter_that_changes_the_text_is_not_followed():
    words = Segmenter("made up", lambda text: [(text[:-1], "")]).words("我们去。走")
    assert [(word.start, word.end) for word in words] == [(i, i + 1) for i in range(5)]


def test_long_text_is_handed_over_in_parts():
    seen = []
    Segmenter("made up", lambda text: seen.append(text) or [(text, "")]).words("走" * 2500 + "。去")
    assert [len(part) for part in seen] == [1000, 1000, 501, 1]


PIECES = st.text("我们去二十ประเทกำ์เแかきゃっー。、「」…2 5ab😀\u0301\ud800", max_size=30)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(PIECES, st.lists(st.integers(1, 4), max_size=30), st.sampled_from(["zho", "jpn", "tha"]))
def test_every_character_is_in_exactly_one_word_wherever_a_segmenter_cuts(text, sizes, language):
    def cut(clause):
        pieces, start = [], 0
        for size in sizes:
            pieces.append((clause[start : start + size], "カナ"))
            start += size
        return [pair for pair in [*pieces, (clause[start:], "")] if pair[0]]

    speller = Speller(LATIN, language, text, Segmenter("made up", cut))
    for piece in text.split():
        position = 0
        for offset, word in speller.spell(piece):
            assert offset + word.start == position < offset + word.end
            position = offset + word.end
            for label in word.labels:
                assert word.start <= label.start < label.end <= word.end
        assert position == len(piece)
