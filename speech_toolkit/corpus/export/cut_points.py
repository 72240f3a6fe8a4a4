"""Where a recording is cut at its sentences: in the silence between them, to the millisecond."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

MARGIN_S = 0.25  # of silence that a sentence keeps at either end, where there is as much


def cut_points_ms(
    spans_s: Sequence[tuple[float, float]], start_s: float, end_s: float
) -> list[tuple[int, int]]:
    """Return where each sentence is cut out, in milliseconds; no two share any time.

    A sentence gets the silence around it up to its middle, and no more than ``MARGIN_S``. Those
    whose times overlap part in the middle of that. What is left of no length was one of none.

    Args:
        spans_s: of the sentences in order, in seconds from the start of the file.
        start_s: where the part of the file begins.
        end_s: where it ends.
    """
    if not spans_s:
        return []
    gaps_s = [after[0] - before[1] for before, after in pairwise(spans_s)]
    halves_s = [min(MARGIN_S, gap_s / 2) for gap_s in gaps_s]
    before_s = [min(MARGIN_S, spans_s[0][0] - start_s), *halves_s]
    after_s = [*halves_s, min(MARGIN_S, end_s - spans_s[-1][1])]
    first_ms, last_ms = math.ceil(start_s * 1000 - 1e-6), math.floor(end_s * 1000 + 1e-6)
    cuts_ms: list[tuple[int, int]] = []
    for (begins_s, ends_s), lead_s, tail_s in zip(spans_s, before_s, after_s, strict=True):
        cut_start_ms = min(max(round((begins_s - lead_s) * 1000), first_ms), last_ms)
        cut_end_ms = min(max(round((ends_s + tail_s) * 1000), cut_start_ms), last_ms)
        cuts_ms.append((cut_start_ms, cut_end_ms))
        first_ms = cut_end_ms
    return cuts_ms
