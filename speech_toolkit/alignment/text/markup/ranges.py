"""Stretches of a text that are markup, and the text without them."""

from __future__ import annotations

from collections.abc import Iterable

import regex

Stretch = tuple[int, int]  # first character, and one past the last

_VISIBLE = regex.compile(r"\S")


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Return stretches in order, those that touch or overlap as one."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)


def blanked(text: str, stretches: Iterable[Stretch]) -> str:
    """Return a text of the same length with spaces for all that is visible in its stretches."""
    parts = []
    at = 0
    for start, end in stretches:
        parts += [text[at:start], _VISIBLE.sub(" ", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])
