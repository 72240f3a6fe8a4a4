"""What libsndfile and FFmpeg have in common: frames of a file, in order, from any of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

BLOCK_VALUES = 1 << 17  # float32 values decoded at a time, over all channels: 512 KiB
RATE_RANGE_HZ = (1_000, 1_000_000)


class AudioReader(Protocol):
    """An opened audio track.

    Attributes:
        rate_hz: of the file.
        channels: of the file.
        frames: how many its header gives, None where it gives none.
        keeps_floats: whether the file holds samples as floats, of whatever size.
        damage: why decoding stopped before the end, None while it has not.
    """

    rate_hz: int
    channels: int
    frames: int | None
    keeps_floats: bool
    damage: str | None

    def blocks(self, first_frame: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield blocks up to the end, each with its first frame in the file.

        Args:
            first_frame: what comes before it may be left out.

        Yields:
            A frame number, and float32 samples of shape (n, channels), valid until the next.
        """
        ...

    def missing_s(self, position: int) -> float:
        """Return the seconds that the header promises beyond those that were found.

        Args:
            position: frame after the last that was read.
        """
        ...

    def oddities(self) -> Iterator[str]:
        """Yield what else went wrong on the way to the end, each as a predicate of the file."""
        ...

    def close(self) -> None:
        """Free the decoder; the stream that it read stays open."""
        ...
