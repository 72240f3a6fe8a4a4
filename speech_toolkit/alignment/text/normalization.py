"""Text as typed -> normalised characters, each with the range of the text that it stands for.

The rules are those that MMS was trained with: NFKC, lower case, one kind of apostrophe, no
invisible characters and no Arabic vowel marks; every decimal digit becomes an ASCII digit.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import regex

from speech_toolkit.alignment.text.letter_case import lower_character

_APOSTROPHES = frozenset("’‘‛ʼʻʹ′`´＇")
_ARABIC_SEPARATORS = {"٫": ".", "٬": ","}
# Vowel and recitation marks, the superscript alef, and the tatweel that only stretches a line.
_ARABIC_MARKS = regex.compile(r"[\u0610-\u061A\u0640\u064B-\u0652\u0670\u06D6-\u06DC\u06DF-\u06E8]")
# A character as a reader sees it. ``\X`` alone counts the flags' letters before each one again.
CLUSTER = r"(?:[\U0001F1E6-\U0001F1FF]{1,2}+[\p{Grapheme_Extend}\u200d]*+|\X)"
# Read aloud although Unicode counts them as punctuation or modifiers.
SPOKEN_PUNCTUATION = frozenset("%&@")
_SPOKEN_PICTURE = "°"
_NEVER_READ = frozenset("~|\ufe0e\ufe0f")  # the last two choose the form of an emoji
_ARROWS = range(0x2190, 0x2200)


class Symbol(NamedTuple):
    """One normalised character and where it came from.

    Attributes:
        text: a single character.
        start: first character of its source, counted from the start of the normalised piece.
        end: one past the last character of its source.
    """

    text: str
    start: int
    end: int


def normalize(piece: str, language: str, keep_case: bool = False) -> list[Symbol]:
    """Normalise a piece of text and keep track of every character.

    A cluster whose length NFKC changes ("ﬁ", "é" typed as two characters) gives its whole range
    to each of its characters.

    Args:
        piece: any text, also text that is not valid Unicode.
        language: ISO 639-3.
        keep_case: leave out the step to lower case.
    """
    symbols = [
        Symbol(text, start + offset, start + offset + 1)
        if len(normal) == end - start
        else Symbol(text, start, end)
        for start, end, normal in _normal_clusters(piece)
        for offset, character in enumerate(normal)
        for text in _plain(character, language, keep_case)
    ]
    if not keep_case:
        symbols = _with_final_sigmas(symbols)
    return _without_quotes(_with_repetitions(symbols))


@lru_cache(maxsize=65536)
def is_silent(character: str) -> bool:
    """Whether a character is not read aloud: punctuation, space, marks, pictures."""
    category = unicodedata.category(character)
    is_sign = category[0] in "PZCM" or category == "Sk" or is_picture(character)
    return is_sign and character not in SPOKEN_PUNCTUATION


@lru_cache(maxsize=65536)
def is_picture(character: str) -> bool:
    """Whether a character is looked at and not read: an emoji, a note, an arrow, a bullet."""
    if character in _NEVER_READ or ord(character) in _ARROWS:
        return True
    category = unicodedata.category(character)
    if category == "Sk":
        return ord(character) > 0xFFFF  # the colour of an emoji's skin
    stands_for = unicodedata.normalize("NFKC", character)
    return (
        category == "So" and character != _SPOKEN_PICTURE and not any(map(str.isalnum, stands_for))
    )


def is_silent_text(text: str) -> bool:
    """Whether nothing in ``text`` is meant to be read aloud: only punctuation and pictures.

    Unlike :func:`is_silent`, stray combining marks and control characters do not pass: they are
    a defect of the text that its author wants to know of.
    """
    return all(
        unicodedata.category(c)[0] in "PZ" or unicodedata.category(c) == "Cf" or is_picture(c)
        for c in text
        if not c.isspace()
    ) and SPOKEN_PUNCTUATION.isdisjoint(text)


def is_spoken_text(text: str) -> bool:
    """Whether ``text`` holds something to read aloud: a letter, a digit, or a sign such as "+".

    Emoji, pictures and the like are not read, and neither is what is no character at all.
    """
    return any(
        unicodedata.category(c)[0] in "LN"
        or (unicodedata.category(c) in ("Sc", "Sm") and not is_picture(c))
        or c in SPOKEN_PUNCTUATION
        for c in text
    )


def without_marks(character: str) -> str:
    """Return the letters that are left when a character is taken apart: "é" -> "e"."""
    parts = unicodedata.normalize("NFKD", character)
    return "".join(part for part in parts if not unicodedata.category(part).startswith("M"))


def _normal_clusters(piece: str) -> list[tuple[int, int, str]]:
    if piece.isascii() or unicodedata.is_normalized("NFKC", piece):
        return [(0, len(piece), piece)]
    return [
        (match.start(), match.end(), _normal_cluster(match[0]))
        for match in regex.finditer(CLUSTER, piece)
    ]


@lru_cache(maxsize=65536)
def _normal_cluster(cluster: str) -> str:
    normal = unicodedata.normalize("NFKC", cluster)
    if unicodedata.category(cluster[0]) == "No":
        return f" {normal} "  # "2½" must not become "21⁄2", nor "10²" become "102"
    return normal


@lru_cache(maxsize=65536)
def _plain(character: str, language: str, keep_case: bool) -> str:
    if character in _APOSTROPHES:
        return "'"
    if character in _ARABIC_SEPARATORS:
        return _ARABIC_SEPARATORS[character]
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf" or _ARABIC_MARKS.match(character):
        return ""
    return character if keep_case else lower_character(character, language)


def _with_final_sigmas(symbols: list[Symbol]) -> list[Symbol]:
    """Give the sigma that ends a word its form: lower case is taken a character at a time."""
    if not any(symbol.text == "σ" for symbol in symbols):
        return symbols

    def is_letter(index: int) -> bool:
        in_text = 0 <= index < len(symbols)
        return in_text and unicodedata.category(symbols[index].text)[0] in "LM"

    return [
        symbol._replace(text="ς")
        if symbol.text == "σ" and is_letter(index - 1) and not is_letter(index + 1)
        else symbol
        for index, symbol in enumerate(symbols)
    ]


def _with_repetitions(symbols: list[Symbol]) -> list[Symbol]:
    """Put the repeated character in the place of each iteration mark: 人々 -> 人人."""
    if not any(symbol.text == "々" for symbol in symbols):
        return symbols
    repeated: list[Symbol] = []
    for symbol in symbols:
        is_mark = symbol.text == "々" and repeated
        repeated.append(symbol._replace(text=repeated[-1].text) if is_mark else symbol)
    return repeated


def _without_quotes(symbols: list[Symbol]) -> list[Symbol]:
    """Drop each apostrophe that does not stand between two letters or digits: it is a quote."""

    def belongs_to_word(index: int) -> bool:
        return (
            0 < index < len(symbols) - 1
            and unicodedata.category(symbols[index - 1].text)[0] in "LMN"
            and unicodedata.category(symbols[index + 1].text)[0] in "LMN"
        )

    if not any(symbol.text == "'" for symbol in symbols):
        return symbols
    return [s for i, s in enumerate(symbols) if s.text != "'" or belongs_to_word(i)]
