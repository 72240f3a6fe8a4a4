import string

import pytest

from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary({c: i for i, c in enumerate(string.ascii_lowercase + "'", 1)}, 0, 28)


def heard(text, language="eng"):
    """Return the letters of each written word, with a space where a spoken word begins."""
    words = tokenize_transcript(text, VOCABULARY, language, words="characters").words
    return [
        "".join(" " * token.opens_spoken_word + token.text for token in word.tokens)
        for word in words
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("555-0123", "five five five zero one two three"),
        ("AT&T's", "at and t's"),
        ("R&D", "r and d"),
        ("1,234.5", "one thousand two hundred and thirty four point five"),
        ("2024-11-05", "twenty twenty four eleven zero five"),
        ("25", "twenty five"),
        ("3/4", "three four"),
        ("½", "one half"),
        ("2½", "two and a half"),
        ("¾", "three quarters"),
        ("12⅓", "twelve and a third"),
        ("⅔", "two thirds"),
        ("1⅛", "one and an eighth"),
        ("x²", "x two"),
        ("24/7", "twenty four seven"),
        ("10:30", "ten thirty"),
        ("9/11", "nine eleven"),
        ("v2.0", "v two point zero"),
        ("100%", "one hundred percent"),
        ("5kg", "five kg"),
        ("COVID-19", "covid nineteen"),
        ("B2B", "b two b"),
        ("5°C", "five degrees c"),
        ("1st-class", "first class"),
        ("mother-in-law", "mother in law"),
        ("e-mail's", "e mail's"),
        ("and/or", "and or"),
        ("U.S.A.", "u s a"),
        ("C++", "c plus plus"),
        ("O'Neil-Smith's", "o'neil smith's"),
        ("don't", "don't"),
        ("https://www.example.com/a-b", "https www example com a b"),
        ("john.doe@example.com", "john doe at example com"),
        ("192.168.1.1", "one hundred and ninety two one hundred and sixty eight one point one"),
    ],
)
def test_spoken_words_inside_a_written_one(written, expected):
    assert heard(written) == [expected]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("№ 5", ["no", "five"]), ("1–2", ["one", "two"]), ("word—word", ["word", "word"])],
)
def test_what_is_parted_by_a_space_or_a_dash_is_several_written_words(written, expected):
    assert heard(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("$5 million", ["five", "million dollars"]),
        ("€2.5 Billion, and", ["two point five", "billion euros", "and"]),
        ("$5 million-dollar", ["five dollars", "million dollar"]),
        ("5 million", ["five", "million"]),
        ("$5 millions", ["five dollars", "millions"]),
    ],
)
def test_the_unit_of_a_sum_is_said_after_its_scale(written, expected):
    assert heard(written) == expected


def test_the_unit_of_a_sum_stands_for_its_scale():
    words = tokenize_transcript("It cost ($5 million).", VOCABULARY).words
    assert [word.text for word in words] == ["It", "cost", "($5", "million)."]
    assert [word.spoken for word in words[2:]] == ["five", "million dollars"]
    assert {(token.start_char, token.end_char) for token in words[3].tokens[7:]} == {(12, 21)}


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        ("98", "fra", ["quatre vingt dix huit"]),
        ("25", "deu", ["fuenfundzwanzig"]),
        ("25kg", "deu", ["fuenfundzwanzig kg"]),
        ("l’été", "fra", ["l'ete"]),
        ("caﬀè", "ita", ["caffe"]),
        ("2024", "vie", ["hai nghin khong tram hai muoi bon"]),
        ("3,14", "spa", ["tres coma catorce"]),
        ("二十五", "zho", ["er", "shi", "wu"]),
        ("25", "zho", ["er shi wu"]),
    ],
)
def test_spoken_words_of_other_languages(written, language, expected):
    assert heard(written, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("“Don't!”", "eng", ["don't"]),
        ("AT&T's mother-in-law", "eng", ["at and t's", "mother in law"]),
        ("555-0123", "eng", ["five five five zero one two three"]),
        ("1,984", "eng", ["one thousand nine hundred and eighty four"]),
        ("naïve U.S.A.", "eng", ["naïve", "u s a"]),
        ("Straße 25", "deu", ["straße", "fünfundzwanzig"]),
        ("Привет, 25!", "rus", ["привет", "двадцать пять"]),
        ("三百25日", "zho", ["三", "百", "二十五", "日"]),
        ("हिन्दी", "hin", ["हिन्दी"]),
        ("ok 😀 — 日é", "eng", ["ok", False, False, "日", "é"]),
    ],
)
def test_a_word_says_what_was_aligned_for_it_in_its_own_letters(text, language, spoken):
    words = tokenize_transcript(text, VOCABULARY, language, words="characters").words
    assert [word.spoken for word in words] == spoken


@pytest.mark.parametrize(
    ("digits", "language", "spoken"),
    [
        ("२५", "hin", "पच्चीस"),
        ("٢٥", "ara", "خمسة و عشرون"),
        ("۲۵", "fas", "بیست و پنج"),
        ("๒๕", "tha", "ยี่สิบห้า"),
        ("២៥", "khm", "ម្ភៃ ប្រាំ"),
        ("၂၅", "mya", "နှစ်ဆယ်ငါး"),
        ("໒໕", "lao", "ຊາວ ຫ້າ"),
        ("௨௫", "tam", "இருபது ஐந்து"),
        ("２５", "zho", "二十五"),
    ],
)
def test_digits_of_every_script_are_read(digits, language, spoken):
    (word,) = tokenize_transcript(digits, VOCABULARY, language).words
    assert word.spoken == spoken
    assert word.tokens


def test_what_is_spoken_but_cannot_be_read_is_empty():
    cyrillic = Vocabulary(
        {c: i for i, c in enumerate("абвгдежзийклмнопрстуфхцчшщъыьэюя", 1)}, 0, 34
    )
    words = tokenize_transcript("Привет hello", cyrillic, "rus").words
    assert [word.spoken for word in words] == ["привет", ""]


def test_what_is_spoken_keeps_its_case_where_the_vocabulary_does():
    cased = Vocabulary({c: i for i, c in enumerate(string.ascii_letters, 1)}, 0, 53)
    assert tokenize_transcript("Mother-In-Law", cased).words[0].spoken == "Mother In Law"
