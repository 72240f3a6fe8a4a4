"""Sums of money whose unit is said after the word behind the number: "$5 million"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import regex

from speech_toolkit.alignment.text.verbalization import CURRENCIES

_SUM = regex.compile(
    rf"(?i)(?P<sign>[{''.join(CURRENCIES)}])[0-9][0-9.,]*+\s"
    r"(?P<scale>(?:hundred|thousand|million|billion|trillion))(?![\w-])"
)
_SILENT = "#"


class ScaledSum(NamedTuple):
    """A sum such as "$5 million".

    Attributes:
        sign: place of the currency's sign.
        scale: first character of "million".
        unit: what is said after it.
    """

    sign: int
    scale: int
    unit: str


def scaled_sums(text: str, language: str) -> Iterator[ScaledSum]:
    """Find such sums, which are read in English only.

    Args:
        text: as typed.
        language: ISO 639-3.
    """
    if language == "eng":
        for match in _SUM.finditer(text):
            yield ScaledSum(match.start(), match.start("scale"), CURRENCIES[match["sign"]][1])


def without_signs(text: str, sums: Iterable[ScaledSum]) -> str:
    """Put something silent in the place of the sums' signs."""
    characters = list(text)
    for each in sums:
        characters[each.sign] = _SILENT
    return "".join(characters)
