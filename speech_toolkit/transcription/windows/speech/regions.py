"""Frames that stand out -> regions with margins, parted where speech dips.

Dimensions: T frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speech_toolkit.transcription.windows.speech.bands import HOP_S

MARGIN_S = 0.25  # of silence, kept on both sides of a region where there is as much

_JOINED_GAP_FRAMES = 7  # a stop consonant is no longer
_LEAST_PART_FRAMES = round(1 / HOP_S)  # of speech without a pause, when parted where it dips
_DIP_SEARCH_FRAMES = round(3 / HOP_S)
_DIP_FRAMES = 9  # over which a dip is averaged, so that it is more than a stop consonant
_DIP_DB = 7.5  # below the speech around it


@dataclass(frozen=True)
class SpeechRegion:
    """A stretch of the file that holds speech, with its margins.

    Attributes:
        start_sample: first sample.
        end_sample: one past the last; regions touch where the pause between them is short.
        runs_on: whether speech goes on at its end and no more than dips there.
    """

    start_sample: int
    end_sample: int
    runs_on: bool = False


class RegionJoiner:
    """Joins frames of speech over the gaps inside words, and puts margins around what results.

    Where the pause between two regions is too short for two margins, they meet in its middle.
    Speech without a pause is parted where it dips.

    Args:
        hop_samples: from one frame to the next.
    """

    def __init__(self, hop_samples: int) -> None:
        self._hop = hop_samples
        self._margin = round(MARGIN_S / HOP_S * hop_samples)
        self._num_frames = 0
        self._run: _Run | None = None
        self._start = 0  # sample number of the region that is not given yet
        self._end: int | None = None  # of the last run, without a margin
        self._given = True

    def add(self, excess_db: np.ndarray) -> Iterator[SpeechRegion]:
        """Yield the regions that are final now.

        Args:
            excess_db: float32 (T,), how far the next frames stand out; 0 outside of speech.
        """
        first = self._num_frames
        self._num_frames += len(excess_db)
        edges = np.flatnonzero(np.diff(excess_db > 0, prepend=False, append=False)).tolist()
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if self._run is None or first + start - self._run.end > _JOINED_GAP_FRAMES:
                yield from self._end_run()
                yield from self._begin_run(first + start)
            self._run.grow(first + start, excess_db[start:stop])
        if self._run is not None:
            yield from self._parts(self._run.dips())
            if self._num_frames - self._run.end > _JOINED_GAP_FRAMES:
                yield from self._end_run()
        if not self._given and self._num_frames * self._hop - self._end >= 2 * self._margin:
            yield self._region(self._end + self._margin)

    @property
    def open_region(self) -> SpeechRegion | None:
        """The region that has begun and is not final: as much of it as is sure."""
        if self._run is not None:
            return SpeechRegion(self._start, self._run.sure_end * self._hop)
        return None if self._given else SpeechRegion(self._start, self._end)

    @property
    def settled_sample(self) -> int:
        """Where none is open, the next region begins no earlier."""
        return max(self._num_frames * self._hop - self._margin, 0)

    def finish(self, num_samples: int) -> Iterator[SpeechRegion]:
        """Yield the regions that are left when the recording ends after ``num_samples``."""
        yield from self._end_run()
        if not self._given:
            yield self._region(min(self._end + self._margin, num_samples))

    def _begin_run(self, frame: int) -> Iterator[SpeechRegion]:
        """Start a region, after the one before where that waited for this."""
        start = frame * self._hop
        middle = 0 if self._end is None else (start + self._end) // 2
        if not self._given:
            yield self._region(min(self._end + self._margin, middle))
        self._run = _Run(frame)
        self._start = max(start - self._margin, middle)

    def _end_run(self) -> Iterator[SpeechRegion]:
        if self._run is not None:
            yield from self._parts(self._run.dips(ended=True))
            self._end = self._run.end * self._hop
            self._run, self._given = None, False

    def _parts(self, dips: Iterator[int]) -> Iterator[SpeechRegion]:
        """Yield the parts that end at dips."""
        for dip in dips:
            end = dip * self._hop
            yield SpeechRegion(self._start, end, runs_on=True)
            self._start = end

    def _region(self, end: int) -> SpeechRegion:
        self._given = True
        return SpeechRegion(self._start, end)


class _Run:
    """Speech without a pause, as far as it is known.

    Args:
        start: its first frame.
    """

    def __init__(self, start: int) -> None:
        self._start = start
        self.end = start
        self._excess_db = np.empty(0, np.float32)
        self._kept_from = start
        self._search_from = start + _LEAST_PART_FRAMES

    def grow(self, start: int, excess_db: np.ndarray) -> None:
        """Go on at frame ``start`` with frames that stand out, float32 (T,)."""
        gap = np.zeros(start - self.end, np.float32)
        self._excess_db = np.concatenate([self._excess_db, gap, excess_db])
        self.end = start + len(excess_db)

    @property
    def sure_end(self) -> int:
        """The frame up to which it is not parted."""
        return min(self._search_from, self.end)

    def dips(self, ended: bool = False) -> Iterator[int]:
        """Yield the frames between words at which it can be parted, in order.

        Args:
            ended: whether it grows no more; else those that growth could move are left for later.
        """
        last = self.end - _LEAST_PART_FRAMES
        longest = _DIP_SEARCH_FRAMES + (0 if ended else _DIP_FRAMES // 2)
        while self._search_from < last if ended else self._search_from + longest <= last:
            stop = min(self._search_from + _DIP_SEARCH_FRAMES, last)
            dip = self._dip(self._search_from, stop)
            if dip is not None:
                yield dip
            self._search_from = stop if dip is None else dip + _LEAST_PART_FRAMES
        self._forget()

    def _dip(self, first: int, stop: int) -> int | None:
        """Return the deepest dip from ``first`` to ``stop``, None where it is not deep enough."""
        reach = _LEAST_PART_FRAMES + _DIP_FRAMES // 2
        heard_from = max(first - reach, self._start)
        heard = self._excess_db[heard_from - self._kept_from : stop + reach - self._kept_from]
        smooth = np.convolve(heard, np.ones(_DIP_FRAMES) / _DIP_FRAMES, "same")
        search = smooth[first - heard_from : stop - heard_from]
        around_from = first - _LEAST_PART_FRAMES - heard_from
        around = smooth[around_from : stop + _LEAST_PART_FRAMES - heard_from]
        dip = int(np.argmin(search))
        return first + dip if search[dip] < np.median(around) - _DIP_DB else None

    def _forget(self) -> None:
        """Let go of what no later search hears."""
        keep_from = self._search_from - _LEAST_PART_FRAMES - _DIP_FRAMES // 2
        if keep_from > self._kept_from:
            self._excess_db = self._excess_db[keep_from - self._kept_from :]
            self._kept_from = keep_from
