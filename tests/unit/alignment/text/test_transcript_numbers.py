import string

import pytest
from num2words import num2words

from speech_toolkit.alignment.text.language import _NUMBER_STYLES
from speech_toolkit.alignment.text.numerals import (
    amharic_numeral,
    chinese_numeral,
    cldr_numeral,
    vietnamese_numeral,
)
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.verbalization import (
    can_say_numbers,
    spoken_parts,
    telephone_numbers,
)
from speech_toolkit.alignment.text.vocabulary import Vocabulary


def say(text, language="eng", following=""):
    return [part.spoken for part in spoken_parts(text, language, following)]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("7", ["seven"]),
        ("1,984", ["one thousand, nine hundred and eighty-four"]),
        ("1984", ["nineteen eighty-four"]),
        ("2005", ["two thousand and five"]),
        ("2024", ["twenty twenty-four"]),
        ("1099", ["one thousand and ninety-nine"]),
        ("3.14", ["three point one four"]),
        ("-5", ["minus five"]),
        ("covid-19", ["nineteen"]),
        ("007", ["zero zero seven"]),
        ("21st", ["twenty-first"]),
        ("19th-century", ["nineteenth"]),
        ("1980s", ["nineteen eighties"]),
        ("1990's", ["nineteen nineties"]),
        ("6s", ["sixes"]),
        ("$5", ["five dollars"]),
        ("$1", ["one dollar"]),
        ("$5.50", ["five dollars and fifty cents"]),
        ("$5.00", ["five dollars"]),
        ("£2.5", ["two point five pounds"]),
        ("$5%", ["five dollars"]),
        ("50%", ["fifty percent"]),
        ("r&d", ["and"]),
        ("a@b", ["at"]),
        ("10:30", ["ten", "thirty"]),
        ("1,2", ["one point two"]),
        ("1,00,000", ["one hundred thousand"]),
        ("1.2.3", ["one", "two point three"]),
        ("plain", []),
    ],
)
def test_english(text, spoken):
    assert say(text) == spoken


def test_a_very_long_number_is_read_digit_by_digit():
    assert say("1234567890123")[0].split()[:3] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("1.984,5", "deu", "eintausendneunhundertvierundachtzig Komma fünf"),
        ("1984", "deu", "neunzehnhundertvierundachtzig"),
        ("3.5", "deu", "drei Komma fünf"),
        ("1.000.000", "deu", "eine Million"),
        ("3,14", "fra", "trois virgule quatorze"),
        ("3,05", "fra", "trois virgule zéro cinq"),
        ("12 000", "fra", "douze mille"),
        ("50 %", "fra", "cinquante pour cent"),
        ("%", "deu", "Prozent"),
        ("-5", "pol", "minus pięć"),
        ("3,14", "ita", "tre virgola quattordici"),
        ("0,05", "tur", "sıfır virgül sıfır beş"),
        ("30", "jpn", "さんじゅう"),
        ("25", "kor", "이십오"),
        ("25", "tha", "ยี่สิบห้า"),
        ("2024", "zho", "两千零二十四"),
        ("50%", "zho", "百分之五十"),
        ("1\u20442", "zho", "二分之一"),
        ("2 3\u20444", "zho", "二又四分之三"),
        ("1\u20442", "jpn", "にぶんのいち"),
        ("3\u20444", "kor", "사분의 삼"),
        ("-3.14", "zho", "负三点一四"),
        ("007", "zho", "零零七"),
        ("13800138000", "zho", "一三八零零一三八零零零"),
        ("2024", "vie", "hai nghìn không trăm hai mươi bốn"),
        ("-1.005", "vie", "âm một nghìn không trăm lẻ năm"),
    ],
)
def test_other_languages(text, language, spoken):
    assert say(text, language) == [spoken]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("8005550199", "eight zero zero five"),
        ("1234567", "one two three"),
        ("1000000", "one million"),
        ("12500000", "twelve million"),
        ("1,234,567", "one million"),
        ("1234567.5", "one million"),
        ("$1234567", "one million"),
        ("-1234567", "minus one million"),
        ("123456", "one hundred"),
        ("90210", "ninety thousand"),
    ],
)
def test_a_long_number_without_separators_is_a_code_unless_it_is_round(text, first):
    assert say(text)[0].startswith(first)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("call +86 138 0013 8000 now", "eng", ["+86 138 0013 8000"]),
        ("+1 (800) 555-0199", "eng", ["+1 (800) 555-0199"]),
        ("800-555-0199 or (800) 555-0199", "eng", ["800-555-0199", "(800) 555-0199"]),
        ("800.555.0199, 800 555 0199", "eng", ["800.555.0199", "800 555 0199"]),
        ("1-800-555-0199.", "eng", ["1-800-555-0199"]),
        ("555-0123", "eng", ["555-0123"]),
        ("ISBN 978-3-16-148410-0", "eng", ["978-3-16-148410-0"]),
        ("020 7946 0958", "eng", ["020 7946 0958"]),
        ("030/1234567", "deu", ["030/1234567"]),
        ("电话：+86 138 0013 8000。", "zho", ["+86 138 0013 8000"]),
        ("电话138-0013-8000。", "zho", ["138-0013-8000"]),
        ("٠٢٠ ٧٩٤٦ ٠٩٥٨", "ara", ["٠٢٠ ٧٩٤٦ ٠٩٥٨"]),
        ("2024-11-05 1990-1995 100-2000 3-4 1,234,567 +5 10.30", "eng", []),
        ("1.234.567,89 und 12 000 000 und 555-0123", "deu", []),
        ("01 23 45 67 89", "fra", []),
        ("in 2024 800 people", "eng", []),
    ],
)
def test_telephone_numbers(text, language, expected):
    assert [text[start:end] for start, end in telephone_numbers(text, language)] == expected


def test_the_parts_of_a_telephone_number_are_read_digit_by_digit():
    vocabulary = Vocabulary({c: i for i, c in enumerate(string.ascii_lowercase, 1)}, 0, 27)
    words = tokenize_transcript("Dial +86 138 0013 8000, 138 times", vocabulary).words
    letters = ["".join(token.text for token in word.tokens) for word in words]
    assert letters[2:5] == ["onethreeeight", "zerozeroonethree", "eightzerozerozero"]
    assert letters[5] == "onehundredandthirtyeight"


def test_a_chinese_year_is_read_by_its_digits():
    assert say("2024", "zho", following="年") == ["二零二四"]


def test_a_language_without_number_words():
    assert say("25%", "guj") == [None]
    assert not can_say_numbers("guj")


def test_ranges_cover_the_sign_and_the_unit():
    assert [(p.start, p.end) for p in spoken_parts("a-$5.50", "eng")] == [(2, 7)]
    assert [(p.start, p.end) for p in spoken_parts("-50%", "eng")] == [(0, 4)]


@pytest.mark.parametrize(
    ("value", "numeral"),
    [
        (0, "零"),
        (10, "十"),
        (12, "十二"),
        (110, "一百一十"),
        (1_001, "一千零一"),
        (1_010, "一千零一十"),
        (2_222, "两千二百二十二"),
        (10_000, "一万"),
        (10_500, "一万零五百"),
        (20_000, "两万"),
        (120_000, "十二万"),
        (100_005_000, "一亿零五千"),
        (100_000_005, "一亿零五"),
        (999_999_999_999, "九千九百九十九亿九千九百九十九万九千九百九十九"),
    ],
)
def test_chinese_numerals(value, numeral):
    assert chinese_numeral(value) == numeral


@pytest.mark.parametrize(
    ("value", "numeral"),
    [
        (0, "không"),
        (10, "mười"),
        (15, "mười lăm"),
        (21, "hai mươi mốt"),
        (105, "một trăm lẻ năm"),
        (1_000, "một nghìn"),
        (1_005, "một nghìn không trăm lẻ năm"),
        (1_015, "một nghìn không trăm mười lăm"),
        (2_024, "hai nghìn không trăm hai mươi bốn"),
        (10_050, "mười nghìn không trăm năm mươi"),
        (1_000_001, "một triệu không trăm lẻ một"),
        (1_021_000, "một triệu không trăm hai mươi mốt nghìn"),
    ],
)
def test_vietnamese_numerals(value, numeral):
    assert vietnamese_numeral(value) == numeral


def test_vietnamese_is_as_num2words_has_it_where_no_hundreds_are_missing():
    for value in [*range(1000), 1100, 1984, 54_321, 999_999, 120_345_678]:
        assert vietnamese_numeral(value) == num2words(value, lang="vi")


@pytest.mark.parametrize("language", sorted(_NUMBER_STYLES))
def test_the_digits_and_some_numbers_of_each_language_are_known(language):
    for value in [*range(10), 21, 100, 365, 1984, 54_321, 1_000_000]:
        (words,) = say(str(value), language)
        assert any(character.isalpha() for character in words)
        assert not any(character.isdigit() for character in words)


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("25", "hin", "पच्चीस"),
        ("1,00,000", "hin", "एक लाख"),
        ("-3.14", "hin", "माइनस तीन दशमलव एक चार"),
        ("50%", "hin", "पचास प्रतिशत"),
        ("40", "swe", "fyrtio"),
        ("60", "dan", "tres"),
        ("1984", "dan", "nittenhundrede og fireogfirs"),
        ("25", "ell", "είκοσι πέντε"),
        ("3,14", "ell", "τρία κόμμα δεκατέσσερα"),
        ("1984", "kat", "ათას ცხრაასოთხმოცდაოთხი"),
        ("25", "amh", "ሃያ አምስት"),
        ("1984", "nep", "उन्नाइस सय चौरासी"),
        ("1984", "afr", "negentien vier-en-tagtig"),
        ("25", "khm", "ម្ភៃ ប្រាំ"),
        ("100", "lao", "ໜຶ່ງ ຮ້ອຍ"),
        ("1000", "bos", "hiljadu"),
        ("25", "swh", "ishirini na tano"),
        ("25", "tgl", "dalawáng pû’t limá"),
        ("43871", "zul", "kune kuthathu isishiyagalombili isikhombisa kunye"),
    ],
)
def test_languages_of_cldr(text, language, spoken):
    assert say(text, language) == [spoken]


def test_every_language_whose_numbers_cldr_spells_is_read():
    from unicode_rbnf import RbnfEngine

    from speech_toolkit.languages import three_letter_code

    for tag in RbnfEngine.get_supported_languages():
        assert can_say_numbers(three_letter_code(tag)), tag


CLDR_CODES = sorted({style.code for style in _NUMBER_STYLES.values() if style.from_cldr})


@pytest.mark.parametrize("code", CLDR_CODES)
def test_no_two_numbers_of_cldr_are_read_alike(code):
    values = [*range(1200), *(step * 10**power for power in range(4, 12) for step in (1, 2, 5, 21))]
    read = {}
    for value in dict.fromkeys(values):
        try:
            words = cldr_numeral(value, code)
        except ValueError:
            continue
        assert words not in read, (value, read[words])
        read[words] = value
    assert len(read) > 1200


def test_a_number_that_the_rules_get_wrong_is_an_error():
    for value, code in ((20_000, "ga"), (43_871, "zu")):
        with pytest.raises(ValueError, match="leaves out a word"):
            cldr_numeral(value, code)


@pytest.mark.parametrize(
    ("value", "numeral"),
    [
        (0, "ዜሮ"),
        (10, "አስር"),
        (11, "አስራ አንድ"),
        (100, "አንድ መቶ"),
        (1984, "አንድ ሺ ዘጠኝ መቶ ሰማንያ አራት"),
        (2_000_005, "ሁለት ሚሊዮን አምስት"),
    ],
)
def test_amharic_numerals(value, numeral):
    assert amharic_numeral(value) == numeral
