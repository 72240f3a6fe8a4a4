"""Intervals that follow each other, as subtitles and the tiers of a TextGrid want them."""

import itertools
import math
from collections.abc import Sequence

MS_PER_S = 1_000


def milliseconds(time_s: float) -> int:
    """Return a time in whole milliseconds."""
    return round(time_s * MS_PER_S)


def apart(
    spans_s: Sequence[tuple[float, float]], limit_ms: float = math.inf, step_ms: int = 1
) -> list[tuple[int, int]]:
    """Return intervals as whole steps of time, one after the other, none without length.

    One that reaches into the next is cut there. One that begins with the one before it, or earlier,
    begins a step later than that; so does one that would begin too close to the limit for those
    after it to have their step.

    Args:
        spans_s: start and end of each, in the order that is kept; ends may lie before starts.
        limit_ms: where the last ends at the latest, no less than the number of spans in steps.
        step_ms: milliseconds.

    Returns:
        Start and end of each in milliseconds, multiples of ``step_ms``.
    """
    limit = limit_ms // step_ms
    starts: list[int] = []
    for left, (start_s, _) in zip(range(len(spans_s), 0, -1), spans_s, strict=True):
        earliest = starts[-1] + 1 if starts else 0
        starts.append(max(earliest, int(min(_steps(start_s, step_ms), limit - left))))
    nexts = itertools.zip_longest(starts, starts[1:], fillvalue=limit)
    return [
        (start * step_ms, max(start + 1, int(min(_steps(end_s, step_ms), following))) * step_ms)
        for (start, following), (_, end_s) in zip(nexts, spans_s, strict=True)
    ]


def _steps(time_s: float, step_ms: int) -> int:
    return round(time_s * MS_PER_S / step_ms)
