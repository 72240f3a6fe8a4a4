"""Samples of a recording that are in memory, block by block."""

from __future__ import annotations

from bisect import bisect_right
from itertools import takewhile

import numpy as np


class SampleBlocks:
    """Blocks in the order in which they come; those that are done with are let go.

    Attributes:
        end_sample: one past the last sample that came.
    """

    def __init__(self) -> None:
        self.end_sample = 0
        self._starts: list[int] = []
        self._blocks: list[np.ndarray] = []

    @property
    def kept_samples(self) -> int:
        """How many samples are in memory."""
        return sum(map(len, self._blocks))

    def add(self, samples: np.ndarray) -> None:
        """Keep the next block, float32 (N,)."""
        if len(samples):
            self._starts.append(self.end_sample)
            self._blocks.append(samples)
            self.end_sample += len(samples)

    def cut(self, start_sample: int, end_sample: int) -> np.ndarray:
        """Return the samples of a stretch, a view where one block holds them all.

        Raises:
            LookupError: some of them were let go, or have not come.
        """
        first = max(bisect_right(self._starts, start_sample) - 1, 0)
        touched = takewhile(lambda start: start < end_sample, self._starts[first:])
        parts = [
            block[max(start_sample - start, 0) : end_sample - start]
            for start, block in zip(touched, self._blocks[first:], strict=False)
        ]
        if sum(map(len, parts)) != end_sample - start_sample:
            raise LookupError(f"samples {start_sample} to {end_sample} are not in memory")
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.empty(0, np.float32)])

    def forget(self, start_sample: int, end_sample: int) -> None:
        """Let go of the blocks that lie within a stretch as a whole."""
        kept = [
            (start, block)
            for start, block in zip(self._starts, self._blocks, strict=True)
            if start < start_sample or start + len(block) > end_sample
        ]
        self._starts = [start for start, _ in kept]
        self._blocks = [block for _, block in kept]
