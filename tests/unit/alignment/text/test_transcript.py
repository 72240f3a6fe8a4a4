import gc
import re
import string
import subprocess
import sys
import unicodedata

import pytest

from speech_toolkit.alignment.text import romanization
from speech_toolkit.alignment.text import transcript as transcript_module
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.errors import TranscriptError, UsageError
from tests.unit.alignment.text.vocabularies import MMS, RUSSIAN, spelled, spelling

UPPER = Vocabulary(
    {letter: index for index, letter in enumerate(string.ascii_uppercase + "'", 5)}, 0, 32, 4
)


def test_punctuation_and_case_stay_in_the_words_and_leave_the_tokens():
    assert spelled('Hello, "World"!') == [("Hello,", "hello"), ('"World"!', "world")]


def test_each_token_carries_its_id_and_its_character():
    (word,) = tokenize_transcript(' "Hi!"', MMS).words
    assert [(t.text, t.id, t.start_char, t.end_char) for t in word.tokens] == [
        ("h", MMS.ids["h"], 2, 3),
        ("i", MMS.ids["i"], 3, 4),
    ]


def test_ranges_are_those_of_the_text_before_normalisation():
    text = "ﬁn e\u0301t\u200be"  # a ligature, a combining accent, a zero-width space
    first, second = tokenize_transcript(text, MMS, "fra").words
    assert [(t.text, t.start_char, t.end_char) for t in first.tokens] == [
        ("f", 0, 1),
        ("i", 0, 1),
        ("n", 1, 2),
    ]
    assert [(t.text, t.start_char, t.end_char) for t in second.tokens] == [
        ("e", 3, 5),
        ("t", 5, 6),
        ("e", 7, 8),
    ]


def test_letters_of_one_number_share_its_range():
    word = tokenize_transcript("at 12.", MMS).words[1]
    assert "".join(t.text for t in word.tokens) == "twelve"
    assert {(t.start_char, t.end_char) for t in word.tokens} == {(3, 5)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yes—no", ["yes—", "no"]),
        ("well...okay", ["well...", "okay"]),
        ("well-known and/or don't", ["well-known", "and/or", "don't"]),
        ("he said “go” (now)", ["he", "said", "“go”", "(now)"]),
        ("«\u00a0Bonjour\u00a0!\u00a0» dit", ["«\u00a0Bonjour\u00a0!\u00a0»", "dit"]),
        ("12\u00a0000 ans", ["12\u00a0000", "ans"]),
        ("我爱 Python 3。走", ["我", "爱", "Python", "3。", "走"]),
        ("说“你好”！", ["说", "“你", "好”！"]),
        ("人々", ["人々"]),
        ("ไทย เก่", ["ไทย", "เก่"]),
        ("きゃっと", ["きゃ", "っと"]),
        ("བོད་སྐད།", ["བོད་", "སྐད།"]),
        ("안녕 하세요", ["안녕", "하세요"]),
    ],
)
def test_words(text, words):
    assert [word.text for word in tokenize_transcript(text, MMS, "fra").words] == words


@pytest.mark.parametrize(
    ("text", "language", "letters"),
    [
        ("It’s ‘fine’ 'now'", "eng", "it's fine now"),
        ("Größe Straße", "deu", "groesse strasse"),
        ("l’été", "fra", "l'ete"),
        ("ISI İstanbul", "tur", "isi istanbul"),
        ("Привет, щёлочь", "rus", "privet shchyoloch"),
        ("السَّلامُ", "ara", "alslam"),
        ("हिन्दी", "hin", "hindii"),
        ("한국어", "kor", "hangugeo"),
        (unicodedata.normalize("NFD", "한국어"), "kor", "hangugeo"),
        ("三百", "zho", "san bai"),
        ("人々", "zho", "renren"),
        ("ｶﾞきゃカー", "jpn", "ga kya kaa"),
        ("ศักดิ์", "tha", "sa k"),
        ("ｗｉｄｅ", "eng", "wide"),
        ("so\u00adft \u202bbidi\u202c", "eng", "soft bidi"),
    ],
)
def test_letters(text, language, letters):
    assert spelling(text, language) == letters


def test_each_digit_of_a_chinese_number_is_a_spoken_word():
    number, _ = tokenize_transcript("2024年", MMS, "zho").words
    assert [t.text for t in number.tokens if t.opens_spoken_word] == ["l", "e", "s"]


def test_a_dash_alone_is_a_word_without_tokens_and_without_a_warning():
    transcript = tokenize_transcript("yes — no", MMS)
    assert [(w.text, len(w.tokens)) for w in transcript.words] == [("yes", 3), ("—", 0), ("no", 2)]
    assert transcript.warnings == ()


def test_words_that_cannot_be_aligned_are_kept_counted_and_named():
    transcript = tokenize_transcript("go ∞ \0 \ud800 \u0301 ± ≠ go", MMS)
    assert [len(word.tokens) for word in transcript.words] == [2, 0, 0, 0, 0, 0, 0, 2]
    (warning,) = transcript.warnings
    assert warning.startswith("6 words cannot be aligned: '∞' (character 3)")
    assert warning.endswith("and 1 more")
    assert "\\ud800" in warning
    assert "\0" not in warning


def test_characters_that_are_left_out_of_a_word_are_reported():
    (warning,) = tokenize_transcript("hi∞ there", MMS).warnings
    assert warning == (
        "1 character without a letter in the model's vocabulary left out ('∞'), "
        "in 'hi∞' (character 0)"
    )


def test_warnings_name_the_characters_of_the_user():
    (warning,) = tokenize_transcript("Дом№ ŉа ②", RUSSIAN, "rus").warnings
    assert warning.startswith("2 characters without a letter in the model's vocabulary left out (")
    assert "('№', 'ŉ')" in warning


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("我有三百本书 25", "eng", "Han letters, but read as language 'eng'.*such as 'zho'"),
        ("У меня 25 книг", "eng", "Cyrillic .* 'rus'"),
        ("これは本です", "zho", "Hiragana .* 'jpn'"),
        ("안녕하세요", "jpn", "Hangul .* 'kor'"),
        ("مرحبا", "rus", "Arabic .* 'ara'"),
    ],
)
def test_a_script_that_the_language_is_not_written_in_is_reported(text, language, named):
    (warning,) = [w for w in tokenize_transcript(text, MMS, language).warnings if "written" in w]
    assert re.search(named, warning)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My name is 李, from 北京", "eng"),
        ("privet, kak dela — é", "rus"),
        ("我有三百本书", "yue"),
        ("東京へ行く", "jpn"),
        ("Živeo Живео", "srp"),
        ("ⵜⴰⵎⴰⵣⵉⵖⵜ а", "xyz"),
        ("“12” — 5", "eng"),
    ],
)
def test_a_script_that_fits_or_may_fit_is_not(text, language):
    warnings = tokenize_transcript(text, MMS, language).warnings
    assert not any("written in" in warning for warning in warnings)


def test_digits_in_a_language_without_number_words_are_reported():
    transcript = tokenize_transcript("ગુજરાતી ૨૫", MMS, "guj")
    assert transcript.words[-1].tokens == ()
    assert transcript.warnings[1] == (
        "numbers in language 'guj' are not read out; write them in words"
    )


def test_kanji_that_nothing_reads_are_reported_as_approximate_in_japanese_only(monkeypatch):
    monkeypatch.setattr(transcript_module, "segmenter_of", lambda *_: None)
    assert (
        tokenize_transcript("東京へ", MMS, "jpn")
        .warnings[0]
        .endswith("pip install -r requirements-languages.txt")
    )
    assert "kanji" in tokenize_transcript("東京へ", MMS, "jpn").warnings[0]
    assert tokenize_transcript("きょうへ", MMS, "jpn").warnings == ()
    assert tokenize_transcript("东京", MMS, "zho").warnings == ()


@pytest.mark.parametrize("text", ["", " \n\t", "...", "😀", "\u200b", "\0", "\ud800"])
def test_nothing_to_align(text):
    with pytest.raises(TranscriptError):
        tokenize_transcript(text, MMS)


@pytest.mark.parametrize(
    ("given", "resolved"),
    [("en", "eng"), ("DE-at", "deu"), ("zh_Hans", "zho"), ("cmn", "zho"), ("xyz", "xyz")],
)
def test_language_codes(given, resolved):
    assert tokenize_transcript("a", MMS, given).language == resolved


@pytest.mark.parametrize("language", ["", "english", "e", "12", "eng1", "e\u0301n"])
def test_not_a_language_code(language):
    with pytest.raises(UsageError, match="ISO 639-3"):
        tokenize_transcript("a", MMS, language)


def test_plain_latin_text_loads_neither_uroman_nor_the_words_for_numbers():
    program = (
        "import sys\n"
        "from speech_toolkit.alignment.text.transcript import tokenize_transcript\n"
        "from speech_toolkit.alignment.text.vocabulary import Vocabulary\n"
        f"vocabulary = Vocabulary({dict(MMS.ids)!r}, 0, 31)\n"
        "tokenize_transcript('Hello, world! It’s “fine” — well-known.', vocabulary)\n"
        "heavy = {'uroman', 'num2words', 'unicode_rbnf', 'torch', 'transformers'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.slow
def test_a_megabyte_without_a_space():
    (word,) = tokenize_transcript("a" * 1_000_000, MMS).words
    assert len(word.tokens) == 1_000_000


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        ("a", 100_000),
        ("\u0301", 100_000),
        ("\u202e", 100_000),
        ("\0", 100_000),
        ("\ud800", 100_000),
        ("([{", 33_000),
        ("\U0001f1e6", 40_000),
        ("7", 5_000),
        ("+1 ", 5_000),
        ("1-", 5_000),
        ("\u00a0!", 30_000),
        ("a. [", 10_000),
    ],
)
@pytest.mark.parametrize("vocabulary", [MMS, RUSSIAN], ids=["latin", "cyrillic"])
def test_hostile_text_is_taken_apart_whole(unit, count, vocabulary):
    text = "а a " + unit * count
    transcript = tokenize_transcript(text, vocabulary)
    assert transcript.words[-1].end_char == len(text.rstrip())
    assert all(warning.isprintable() and len(warning) < 500 for warning in transcript.warnings)


def test_the_garbage_collector_is_left_as_it_was():
    tokenize_transcript("a", MMS)
    assert gc.isenabled()
    gc.disable()
    try:
        tokenize_transcript("a", MMS)
        assert not gc.isenabled()
        romanization._romanizer.cache_clear()
        tokenize_transcript("ж", MMS)
        assert not gc.isenabled()
    finally:
        gc.enable()
