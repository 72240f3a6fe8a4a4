"""Regions of speech -> the windows that the model hears, and where their seconds are in the file.

A window holds as many regions as fit. Short gaps between them stay; long ones are left out, and
the regions, which carry a margin of silence, are joined there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from operator import add

import numpy as np

from speech_toolkit.errors import UsageError
from speech_toolkit.transcription.result import Stretch
from speech_toolkit.transcription.windows.speech import MARGIN_S, SpeechRegion

_KEPT_GAP_S = 0.3  # between two regions with their margins: 0.8 s from word to word
_CHOICE = 0.1  # of a window, at its end, in which the longest of the silences is taken
_LEAST_FILL = 0.5  # of a window; emptier ones are cut in the speech that follows instead
_CUT_SEARCH = 1 / 6  # of a window, at its end, in which the quietest point is looked for
_CUT_LEVEL_S = 0.1  # over which loudness is averaged there
_LEAST_WINDOW_S = 1.0


@dataclass(frozen=True)
class Piece:
    """A stretch of the file inside a window.

    Attributes:
        start_sample: first sample in the file.
        end_sample: one past its last.
        offset_samples: where in the window it begins.
    """

    start_sample: int
    end_sample: int
    offset_samples: int

    @property
    def num_samples(self) -> int:
        """Its length."""
        return self.end_sample - self.start_sample


@dataclass(frozen=True)
class Window:
    """What the model hears at once.

    Attributes:
        index: counted from 0.
        pieces: stretches of the file in order, side by side in the window; at least one.
        cut: whether the window ends in the midst of speech, for want of a silence.
        sample_rate_hz: of the file's samples.
    """

    index: int
    pieces: tuple[Piece, ...]
    cut: bool
    sample_rate_hz: int

    @property
    def num_samples(self) -> int:
        """Length of the window."""
        return self.pieces[-1].offset_samples + self.pieces[-1].num_samples

    @property
    def end_sample(self) -> int:
        """One past its last sample in the file, where the next window may begin."""
        return self.pieces[-1].end_sample

    @property
    def start_s(self) -> float:
        """Seconds in the file where it begins."""
        return self.pieces[0].start_sample / self.sample_rate_hz

    @property
    def end_s(self) -> float:
        """Seconds in the file where it ends."""
        return self.end_sample / self.sample_rate_hz

    def samples(self, file_samples: np.ndarray) -> np.ndarray:
        """Cut the window out of the file's samples; a view where it is one piece."""
        parts = [file_samples[piece.start_sample : piece.end_sample] for piece in self.pieces]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def to_file_sample(self, window_time_s: float) -> int:
        """Map a time in the window to a sample of the file; never falls as the time rises.

        Args:
            window_time_s: seconds from the start of the window; times outside go to its edges.
        """
        position = round(window_time_s * self.sample_rate_hz)
        return _file_sample(self._piece_at(position), position)

    def to_file_s(self, window_time_s: float) -> float:
        """Map a time in the window to seconds in the file, as :meth:`to_file_sample` does."""
        return self.to_file_sample(window_time_s) / self.sample_rate_hz

    def span_to_file_s(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Map what is spoken from ``start_s`` to ``end_s`` to seconds in the file.

        Models place the edges of speech up to a margin off. An end just behind a gap that was left
        out belongs before the gap, and a start just before it, behind it; else a word would seem
        to last for the whole gap.
        """
        start, end = (round(time_s * self.sample_rate_hz) for time_s in (start_s, end_s))
        margin = int(MARGIN_S * self.sample_rate_hz)
        first, last = self._piece_at(start + margin), self._piece_at(end - margin)
        if first.offset_samples > last.offset_samples:
            first = last = self._piece_at((start + end) // 2)
        return (
            _file_sample(first, start) / self.sample_rate_hz,
            _file_sample(last, end) / self.sample_rate_hz,
        )

    def _piece_at(self, position: int) -> Piece:
        """Return the piece that holds a sample of the window."""
        later = self.pieces[1:]
        index = bisect_right(later, position, key=lambda piece: piece.offset_samples)
        return self.pieces[index]


def _file_sample(piece: Piece, position: int) -> int:
    inside = min(max(position - piece.offset_samples, 0), piece.num_samples)
    return piece.start_sample + inside


class WindowPlanner:
    """Packs regions of speech into windows that end in silences.

    Audio that fits into one window as it is, is one window. Else each window takes regions until
    it is full, and ends at the longest of the last silences within reach. A region longer than a
    window is cut at its quietest point.

    Args:
        regions: in order, apart from each other or touching.
        samples: float32 (N,), the file; looked at only where speech has to be cut.
        sample_rate_hz: of ``samples``.
        max_window_s: longest window in seconds, at least 1.

    Raises:
        UsageError: ``max_window_s`` is below that.
    """

    def __init__(
        self,
        regions: Sequence[SpeechRegion],
        samples: np.ndarray,
        sample_rate_hz: int,
        max_window_s: float,
    ) -> None:
        if max_window_s < _LEAST_WINDOW_S:
            raise UsageError(
                f"chunk length {max_window_s:g} s: give at least {_LEAST_WINDOW_S:g} s"
            )
        self._regions = regions
        self._samples = samples
        self._rate_hz = sample_rate_hz
        self._room = int(max_window_s * sample_rate_hz)
        self._kept_gap = int(_KEPT_GAP_S * sample_rate_hz)

    def windows(self, from_sample: int = 0, index: int = 0) -> Iterator[Window]:
        """Plan one window after the other; each sample of speech is in exactly one of them.

        Args:
            from_sample: where in the file the first of them may begin.
            index: of the first.
        """
        while window := self.next(from_sample, index):
            yield window
            from_sample, index = window.end_sample, index + 1

    def next(self, from_sample: int, index: int) -> Window | None:
        """Plan one window.

        Args:
            from_sample: where in the file it may begin.
            index: of the window.

        Returns:
            None where no speech follows.
        """
        ahead = self._regions_from(from_sample)
        if not ahead:
            return None
        if len(self._samples) <= self._room:
            stretches, cut = [(from_sample, len(self._samples))], False
        else:
            stretches, cut = self._fill(ahead)
        pieces: list[Piece] = []
        for start, end in stretches:
            offset = pieces[-1].offset_samples + pieces[-1].num_samples if pieces else 0
            pieces.append(Piece(start, end, offset))
        return Window(index, tuple(pieces), cut, self._rate_hz)

    def speech_s(self, from_sample: int, to_sample: int) -> float:
        """Return how many seconds of speech there are between two samples of the file."""
        first = bisect_right(self._regions, from_sample, key=lambda region: region.end_sample)
        num_samples = 0
        for region in self._regions[first:]:
            if region.start_sample >= to_sample:
                break
            start = max(region.start_sample, from_sample)
            num_samples += min(region.end_sample, to_sample) - start
        return num_samples / self._rate_hz

    def _regions_from(self, from_sample: int) -> list[SpeechRegion]:
        """Return what is left of the next regions, one more than a window could hold."""
        first = bisect_right(self._regions, from_sample, key=lambda region: region.end_sample)
        ahead: list[SpeechRegion] = []
        num_samples = 0
        for region in self._regions[first:]:
            start = max(region.start_sample, from_sample)
            ahead.append(replace(region, start_sample=start))
            num_samples += region.end_sample - start
            if num_samples > self._room:
                break
        return ahead

    def _fill(self, ahead: Sequence[SpeechRegion]) -> tuple[list[tuple[int, int]], bool]:
        """Choose the stretches of the file that make up a window, and whether it is a cut."""
        fills = self._fills(ahead)
        fitting = bisect_right(fills, self._room)
        if fitting == len(ahead):
            return self._joined(ahead), False
        if fitting and fills[fitting - 1] >= _LEAST_FILL * self._room:
            count = self._longest_silence(ahead, fills, fitting)
            return self._joined(ahead[:count]), ahead[count - 1].runs_on
        crossed = ahead[fitting]
        end_sample = self._quietest(crossed.end_sample - (fills[fitting] - self._room))
        return self._joined(
            [*ahead[:fitting], SpeechRegion(crossed.start_sample, end_sample)]
        ), True

    def _fills(self, ahead: Sequence[SpeechRegion]) -> list[int]:
        """Return how many samples of the window are taken after each region."""
        gaps = [0, *map(self._gap, ahead, ahead[1:])]
        kept = [gap if gap <= self._kept_gap else 0 for gap in gaps]
        lengths = [region.end_sample - region.start_sample for region in ahead]
        return list(accumulate(map(add, kept, lengths)))

    def _joined(self, regions: Sequence[SpeechRegion]) -> list[tuple[int, int]]:
        """Return the stretches of the file from the first to the last region, gaps left out."""
        stretches = [(regions[0].start_sample, regions[0].end_sample)]
        for before, region in pairwise(regions):
            start = region.start_sample
            if self._gap(before, region) <= self._kept_gap:
                start, _ = stretches.pop()
            stretches.append((start, region.end_sample))
        return stretches

    def _longest_silence(
        self, ahead: Sequence[SpeechRegion], fills: Sequence[int], fitting: int
    ) -> int:
        """Return how many of the fitting regions to take, so that a long silence follows.

        A short pause is better than a dip in speech that goes on.
        """
        full_enough = (1 - _CHOICE) * self._room
        choices = [count for count in range(1, fitting) if fills[count - 1] >= full_enough]

        def rank(count: int) -> tuple[bool, int, int]:
            last = ahead[count - 1]
            return not last.runs_on, self._gap(last, ahead[count]), count

        return max([*choices, fitting], key=rank)

    def _quietest(self, limit_sample: int) -> int:
        """Return the middle of the quietest moment shortly before ``limit_sample``."""
        averaged = int(_CUT_LEVEL_S * self._rate_hz)
        first = limit_sample - int(_CUT_SEARCH * self._room)
        energy = np.cumsum(np.square(self._samples[first:limit_sample], dtype=np.float64))
        levels = energy[averaged:] - energy[:-averaged]
        from_end = int(np.argmin(levels[::-1]))
        return limit_sample - from_end - averaged // 2

    @staticmethod
    def _gap(before: SpeechRegion, after: SpeechRegion) -> int:
        return after.start_sample - before.end_sample


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
            _file_sample(piece, round(outcome.start_s * sample_rate_hz)),
            _file_sample(piece, round(outcome.end_s * sample_rate_hz)),
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
