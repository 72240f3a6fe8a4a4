"""Numbers and symbols -> the words that a reader says for them.

Integers come from num2words, except Chinese, which it lacks. Decimals, signs and percent are
composed here, because num2words drops or misreads them in several languages. Years are read in
hundreds where the language does so. Ordinals, decades, money and the symbols & @ + = ° are read
for English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from speech_toolkit.alignment.language import NumberStyle, number_style

_MAX_DIGITS = 12
_NUM2WORDS_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
_CURRENCIES = {
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
_CHINESE_DIGITS = "零一二三四五六七八九"


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


def spoken_parts(text: str, language: str, following: str = "") -> Iterator[SpokenPart]:
    """Find numbers and symbols and say what is read for them.

    Args:
        text: normalised text: lower case, ASCII digits.
        language: ISO 639-3.
        following: what comes after the text; Chinese reads the digits of a year one by one.

    Yields:
        The parts in order, never overlapping.
    """
    for match in _pattern(language).finditer(text):
        yield SpokenPart(match.start(), match.end(), _say(match, language, following))


def can_say_numbers(language: str) -> bool:
    """Whether numbers in ``language`` (ISO 639-3) can be put into words."""
    return language in _CHINESE or number_style(language) is not None


@lru_cache(maxsize=64)
def _pattern(language: str) -> re.Pattern[str]:
    style = number_style(language)
    comma_is_decimal = style is not None and style.decimal_mark == ","
    group = r"[.'\s]" if comma_is_decimal else r"[,'\s]"
    number = (
        rf"(?P<minus>(?<![^(\[\"])[-\u2212])?"
        rf"(?P<whole>[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}(?![0-9])|[0-9]+)"
        rf"(?:[.,](?P<fraction>[0-9]+)(?![.,]?[0-9]))?"
    )
    if language == "eng":
        number = (
            rf"(?P<money>[{''.join(_CURRENCIES)}])?{number}"
            r"(?:(?P<ordinal>st|nd|rd|th)(?![^\W_])|(?P<decade>'?s)(?![^\W_])|(?P<unit>%))?"
        )
    elif can_say_numbers(language):
        number += r"\s?(?P<unit>%)?"
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
    digits = re.sub(r"[^0-9]", "", found["whole"])
    number = _Number(
        whole=digits,
        fraction=found["fraction"] or "",
        negative=bool(found["minus"]),
        grouped=digits != found["whole"],
        unit=found.get("money") or found.get("unit") or "",
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
    is_plain = not (number.grouped or number.unit or number.negative)
    if style.says_years and is_plain and _is_year(number.whole):
        return _integer(number.whole, style, "year")
    return _integer(number.whole, style)


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and (1100 <= int(digits) <= 1999 or 2010 <= int(digits) <= 2099)


def _integer(digits: str, style: NumberStyle, kind: str = "cardinal") -> str:
    """Say a string of digits as one number, or digit by digit where that is how it is read."""
    if _is_read_by_digit(digits):
        return _digits(digits, style)
    try:
        return _num2words(int(digits), style.num2words_code, kind)
    except _NUM2WORDS_FAILURES:
        return _digits(digits, style)


def _is_read_by_digit(digits: str) -> bool:
    return len(digits) > _MAX_DIGITS or (digits[0] == "0" and len(digits) > 1)


def _digits(digits: str, style: NumberStyle) -> str:
    return " ".join(_num2words(int(digit), style.num2words_code, "cardinal") for digit in digits)


@lru_cache(maxsize=65536)
def _num2words(value: int, code: str, kind: str) -> str:
    from num2words import num2words  # most transcripts hold no digit

    if code == "ja":
        return num2words(value, lang=code, to=kind, reading=True)
    return num2words(value, lang=code, to=kind)


def _plural(words: str) -> str:
    """Return the English plural of a number: "nineteen eighty" -> "nineteen eighties"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def _money(number: _Number, style: NumberStyle) -> str:
    one, many, hundredths = _CURRENCIES[number.unit]
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


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


_CHINESE = frozenset({"zho", "yue", "wuu", "nan", "hak", "gan", "hsn", "lzh"})


def _say_chinese(number: _Number, is_year: bool) -> str:
    if _is_read_by_digit(number.whole) or (is_year and len(number.whole) == 4):
        whole = _chinese_digits(number.whole)
    else:
        whole = chinese_numeral(int(number.whole))
    fraction = "点" + _chinese_digits(number.fraction) if number.fraction else ""
    return (
        ("负" if number.negative else "")
        + ("百分之" if number.unit == "%" else "")
        + whole
        + fraction
    )


def _chinese_digits(digits: str) -> str:
    return "".join(_CHINESE_DIGITS[int(digit)] for digit in digits)


def chinese_numeral(value: int) -> str:
    """Say an integer from 0 to 999,999,999,999 in Chinese: 1984 -> "一千九百八十四".

    Numbers are read in groups of four digits; one 零 stands for each gap of zeros.
    """
    if value == 0:
        return _CHINESE_DIGITS[0]
    spoken, gap = "", False
    for unit, power in (("亿", 10**8), ("万", 10**4), ("", 1)):
        group = value // power % 10**4
        if group:
            needs_zero = spoken and (gap or group < 1000)
            count = "两" if group == 2 and unit else _chinese_group(group)
            spoken += ("零" if needs_zero else "") + count + unit
        gap = not group
    return spoken[1:] if spoken.startswith("一十") else spoken


def _chinese_group(group: int) -> str:
    spoken, gap = "", False
    for unit, power in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = group // power % 10
        if digit:
            count = "两" if digit == 2 and unit == "千" else _CHINESE_DIGITS[digit]
            spoken += ("零" if gap and spoken else "") + count + unit
        gap = not digit
    return spoken
