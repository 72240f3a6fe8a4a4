"""Numbers and symbols -> the words that a reader says for them.

Integers come from num2words or, in languages that it lacks, from the rules of Unicode CLDR, save in
those that ``numerals`` knows. Decimals, signs and percent are composed here, because num2words
drops or misreads them in several languages. Years are
read in hundreds where the language does so. Telephone numbers and codes are read digit by digit.
Ordinals, decades, money and the symbols & @ + = ° are read for English only, fractions such as ½
for Chinese, Japanese and Korean, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import regex

from speech_toolkit.alignment.text.language import NumberStyle, number_style
from speech_toolkit.alignment.text.numerals import (
    amharic_numeral,
    chinese_digits,
    chinese_numeral,
    cldr_numeral,
    vietnamese_numeral,
)

_MAX_DIGITS = 12
# People set off the thousands of a number that they count with, or round it: 1000000.
_MIN_CODE_DIGITS = 7
_MAX_ROUND_DIGITS = 4
_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
CURRENCIES = {
    "$": ("dollar", "dollars", "cents"),
    "£": ("pound", "pounds", "pence"),
    "€": ("euro", "euros", "cents"),
    "¥": ("yen", "yen", "sen"),
}
_ENGLISH_SYMBOLS = {
    "&": "and",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "°": "degrees",
    "%": "percent",
}
YEAR_SIGN = "年"
# "½" is normalised with U+2044.
_FRACTION = r"(?:(?P<count>[0-9]+)\s*)?\b(?P<top>[0-9]+)\u2044(?P<bottom>[0-9]+)"
_GAP = r"(?:\)?[ \u00a0\u202f./-]\(?)"
_TELEPHONE = regex.compile(
    r"(?<![\d.,+-])(?:"
    rf"\+\d{{1,4}}+(?:{_GAP}\d{{2,8}}+){{1,5}}+"  # +86 138 0013 8000
    rf"|\(?\d{{3}}{_GAP}{{1,2}}(?:\d{{3}}|\d{{4}}){_GAP}\d{{4}}"  # (800) 555-0199, 138 0013 8000
    rf"|\(?0\d{{1,4}}+{_GAP}{{1,2}}\d{{3,8}}+(?:{_GAP}\d{{2,8}}+){{0,3}}+"  # 020 7946 0958
    r"|\d{1,5}+(?:-\d{1,7}+){2,5}+"  # 1-800-555-0199, and book numbers
    r"|(?P<local>(?!\d00)\d{3}-\d{4})"  # 555-0123, but not 100-2000
    r")(?![.,-]?\d)"
)
# A date, written as 2024-11-05, has eight digits.
_MIN_TELEPHONE_DIGITS = 9
_MIN_AREA_DIGITS = 7


@dataclass(frozen=True)
class SpokenPart:
    """A part of a piece of text that is not read letter by letter.

    Attributes:
        start: first character of the part in the text given.
        end: one past its last character.
        spoken: the words said for it; None where the language's words are not known.
    """

    start: int
    end: int
    spoken: str | None


@dataclass(frozen=True)
class _Number:
    """One written number: ``whole`` and ``fraction`` are strings of ASCII digits."""

    whole: str
    fraction: str = ""
    negative: bool = False
    grouped: bool = False
    unit: str = ""
    is_code: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but digits."""
        return not (self.fraction or self.grouped or self.unit or self.negative)


def spoken_parts(
    text: str, language: str, following: str = "", by_digit: bool = False
) -> Iterator[SpokenPart]:
    """Find numbers and symbols and say what is read for them.

    Args:
        text: normalised text: lower case, ASCII digits.
        language: ISO 639-3.
        following: what comes after the text; Chinese reads the digits of a year one by one.
        by_digit: read every number digit by digit, as in a telephone number.

    Yields:
        The parts in order, never overlapping.
    """
    for match in _pattern(language, by_digit).finditer(text):
        yield SpokenPart(match.start(), match.end(), _say(match, language, following))


def can_say_numbers(language: str) -> bool:
    """Whether numbers in ``language`` (ISO 639-3) can be put into words."""
    return language in _CHINESE or number_style(language) is not None


def telephone_numbers(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Find the telephone numbers of a text, which may hold spaces, and codes joined by hyphens.

    Args:
        text: as typed.
        language: ISO 639-3; "555-0123" is taken for one in English only.

    Yields:
        First character and one past the last of each, in order.
    """
    for match in _TELEPHONE.finditer(text):
        digits = sum(character.isdecimal() for character in match[0])
        has_area = match[0].lstrip("(")[0] == "0"
        if match["local"]:
            is_telephone = language == "eng"
        else:
            is_telephone = digits >= (_MIN_AREA_DIGITS if has_area else _MIN_TELEPHONE_DIGITS)
        if is_telephone:
            yield match.span()


@lru_cache(maxsize=64)
def _pattern(language: str, by_digit: bool) -> re.Pattern[str]:
    style = number_style(language)
    comma_is_decimal = style is not None and style.decimal_mark == ","
    group = r"[.'\s]" if comma_is_decimal else r"[,'\s]"
    number = (
        rf"(?P<minus>(?<![^(\[\"])[-\u2212])?"
        rf"(?P<whole>[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}(?![0-9])|[0-9]+)"
        rf"(?:[.,](?P<fraction>[0-9]+)(?![.,]?[0-9]))?"
    )
    if by_digit:
        number = "(?P<code>(?P<whole>[0-9]+))"
    elif language == "eng":
        number = (
            rf"(?P<money>[{''.join(CURRENCIES)}])?{number}"
            r"(?:(?P<ordinal>st|nd|rd|th)(?![^\W_])|(?P<decade>'?s)(?![^\W_])|(?P<unit>%))?"
        )
    elif can_say_numbers(language):
        number += r"\s?(?P<unit>%)?"
    if not by_digit and (language == "eng" or language in _BOTTOM_FIRST):
        number = rf"{_FRACTION}|{number}"
    if symbols := _symbols(language):
        number += rf"|(?P<symbol>[{''.join(symbols)}])"
    return re.compile(number)


def _symbols(language: str) -> dict[str, str]:
    """Return what is said for each symbol that may stand apart from its number ("12,5 %")."""
    if language == "eng":
        return _ENGLISH_SYMBOLS
    style = number_style(language)
    return {"%": style.percent} if style and style.percent else {}


def _say(match: re.Match[str], language: str, following: str) -> str | None:
    found = match.groupdict()
    if found.get("symbol"):
        return _symbols(language)[found["symbol"]]
    if found.get("bottom"):
        say = _fraction if language == "eng" else partial(_bottom_first, language)
        return say(found["count"] or "", found["top"], found["bottom"])
    digits = re.sub(r"[^0-9]", "", found["whole"])
    number = _Number(
        whole=digits,
        fraction=found.get("fraction") or "",
        negative=bool(found.get("minus")),
        grouped=digits != found["whole"],
        unit=found.get("money") or found.get("unit") or "",
        is_code=bool(found.get("code")),
    )
    if language in _CHINESE:
        return _say_chinese(
            number, is_year=(match.string[match.end() :] + following).startswith(YEAR_SIGN)
        )
    style = number_style(language)
    if style is None:
        return None
    if found.get("ordinal"):
        return _integer(digits, style, "ordinal")
    if found.get("decade"):
        return _plural(_whole(number, style))
    if found.get("money"):
        return _money(number, style)
    return _join(_decimal(number, style), style.percent if number.unit == "%" else "")


def _decimal(number: _Number, style: NumberStyle) -> str:
    minus = style.minus if number.negative else ""
    if not number.fraction:
        return _join(minus, _whole(number, style))
    as_digits = (
        style.reads_decimals_by_digit or len(number.fraction) > 2 or number.fraction[0] == "0"
    )
    fraction = _digits(number.fraction, style) if as_digits else _integer(number.fraction, style)
    return _join(minus, _integer(number.whole, style), style.point, fraction)


def _whole(number: _Number, style: NumberStyle) -> str:
    if _is_code(number):
        return _digits(number.whole, style)
    if style.says_years and number.is_plain and _is_year(number.whole):
        return _integer(number.whole, style, "year")
    return _integer(number.whole, style)


def _is_code(number: _Number) -> bool:
    """Whether a number names something, as a telephone or an order, and does not count."""
    is_long = len(number.whole) >= _MIN_CODE_DIGITS and number.is_plain
    return number.is_code or (is_long and len(number.whole.rstrip("0")) > _MAX_ROUND_DIGITS)


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and (1100 <= int(digits) <= 1999 or 2010 <= int(digits) <= 2099)


def _integer(digits: str, style: NumberStyle, kind: str = "cardinal") -> str:
    """Say a string of digits as one number, or digit by digit where that is how it is read."""
    if _is_read_by_digit(digits):
        return _digits(digits, style)
    try:
        return _in_words(int(digits), style, kind)
    except _FAILURES:
        return _digits(digits, style)


def _is_read_by_digit(digits: str) -> bool:
    return len(digits) > _MAX_DIGITS or (digits[0] == "0" and len(digits) > 1)


def _digits(digits: str, style: NumberStyle) -> str:
    return " ".join(_in_words(int(digit), style, "cardinal") for digit in digits)


@lru_cache(maxsize=65536)
def _in_words(value: int, style: NumberStyle, kind: str) -> str:
    if style.from_cldr:
        return cldr_numeral(value, style.code, kind)
    if style.code == "vi":
        return vietnamese_numeral(value)
    if style.code == "am":
        return amharic_numeral(value)
    from num2words import num2words  # most transcripts hold no digit

    if style.code == "ja":
        return num2words(value, lang=style.code, to=kind, reading=True)
    return num2words(value, lang=style.code, to=kind)


def _plural(words: str) -> str:
    """Return the English plural of a number: "nineteen eighty" -> "nineteen eighties"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def _money(number: _Number, style: NumberStyle) -> str:
    one, many, hundredths = CURRENCIES[number.unit]
    if number.fraction and len(number.fraction) != 2:
        return _join(_decimal(number, style), many)
    cents = _integer(number.fraction.lstrip("0") or "0", style) if number.fraction else ""
    is_single = number.whole == "1"
    return _join(
        style.minus if number.negative else "",
        _whole(number, style),
        one if is_single else many,
        f"and {cents} {hundredths}" if cents and int(number.fraction) else "",
    )


def _fraction(count: str, top: str, bottom: str) -> str:
    """Say a fraction in English: "two and a half", "three quarters", "one third"."""
    style = number_style("eng")
    part = {"2": "half", "4": "quarter"}.get(bottom) or _integer(bottom, style, "ordinal")
    if top != "1":
        part = "halves" if bottom == "2" else part + "s"
    article = "an" if part[0] in "aeiou" else "a"
    times = article if count and top == "1" else _integer(top, style)
    return _join(_integer(count, style), "and", times, part) if count else _join(times, part)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


_CHINESE = frozenset({"zho", "yue", "wuu", "nan", "hak", "gan", "hsn", "lzh"})
# What stands between the bottom of a fraction and its top, and between a count and them.
_BOTTOM_FIRST = {
    **dict.fromkeys(_CHINESE, ("分之", "又")),
    "jpn": ("ぶんの", "と"),
    "kor": ("분의 ", "과 "),
}


def _bottom_first(language: str, count: str, top: str, bottom: str) -> str:
    """Say a fraction from its bottom up: 2½ -> "二又二分之一"."""
    style = number_style(language)
    said = [
        "" if not digits else _integer(digits, style) if style else chinese_numeral(int(digits))
        for digits in (count, bottom, top)
    ]
    parts, and_ = _BOTTOM_FIRST[language]
    return f"{said[0]}{and_ if count else ''}{said[1]}{parts}{said[2]}"


def _say_chinese(number: _Number, is_year: bool) -> str:
    is_digits = _is_code(number) or _is_read_by_digit(number.whole)
    if is_digits or (is_year and len(number.whole) == 4):
        whole = chinese_digits(number.whole)
    else:
        whole = chinese_numeral(int(number.whole))
    fraction = "点" + chinese_digits(number.fraction) if number.fraction else ""
    return (
        ("负" if number.negative else "")
        + ("百分之" if number.unit == "%" else "")
        + whole
        + fraction
    )
