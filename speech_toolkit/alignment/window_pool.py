"""Windows of many recordings that wait, and which of them share a batch.

A batch is formed around the window that has waited longest, of those that are nearest to it in
length. So no window waits for ever, and none is padded by much.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from speech_toolkit.alignment.recording import Recording, Window

# A batch's share of padding stays under a tenth.
MOST_PADDING = 0.09
# So many batches of short windows wait that most batches find windows of nearly one length; of long
# ones, which differ less and take more memory, as many as this much audio holds, or two batches.
_BATCHES_AHEAD = 16
_AUDIO_AHEAD_S = 900.0


class WindowPool:
    """Windows that wait for a batch."""

    def __init__(self, frame_stride_s: float, most_padding: float) -> None:
        """Begin with none.

        Args:
            frame_stride_s: seconds from one frame to the next.
            most_padding: share of a batch's frames that may be padding, in 0..1; with 0 all
                windows of a batch are of one length.
        """
        self._frame_stride_s = frame_stride_s
        self._most_padding = most_padding
        self._arrivals: dict[Window, int] = {}  # in order
        self._by_length: list[Window] = []
        self._arrived = 0
        self._num_frames = 0

    def __len__(self) -> int:
        return len(self._by_length)

    def suffices(self, batch_size: int) -> bool:
        """Whether enough windows wait for good batches of ``batch_size``."""
        if batch_size == 1:
            return len(self) > 0
        audio_s = self._num_frames * self._frame_stride_s
        return len(self) >= _BATCHES_AHEAD * batch_size or (
            len(self) >= 2 * batch_size and audio_s >= _AUDIO_AHEAD_S
        )

    def add(self, recording: Recording) -> None:
        """Let the windows of a recording wait."""
        for window in recording.windows():
            self._arrivals[window] = self._arrived
            self._arrived += 1
            self._by_length.append(window)
            self._num_frames += window.num_frames
        self._by_length.sort(key=self._rank)

    def drop(self, recordings: Iterable[Recording]) -> None:
        """Let no window of some recordings wait any more."""
        dropped = set(recordings)
        if not dropped:
            return
        for window in [each for each in self._by_length if each.recording in dropped]:
            self._forget(window)
        self._by_length = [each for each in self._by_length if each in self._arrivals]

    def recordings(self) -> set[Recording]:
        """Return the recordings of which windows wait."""
        return {window.recording for window in self._by_length}

    def take(self, batch_size: int) -> list[Window]:
        """Take the windows of the next batch, 1 to ``batch_size``, out of the pool.

        The window that has waited longest is one of them; there has to be one.
        """
        oldest = next(iter(self._arrivals))
        place = bisect_left(self._by_length, self._rank(oldest), key=self._rank)
        first, stop = self._stretch(place, batch_size)
        batch = self._by_length[first:stop]
        del self._by_length[first:stop]
        for window in batch:
            self._forget(window)
        return batch

    def _rank(self, window: Window) -> tuple[int, int]:
        return window.num_frames, self._arrivals[window]

    def _forget(self, window: Window) -> None:
        del self._arrivals[window]
        self._num_frames -= window.num_frames

    def _stretch(self, place: int, batch_size: int) -> tuple[int, int]:
        """Return the longest stretch by length around a place, and of those the least padded."""
        low, high = max(0, place - batch_size + 1), min(len(self), place + batch_size)
        lengths = [window.num_frames for window in self._by_length[low:high]]
        sums = [0, *accumulate(lengths)]
        place -= low

        def padding(first: int, size: int) -> float:
            return 1 - (sums[first + size] - sums[first]) / (size * lengths[first + size - 1])

        for size in range(min(batch_size, len(lengths)), 1, -1):
            firsts = range(max(0, place - size + 1), min(place, len(lengths) - size) + 1)
            best = min(firsts, key=lambda first, size=size: padding(first, size))
            if padding(best, size) <= self._most_padding:
                return low + best, low + best + size
        return low + place, low + place + 1
