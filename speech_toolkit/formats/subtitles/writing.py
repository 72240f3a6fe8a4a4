"""What a text looks like: its writing, its width in columns, its direction."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

ALPHABET, CHINESE, JAPANESE, KOREAN = "alphabet", "Chinese", "Japanese", "Korean"
_KANA_SHARE = 0.1  # of the wide letters, above which Chinese characters are Japanese
_WIDE_SHARE = 1 / 3  # of all letters; one wide letter says as much as several others
_RIGHT_TO_LEFT = ("R", "AL")
# Right-to-left embedding and its end: unlike isolates, players of any age know them.
_EMBEDDING, _POP = "\u202b", "\u202c"


@lru_cache(maxsize=65536)
def columns(character: str) -> int:
    """Return how many columns a character takes: 2, 1, or 0 where it stands on another one.

    Source: Unicode Standard Annex 11, East Asian Width.
    """
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(columns, text))


def writing_of(text: str) -> str:
    """Return which of the writings a text is in, each of which has conventions of its own."""
    wide: Counter[str] = Counter()
    others = 0
    for character, count in Counter(text).items():
        if not character.isalpha():
            continue
        if columns(character) == 2:
            wide[_wide_script(character)] += count
        else:
            others += count
    if wide.total() <= _WIDE_SHARE * (wide.total() + others):
        return ALPHABET
    if wide[JAPANESE] > _KANA_SHARE * wide.total():
        return JAPANESE
    return KOREAN if wide[KOREAN] > wide[CHINESE] else CHINESE


def is_right_to_left(text: str) -> bool:
    """Tell whether most letters of a text are written from right to left."""
    directions: Counter[str] = Counter()
    for character, count in Counter(text).items():
        directions[unicodedata.bidirectional(character)] += count
    return sum(directions[name] for name in _RIGHT_TO_LEFT) > directions["L"]


def embedded(line: str) -> str:
    """Mark a line of a right-to-left text, so that a player of any default direction shows it so.

    The text stays in the order in which it is read. Without the marks a player whose paragraphs
    run from left to right, as that of most subtitles do, puts the full stop on the wrong side and
    the parts around a foreign word in the wrong order.
    """
    has_any = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in line)
    return f"{_EMBEDDING}{line}{_POP}" if has_any else line


def _wide_script(character: str) -> str:
    name = unicodedata.name(character, "")
    if "KATAKANA" in name or "HIRAGANA" in name:
        return JAPANESE
    return KOREAN if "HANGUL" in name else CHINESE
