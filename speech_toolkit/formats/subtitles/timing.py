"""When a cue comes and goes: long enough to be read, and gone before the next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from speech_toolkit.formats.intervals import MS_PER_S, apart, milliseconds
from speech_toolkit.formats.subtitles.atoms import Atom, text_width
from speech_toolkit.formats.subtitles.style import SubtitleStyle
from speech_toolkit.formats.subtitles.subtitle import Part, Subtitle


def shown_times(
    groups: Sequence[Sequence[Atom]], style: SubtitleStyle
) -> Iterator[tuple[int, int]]:
    """Yield when each cue is shown, in milliseconds.

    A cue comes with its first word. It stays until its last word is spoken and it can be read, at
    most as long as the style allows, and is gone a gap before the next comes. A gap that is too
    short to be seen as one is closed.

    Args:
        groups: the atoms of each cue, in order.
        style: the limits.
    """
    starts_ms = [start_ms for start_ms, _ in apart([(g[0].start_s, g[-1].end_s) for g in groups])]
    gap_ms, closed_ms = milliseconds(style.min_gap_s), milliseconds(style.closed_gap_s)
    for index, group in enumerate(groups):
        start_ms = starts_ms[index]
        readable_s = max(style.min_cue_s, text_width(group) / style.max_columns_per_s)
        latest_ms = start_ms + milliseconds(style.max_cue_s)
        spoken_ms = max(milliseconds(atom.end_s) for atom in group)
        end_ms = min(latest_ms, max(spoken_ms, start_ms + math.ceil(readable_s * MS_PER_S)))
        if index + 1 < len(groups):
            limit_ms = starts_ms[index + 1] - gap_ms
            is_close = starts_ms[index + 1] - end_ms < max(closed_ms, gap_ms)
            end_ms = min(latest_ms, limit_ms) if is_close else end_ms
        yield start_ms, max(start_ms + 1, end_ms)


def subtitle(lines: Sequence[Sequence[Atom]], start_ms: int, end_ms: int) -> Subtitle:
    """Return what is shown from one time to another, the atoms' times kept within and in order."""
    at_ms = start_ms
    parts: list[tuple[Part, ...]] = []
    for line in lines:
        own: list[Part] = []
        for atom in line:
            first_ms = min(max(milliseconds(atom.start_s), at_ms), end_ms)
            at_ms = min(max(milliseconds(atom.end_s), first_ms), end_ms)
            has_space = atom.has_space and atom is not line[-1]
            own.append(Part(atom.text, has_space, first_ms, at_ms, atom.is_timed))
        parts.append(tuple(own))
    return Subtitle(start_ms, end_ms, tuple(parts))
