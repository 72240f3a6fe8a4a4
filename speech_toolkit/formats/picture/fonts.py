"""Fonts of this machine that have the characters of a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BASE_FONT = "DejaVu Sans"  # comes with matplotlib
_LAST_RESORT = "Last Resort"  # has a box for every character, and comes with matplotlib too
_LIKELY = ("CJK", "Noto Sans", "Arab", "WenQuanYi", "Source Han", "PingFang", "YaHei", "SimHei")


@dataclass(frozen=True)
class Fonts:
    """Fonts to be tried in turn for each character.

    Attributes:
        families: names, as matplotlib knows them.
        missing: characters that none of them has.
    """

    families: tuple[str, ...]
    missing: str


def fonts_for(texts: Iterable[str]) -> Fonts:
    """Return as few fonts as are found to have all characters of some texts."""
    from matplotlib.font_manager import fontManager

    wanted = {character for text in texts for character in text if not character.isspace()}
    paths = {
        entry.name: entry.fname
        for entry in reversed(fontManager.ttflist)
        if _LAST_RESORT not in entry.name
    }
    families = [BASE_FONT]
    missing = wanted - _characters(paths.pop(BASE_FONT))
    for name in sorted(paths, key=_unlikeliness):
        if not missing:
            break
        found = missing & _characters(paths[name])
        if found:
            families.append(name)
            missing -= found
    return Fonts(tuple(families), "".join(sorted(missing)))


def _unlikeliness(name: str) -> tuple[bool, str]:
    return not any(part in name for part in _LIKELY), name


def _characters(path: str) -> set[str]:
    """Return all characters of a font; none where it is of a kind that cannot be drawn from."""
    from matplotlib.ft2font import FT2Font

    try:
        return {chr(code) for code in FT2Font(path).get_charmap()}
    except (OSError, RuntimeError):
        return set()
