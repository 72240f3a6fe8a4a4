"""What became of each second of a file: transcribed, or why not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech_toolkit.transcription.result import Stretch
from speech_toolkit.transcription.windows.window import Window


@dataclass(frozen=True)
class Outcome:
    """What became of a part of a window.

    Attributes:
        window: see there.
        start_s: seconds in the window.
        end_s: seconds in the window, half-open.
        reason: why it was not transcribed; None where it was.
    """

    window: Window
    start_s: float
    end_s: float
    reason: str | None


def coverage(
    outcomes: Iterable[Outcome], total_samples: int, sample_rate_hz: int
) -> tuple[Stretch, ...]:
    """Say of every second of a file whether it was transcribed, or why not.

    Args:
        outcomes: of all windows; where they overlap, what was transcribed prevails.
        total_samples: of the file.
        sample_rate_hz: of the file.

    Returns:
        Stretches in order that together make up the file; what is in no window is "silence".
    """
    stretches = [
        (
            piece.file_sample(round(outcome.start_s * sample_rate_hz)),
            piece.file_sample(round(outcome.end_s * sample_rate_hz)),
            outcome.reason,
        )
        for outcome in outcomes
        for piece in outcome.window.pieces
    ]
    marks = {mark for start, end, _ in stretches for mark in (start, end)}
    edges = sorted(marks | {0, total_samples})
    reasons = np.full(len(edges) - 1, "silence", dtype=object)
    for start, end, reason in sorted(stretches, key=lambda stretch: stretch[2] is None):
        first, last = bisect_left(edges, start), bisect_left(edges, end)
        reasons[first:last] = reason
    changes = [0, *(np.flatnonzero(reasons[1:] != reasons[:-1]) + 1), len(reasons)]
    return tuple(
        Stretch(edges[first] / sample_rate_hz, edges[last] / sample_rate_hz, reasons[first])
        for first, last in pairwise(changes)
    )
