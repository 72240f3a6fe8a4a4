"""What every writer of subtitles shares: stretches of time, and text whose marks stay text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from speech_toolkit.formats.subtitles.subtitle import Part, Subtitle
from speech_toolkit.formats.subtitles.writing import embedded

# Takes no room and lets no line end: put inside of what would be read as markup, it is none.
WORD_JOINER = "\u2060"


def joined(
    shown: Subtitle, write: Callable[[Part], str], newline: str, *, right_to_left: bool
) -> str:
    """Return the text of a cue.

    Args:
        shown: the cue.
        write: from a part to its text, marked and escaped as the format has it.
        newline: between lines.
        right_to_left: whether the whole text is written so.
    """
    lines = []
    for parts in shown.lines:
        line = "".join(write(part) + " " * part.has_space for part in parts)
        lines.append(embedded(line) if right_to_left else line)
    return newline.join(lines)


def escaped(text: str, escape: Callable[[str], str], tags: frozenset[str]) -> str:
    """Return text with marks escaped, save those tags that were known as such when it was aligned.

    Args:
        text: of a part.
        escape: turns marks into text.
        tags: that stay as they are.
    """
    if not tags:
        return escape(text)
    parts = re.split(
        "(" + "|".join(sorted(map(re.escape, tags), key=len, reverse=True)) + ")", text
    )
    return "".join(part if part in tags else escape(part) for part in parts)


def word_by_word(shown: Subtitle) -> Iterator[tuple[int, int, Part | None]]:
    """Yield stretches that together are the time of a cue, each with the word that is spoken.

    Between words, and where their times are not known, it is None.
    """
    at_ms = shown.start_ms
    for part in (part for line in shown.lines for part in line):
        if not part.is_timed or part.start_ms == part.end_ms:
            continue
        if at_ms < part.start_ms:
            yield at_ms, part.start_ms, None
        yield part.start_ms, part.end_ms, part
        at_ms = part.end_ms
    if at_ms < shown.end_ms:
        yield at_ms, shown.end_ms, None
