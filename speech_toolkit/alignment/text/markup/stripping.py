"""A transcript without its markup."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

import regex

from speech_toolkit.alignment.text.markup.ranges import Stretch, merged

_SPACES = regex.compile(r"[ \t]+")
_NEWLINE = "\n\r"
_PARTS_WORDS = regex.compile(r"(?i)<br\s*/?>|\\[Nnh]|&(?:nbsp|ensp|emsp|thinsp);")


def stripped(text: str, stretches: tuple[Stretch, ...]) -> tuple[str, list[int]]:
    """Return a text without its markup, and where each of its characters is now.

    The spaces on either side of markup become one, and a line that held nothing else goes.

    Args:
        text: as typed.
        stretches: of :func:`find_markup`.

    Returns:
        The text, and for each place in the old text, its end included, the place in the new one.
    """
    kept = list(text)
    for start, end in stretches:
        kept[start:end] = [""] * (end - start)
        if _PARTS_WORDS.search(text, start, end):
            kept[start] = " "
    for first, last in _with_space(text, stretches):
        _drop_space(text, kept, first, last)
    if stretches:
        opening = next((place for place, c in enumerate(kept) if c.strip()), len(kept))
        kept[:opening] = [""] * opening
    return "".join(kept), list(accumulate(map(len, kept), initial=0))


def _with_space(text: str, stretches: tuple[Stretch, ...]) -> Iterator[Stretch]:
    """Yield stretches with the space around them, as one where only space parts them."""
    spaces = merged([*stretches, *(space.span() for space in _SPACES.finditer(text))])
    starts = [start for start, _ in stretches]
    for start, end in spaces:
        if bisect_left(starts, end) > bisect_left(starts, start):
            yield start, end


def _drop_space(text: str, kept: list[str], first: int, last: int) -> None:
    """Leave out the space of a stretch of markup and space that has become too much."""
    opens_line = first == 0 or text[first - 1] in _NEWLINE
    closes_line = last == len(text) or text[last] in _NEWLINE
    spaces = [place for place in range(first, last) if kept[place]]
    # Of the space between two words the first stays.
    for place in spaces[0 if opens_line or closes_line else 1 :]:
        kept[place] = ""
    if opens_line and closes_line and last < len(text):
        if text[last : last + 2] == "\r\n":
            kept[last + 1] = ""
        kept[last] = ""
