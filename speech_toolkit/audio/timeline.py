"""Decoded frames at their places on a file's clock: what a recording left out is silence."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

TOLERANCE_S = 0.010  # containers round times to a millisecond; the shortest usual packet is 20 ms
LONGEST_SILENCE_S = 6 * 3_600  # of one file, together: a clock that leaps further has gone wrong
_SILENT_BLOCK_FRAMES = 1 << 16


class Timeline:
    """Places what a decoder yields one after the other, and keeps account of the gaps.

    No sample is dropped: where the clock goes back, the samples follow those before them.

    Attributes:
        position: frame of the file after the last that was placed.
        gaps: stretches that were filled with silence after the first samples.
        gap_frames: their length together.
        first_gap: frame at which the first of them begins.
        leaps: times that the clock went back, or ahead beyond the file's end or what is filled.
    """

    def __init__(self, rate_hz: int, position: int, end: int | None) -> None:
        """Begin at frame ``position``; ``end`` is where the file says that it ends, if it does."""
        self.position = position
        self.gaps = 0
        self.gap_frames = 0
        self.first_gap: int | None = None
        self.leaps = 0
        self._tolerance = round(TOLERANCE_S * rate_hz)
        self._silence_left = LONGEST_SILENCE_S * rate_hz
        self._end = math.inf if end is None else end
        self._shift = 0
        self._begun = False

    def place(self, samples: np.ndarray, at: int | None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield samples, and the silence before them where their clock leaves a gap.

        Args:
            samples: shape (n, channels).
            at: frame of the file at which their timestamp puts them; None without one.

        Yields:
            Each block's first frame in the file, and the block.
        """
        if at is not None:
            yield from self._filled_to(at, samples)
        self._begun = True
        yield self.position, samples
        self.position += len(samples)

    def _filled_to(self, at: int, samples: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        gap = at - self._shift - self.position
        if abs(gap) <= (self._tolerance if self._begun else 0):
            return
        if gap < 0 or gap > self._silence_left or self.position + gap > self._end:
            self._shift += gap
            self.leaps += 1
            return
        self._silence_left -= gap
        if self._begun:
            self.gaps += 1
            self.gap_frames += gap
            self.first_gap = self.position if self.first_gap is None else self.first_gap
        while gap > 0:
            count = min(gap, _SILENT_BLOCK_FRAMES)
            yield self.position, np.zeros((count, samples.shape[1]), dtype=np.float32)
            self.position += count
            gap -= count
