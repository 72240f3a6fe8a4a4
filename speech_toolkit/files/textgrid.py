"""TextGrids of Praat, in the long or the short form of text.

Praat's own rule serves both forms: what counts are strings in quotes, flags in angle brackets and
numbers that stand free; all other words are for the human reader. See "TextGrid file formats" in
Praat's manual.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from speech_toolkit.errors import ToolkitError
from speech_toolkit.files.encoded_text import read_encoded_text, shown_name

SUFFIX = ".textgrid"
_PART = re.compile(
    r'(?P<string>"(?:[^"]|"")*+"(?!\S))|(?P<open>")|(?P<flag><[^>\s]*>)|(?P<comment>![^\r\n]*)'
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\S))|(?P<word>[^\s\"]+)"
)
_LINE_END = re.compile(r"\r\n?|\n")
_ADVICE = "open it in Praat and save it again as a text file"


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a tier.

    Attributes:
        start_s: seconds.
        end_s: seconds, no less than ``start_s``.
        text: its label, "" where there is none; newlines are kept.
    """

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of intervals.

    Attributes:
        name: as it is shown.
        intervals: in order, those without a label too.
    """

    name: str
    intervals: tuple[Interval, ...]


def read_textgrid(path: str | os.PathLike[str], *, error: type[ToolkitError]) -> tuple[Tier, ...]:
    """Read the tiers of intervals of a TextGrid; tiers of points are left out.

    Args:
        path: a file in UTF-8, or in UTF-16 with a byte order mark, as Praat writes.
        error: the class of what is raised.

    Raises:
        ToolkitError: of class ``error``; the file cannot be read or is no whole TextGrid. The
            message names the line.
    """
    name = os.fspath(path)
    return parse_textgrid(read_encoded_text(name, what="TextGrid", error=error), name, error=error)


def parse_textgrid(text: str, name: str, *, error: type[ToolkitError]) -> tuple[Tier, ...]:
    """Return the tiers of intervals in the text of a TextGrid.

    Args:
        text: of the file.
        name: of the file, for messages.
        error: the class of what is raised.

    Raises:
        ToolkitError: of class ``error``, as :func:`read_textgrid`.
    """
    if text.startswith("ooBinaryFile"):
        raise error(f"{shown_name(name)}: is a binary TextGrid; {_ADVICE}")
    parts = _Parts(text, name, error)
    kind = parts.string("the type of the file")
    content = parts.string("the class of the object")
    if not kind.startswith("ooTextFile") or content != "TextGrid":
        raise parts.fault("is no TextGrid")
    parts.span("the TextGrid")
    if parts.flag() != "<exists>":
        return ()
    tiers = (_tier(parts) for _ in range(parts.count("tiers")))
    return tuple(tier for tier in tiers if tier is not None)


def _tier(parts: _Parts) -> Tier | None:
    """Read a tier; None where it holds points."""
    kind = parts.string("the class of a tier")
    name = parts.string("the name of a tier")
    parts.span(f"tier {name!r}")
    count = parts.count(f"intervals or points of tier {name!r}")
    if kind == "IntervalTier":
        return Tier(name, tuple(_interval(parts) for _ in range(count)))
    if kind != "TextTier":
        raise parts.fault(f"{kind!r} is no class of tiers")
    for _ in range(count):
        parts.number("the time of a point")
        parts.string("the mark of a point")
    return None


def _interval(parts: _Parts) -> Interval:
    start_s, end_s = parts.span("an interval")
    return Interval(start_s, end_s, parts.string("the label of an interval"))


class _Parts:
    """What counts in the text of a TextGrid, one part after the other."""

    def __init__(self, text: str, name: str, error: type[ToolkitError]) -> None:
        self._text, self._name, self._error = text, name, error
        self._at = 0
        self._parts = self._find()

    def string(self, what: str) -> str:
        return self._next("string", what)[1:-1].replace('""', '"')

    def flag(self) -> str:
        return self._next("flag", "<exists>")

    def number(self, what: str) -> float:
        number = float(self._next("number", what))
        if not math.isfinite(number):
            raise self.fault(f"{what} is too large a number")
        return number

    def count(self, what: str) -> int:
        number = self.number(f"the number of {what}")
        if number != int(number) or number < 0:
            raise self.fault(f"{number:g} is no number of {what}")
        return int(number)

    def span(self, what: str) -> tuple[float, float]:
        start_s, end_s = self.number(f"the start of {what}"), self.number(f"the end of {what}")
        if end_s < start_s:
            raise self.fault(f"the end of {what}, {end_s:g} s, is before its start, {start_s:g} s")
        return start_s, end_s

    def fault(self, message: str) -> ToolkitError:
        line = len(_LINE_END.findall(self._text, 0, self._at)) + 1
        return self._error(f"{shown_name(self._name)}:{line}: {message}; {_ADVICE}")

    def _find(self) -> Iterator[tuple[str, str]]:
        for match in _PART.finditer(self._text):
            self._at = match.start()
            if match.lastgroup == "open":
                raise self.fault("the quote is not closed, or text follows it")
            if match.lastgroup in ("string", "flag", "number"):
                yield match.lastgroup, match[0]

    def _next(self, kind: str, what: str) -> str:
        found, text = next(self._parts, ("", ""))
        if not found:
            self._at = len(self._text)
            raise self.fault(f"the file ends where {what} should stand")
        if found != kind:
            raise self.fault(f"{text[:30]!r} stands where {what} should")
        return text
