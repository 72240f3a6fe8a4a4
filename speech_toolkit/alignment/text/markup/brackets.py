"""Brackets, tags, marks of music and of footnotes: markup by its own form, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from speech_toolkit.alignment.text.markup.ranges import Stretch
from speech_toolkit.alignment.text.markup.sounds import is_sound

_LONGEST = 200  # characters; what is longer is text that somebody bracketed
_INSIDE = rf"(?:(?!\n\s*\n)[^{{open}}{{close}}]){{{{0,{_LONGEST}}}}}"


def _pair(opening: str, closing: str) -> str:
    inside = _INSIDE.format(open=regex.escape(opening), close=regex.escape(closing))
    return rf"{regex.escape(opening)}(?P<content>{inside}){regex.escape(closing)}"


_SQUARE_OR_CURLY = [
    regex.compile(_pair(*pair)) for pair in ("[]", "{}", "【】", "［］", "｛｝", "〔〕")
]
_ROUND = [regex.compile(_pair(*pair)) for pair in ("()", "（）")]
# Tags of HTML and WebVTT, whose attributes may hold anything; any single word in angle brackets.
_TAG = regex.compile(
    r"<!--.{0,2000}?-->"
    r"|</?(?i:b|i|u|s|em|strong|small|big|br|p|div|span|font|ruby|rt|c|v|lang|a|h[1-6]|sub|sup|tt"
    r"|code|q|cite|mark|hr|li|ul|ol)(?:[.][\w.-]+)?(?:\s[^<>\n]{0,200})?\s*/?>"
    r"|</?[A-Za-z][\w:.-]{0,40}(?:\s\d{1,3})?/?>"
    r"|<(?:\d+:)?\d\d:\d\d\.\d{3}>",
    regex.DOTALL,
)
_ENTITY = regex.compile(r"&(?:nbsp|lrm|rlm|shy|zwnj|zwj|ensp|emsp|thinsp);")
_MUSIC = regex.compile("[♩♪♫♬🎵🎶🎼]\ufe0f?")
_ASS_BREAK = regex.compile(r"\\[Nnh]")
_SUPERSCRIPT = "[¹²³⁰⁴-⁹]"
_FOOTNOTE = regex.compile(rf"{_SUPERSCRIPT}{{1,3}}+(?!\p{{N}})")
_WORD_BEFORE = regex.compile(r"[\p{L}\p{M}]*$")
_CLOSES = regex.compile(r"[\p{Pe}\p{Pf}.,;:!?\"'。，！？；：]")
_CASELESS = regex.compile(r"[\p{Lo}]")
# Whose small 2 is read aloud: "sin²".
_POWERS = frozenset(
    ("sin", "cos", "tan", "log", "exp", "sec", "csc", "cot", "mol", "rad", "min", "max", "var")
)
_UNITS = ("米", "秒")
_SHORTEST_NOTED, _LONGEST_WORD, _LONGEST_INDEX = 3, 40, 2  # characters
_MOST_SHOUTED, _AROUND = 6, 30  # words, and characters on either side
_WORDS = regex.compile(r"[\p{L}\p{M}\d\s'’,;-]+")


def find_brackets(text: str) -> Iterator[Stretch]:
    """Find markup that is told by its own form.

    Args:
        text: as typed.

    Yields:
        Stretches in any order, which may overlap.
    """
    yield from (match.span() for match in _TAG.finditer(text))
    yield from (match.span() for match in _ENTITY.finditer(text))
    yield from (match.span() for match in _MUSIC.finditer(text))
    if "{\\" in text:
        yield from (match.span() for match in _ASS_BREAK.finditer(text))
    for pattern in _SQUARE_OR_CURLY:
        for match in pattern.finditer(text):
            if not _completes_word(match):
                yield match.span()
    for pattern in _ROUND:
        for match in pattern.finditer(text):
            if is_sound(match["content"]) or _is_shouted(match):
                yield match.span()
    for match in _FOOTNOTE.finditer(text):
        if _takes_footnote(text[max(0, match.start() - _LONGEST_WORD) : match.start()]):
            yield match.span()


def tells_by_case(text: str) -> bool:
    """Tell whether upper case stands out of a text."""
    return sum(map(str.islower, text)) >= sum(map(str.isupper, text))


def _completes_word(match: regex.Match[str]) -> bool:
    """Tell whether a bracket belongs to the word that it stands in: "[H]e", "word[s]", "x[1]"."""
    content, text = match["content"], match.string
    if not content.isalnum() or _CASELESS.search(content):
        return False
    before = _WORD_BEFORE.search(text, max(0, match.start() - _LONGEST_WORD), match.start())[0]
    if len(before) == 1 and not _CASELESS.match(before):
        return len(content) <= _LONGEST_INDEX
    if not content.isalpha():
        return False
    if text[match.end() : match.end() + 1].isalpha():
        return not is_sound(content)
    return bool(before) and content in ("s", "es", "d", "ed")


def _is_shouted(match: regex.Match[str]) -> bool:
    """Tell whether a bracket alone is in upper case: "(DOOR SLAMS)", but not "(NATO)"."""
    content, text = match["content"], match.string
    words = content.split()
    if (
        not 0 < len(words) <= _MOST_SHOUTED
        or not _WORDS.fullmatch(content)
        or not content.isupper()
    ):
        return False
    longest = max(sum(map(str.isalpha, word)) for word in words)
    before, after = text[max(0, match.start() - _AROUND) : match.start()], text[match.end() :]
    return (
        longest >= (5 if len(words) > 1 else 7)
        and not before[-1:].strip()
        and tells_by_case(before + after[:_AROUND])
    )


def _takes_footnote(before: str) -> bool:
    """Tell whether a raised figure marks a note and is no power: "word²", not "x²" or "10²"."""
    if not before or _CLOSES.match(before[-1]):
        return bool(before)
    word = _WORD_BEFORE.search(before)[0].lower()
    if not word or _CASELESS.match(word[-1]):
        return bool(word) and not word.endswith(_UNITS)
    return len(word) >= _SHORTEST_NOTED and word not in _POWERS
