"""A transcript without its markup."""

from __future__ import annotations

from itertools import accumulate

import regex

from speech_toolkit.alignment.text.markup.ranges import Stretch

_SPACE, _NEWLINE = " \t", "\n\r"
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
    for start, end in stretches:
        _drop_space(kept, start, end)
    if stretches:
        opening = next((place for place, c in enumerate(kept) if c.strip()), len(kept))
        kept[:opening] = [""] * opening
    return "".join(kept), list(accumulate(map(len, kept), initial=0))


def _drop_space(kept: list[str], start: int, end: int) -> None:
    """Leave out the space around a stretch that has become too much."""
    first, last = start, end
    while first > 0 and kept[first - 1] in _SPACE:
        first -= 1
    while last < len(kept) and kept[last] in _SPACE:
        last += 1
    opens_line = first == 0 or kept[first - 1] in _NEWLINE
    closes_line = last == len(kept) or kept[last] in _NEWLINE
    spaces = [place for place in range(first, last) if kept[place]]
    # Of the space between two words the first stays.
    for place in spaces[0 if opens_line or closes_line else 1 :]:
        kept[place] = ""
    if opens_line and closes_line and last < len(kept):
        if kept[last : last + 2] == ["\r", "\n"]:
            kept[last + 1] = ""
        kept[last] = ""
