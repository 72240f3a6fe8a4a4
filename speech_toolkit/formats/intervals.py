"""Intervals that follow each other, as subtitles and the tiers of a TextGrid want them."""

import itertools
import math
from collections.abc import Sequence

MS_PER_S = 1_000


def milliseconds(time_s: float) -> int:
    """Return a time in whole milliseconds."""
    return round(time_s * MS_PER_S)


def apart(
    spans_s: Sequence[tuple[float, float]], limit_ms: float = math.inf
) -> list[tuple[int, int]]:
    """Return intervals as whole milliseconds, one after the other, none without length.

    One that reaches into the next is cut there. One that begins with the one before it, or earlier,
    begins a millisecond later than that; so does one that would begin too close to the limit for
    those after it to have their millisecond.

    Args:
        spans_s: start and end of each, in the order that is kept; ends may lie before starts.
        limit_ms: where the last ends at the latest, no less than the number of spans.
    """
    starts_ms: list[int] = []
    for left, (start_s, _) in zip(range(len(spans_s), 0, -1), spans_s, strict=True):
        earliest_ms = starts_ms[-1] + 1 if starts_ms else 0
        starts_ms.append(max(earliest_ms, int(min(milliseconds(start_s), limit_ms - left))))
    nexts_ms = itertools.zip_longest(starts_ms, starts_ms[1:], fillvalue=limit_ms)
    return [
        (start_ms, max(start_ms + 1, int(min(milliseconds(end_s), next_ms))))
        for (start_ms, next_ms), (_, end_s) in zip(nexts_ms, spans_s, strict=True)
    ]
