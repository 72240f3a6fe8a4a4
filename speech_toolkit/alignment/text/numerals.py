"""Integers -> words, for the languages that num2words lacks or misreads."""

_CHINESE_DIGITS = "零一二三四五六七八九"
_VIETNAMESE_DIGITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]


def chinese_digits(digits: str) -> str:
    """Say ASCII digits one by one: "007" -> "零零七"."""
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


def vietnamese_numeral(value: int) -> str:
    """Say an integer from 0 to 999,999,999,999 in Vietnamese.

    Numbers are read in groups of three digits. A group after the first says its hundreds even
    where there are none, which num2words leaves out: 2024 -> "hai nghìn không trăm hai mươi bốn".
    """
    words: list[str] = []
    for unit, power in (("tỷ", 10**9), ("triệu", 10**6), ("nghìn", 10**3), ("", 1)):
        group = value // power % 1000
        if group:
            words += [*_vietnamese_group(group, says_hundreds=bool(words)), unit]
    return " ".join(filter(None, words)) or _VIETNAMESE_DIGITS[0]


def _vietnamese_group(group: int, says_hundreds: bool) -> list[str]:
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words = [_VIETNAMESE_DIGITS[hundreds], "trăm"] if hundreds or says_hundreds else []
    if tens:
        words += ["mười"] if tens == 1 else [_VIETNAMESE_DIGITS[tens], "mươi"]
    elif ones and words:
        words.append("lẻ")
    if ones == 1 and tens > 1:
        words.append("mốt")
    elif ones == 5 and tens:
        words.append("lăm")
    elif ones:
        words.append(_VIETNAMESE_DIGITS[ones])
    return words
