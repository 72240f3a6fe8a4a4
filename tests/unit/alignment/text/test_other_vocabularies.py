"""Transcripts in the letters of other vocabularies than that of MMS."""

import string
import unicodedata

import pytest

from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.errors import CheckpointError
from tests.unit.alignment.text.vocabularies import RUSSIAN, spelling

UPPER = Vocabulary(
    {letter: index for index, letter in enumerate(string.ascii_uppercase + "'", 5)}, 0, 32, 4
)


def test_an_upper_case_vocabulary():
    assert spelling("Straße don't 5", "deu", UPPER) == "STRASSE DON'T FUENF"


def test_a_vocabulary_of_both_cases_keeps_the_case_of_the_text():
    both = Vocabulary({c: i for i, c in enumerate(string.ascii_letters, 1)}, 0, 53)
    assert spelling("McCoy É", "eng", both) == "McCoy E"


def test_a_vocabulary_of_another_script_is_used_without_romanisation():
    transcript = tokenize_transcript("Ёлка, 25 iPhone", RUSSIAN, "rus")
    letters = ["".join(t.text for t in word.tokens) for word in transcript.words]
    assert letters == ["елка", "двадцатьпять", ""]
    assert "'iPhone' (character 9)" in transcript.warnings[0]


def test_a_vocabulary_of_ideographs_and_digits_takes_them_as_written():
    vocabulary = Vocabulary({c: i for i, c in enumerate("我有0123456789", 1)}, 0, 13)
    assert spelling("我有25。", "zho", vocabulary) == "我 有 25"


def test_a_turkish_vocabulary():
    vocabulary = Vocabulary({c: i for i, c in enumerate("abcçdefgğhıijklmnoöprsştuüvyz", 1)}, 0, 30)
    assert spelling("ISI İLK ilk", "tur", vocabulary) == "ısı ilk ilk"


@pytest.mark.parametrize(
    ("alphabet", "text", "language", "letters"),
    [
        ("ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ", "kişi KIŞI Isı ilk", "tur", "KİŞİ KIŞI ISI İLK"),
        ("ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ", "3", "tur", "ÜÇ"),
        ("ABCÇDEƏFGĞHXIİJKQLMNOÖPRSŞTUÜVYZ", "bir qızıl", "aze", "BİR QIZIL"),
        (string.ascii_uppercase, "kişi ılık", "tur", "KISHI ILIK"),
        (string.ascii_uppercase + "İ", "big", "eng", "BIG"),
        (string.ascii_uppercase + "ÄÖÜẞ", "Straße GROẞ", "deu", "STRAẞE GROẞ"),
        ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ", "ΟΔΟΣ Σοφός σε", "ell", "οδος σοφός σε"),
        ("αβγδεζηθικλμνξοπρστυφχψω", "ΟΔΟΣ Σοφός", "ell", "οδοσ σοφοσ"),
        ("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", "Σοφός", "ell", "ΣΟΦΟΣ"),
    ],
)
def test_case_is_that_of_the_language_and_the_vocabulary(alphabet, text, language, letters):
    vocabulary = Vocabulary({c: i for i, c in enumerate(alphabet, 1)}, 0, len(alphabet) + 1)
    assert spelling(text, language, vocabulary) == letters


def test_a_korean_vocabulary_of_jamo():
    jamo = unicodedata.normalize("NFD", "한")
    vocabulary = Vocabulary({c: i for i, c in enumerate(jamo, 1)}, 0, 4)
    assert spelling("한", "kor", vocabulary) == jamo


@pytest.mark.parametrize(
    ("ids", "blank_id", "size", "separator"),
    [
        ({}, 0, 31, None),
        ({"a": 31}, 0, 31, None),
        ({"a": -1}, 0, 31, None),
        ({"a": 0}, 0, 31, None),
        ({"a": 4}, 0, 31, 4),
        ({"a": 1}, 31, 31, None),
    ],
)
def test_a_vocabulary_that_contradicts_itself(ids, blank_id, size, separator):
    with pytest.raises(CheckpointError):
        Vocabulary(ids, blank_id, size, separator)
