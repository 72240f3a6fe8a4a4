"""Regions of speech -> the windows that the model hears.

A window holds as many regions as fit. Short gaps between them stay; long ones are left out, and
the regions, which carry a margin of silence, are joined there.

Who leads a file's windows to a model needs nothing of the file but its planner: ``next`` says where
they lie, ``samples`` cuts one out, ``release`` tells what is done with, ``speech_s`` and
``speech_left_s`` say how much speech lies between two samples and behind one. The file may still be
being read: ``next`` waits until what is known of it suffices, ``samples`` and ``speech_s`` take
what a planned window reaches, and ``speech_left_s`` is infinite until the end of the file has been
read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf
from operator import add

import numpy as np

from speech_toolkit.errors import UsageError
from speech_toolkit.transcription.windows.recording import Recording
from speech_toolkit.transcription.windows.speech import SpeechRegion
from speech_toolkit.transcription.windows.window import Piece, Window

_KEPT_GAP_S = 0.3  # between two regions with their margins: 0.8 s from word to word
_LONG_PAUSE_S = 8.0  # between two regions: what follows is of another scene, and begins a window
_LEAST_SCENE = 1 / 6  # of a window; after less, a long pause is one like any
_CHOICE = 0.1  # of a window, at its end, in which the longest of the silences is taken
_LEAST_FILL = 0.5  # of a window; emptier ones are cut in the speech that follows instead
_CUT_SEARCH = 1 / 6  # of a window, at its end, in which the quietest point is looked for
_CUT_LEVEL_S = 0.1  # over which loudness is averaged there
_LEAST_WINDOW_S = 1.0


class WindowPlanner:
    """Packs regions of speech into windows that end in silences.

    Audio that fits into one window as it is, is one window. Else each window takes regions until
    a long pause or until it is full, and then ends at the longest of the last silences within
    reach. A region longer than a window is cut at its quietest point.

    Args:
        recording: what is known of the file.
        max_window_s: longest window in seconds, at least 1.

    Raises:
        UsageError: ``max_window_s`` is below that.
    """

    def __init__(self, recording: Recording, max_window_s: float) -> None:
        if max_window_s < _LEAST_WINDOW_S:
            raise UsageError(
                f"chunk length {max_window_s:g} s: give at least {_LEAST_WINDOW_S:g} s"
            )
        self._recording = recording
        self._rate_hz = recording.sample_rate_hz
        self._room = int(max_window_s * self._rate_hz)
        self._kept_gap = int(_KEPT_GAP_S * self._rate_hz)

    def next(self, from_sample: int, index: int) -> Window | None:
        """Plan one window.

        Args:
            from_sample: where in the file it may begin.
            index: of the window.

        Returns:
            None where no speech follows.

        Raises:
            AudioError: the file turned out to be of no use.
        """
        is_long = self._recording.exceeds(self._room)
        ahead = self._recording.speech_from(from_sample, more_than=self._room)
        if not ahead:
            return None
        if is_long:
            stretches, cut = self._fill(ahead)
        else:
            stretches, cut = [(from_sample, self._recording.read_samples)], False
        pieces: list[Piece] = []
        for start, end in stretches:
            offset = pieces[-1].offset_samples + pieces[-1].num_samples if pieces else 0
            pieces.append(Piece(start, end, offset))
        return Window(index, tuple(pieces), cut, self._rate_hz)

    def samples(self, window: Window) -> np.ndarray:
        """Return the samples of a planned window, float32 (N,), none of which is released yet."""
        parts = [
            self._recording.samples(piece.start_sample, piece.end_sample) for piece in window.pieces
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def release(self, before_sample: int) -> None:
        """Take it that nobody asks for samples before this one any more.

        A window that is planned from ``before_sample`` on, or later, can still be cut out.
        """
        self._recording.release(before_sample)

    def speech_left_s(self, from_sample: int) -> float:
        """Return how many seconds of speech there are behind a sample; infinite if not known."""
        recording = self._recording
        return self.speech_s(from_sample, recording.read_samples) if recording.is_read else inf

    def speech_s(self, from_sample: int, to_sample: int) -> float:
        """Return how many seconds of speech there are between two samples of the file."""
        return self._recording.speech_samples(from_sample, to_sample) / self._rate_hz

    def _fill(self, ahead: Sequence[SpeechRegion]) -> tuple[list[tuple[int, int]], bool]:
        """Choose the stretches of the file that make up a window, and whether it is a cut."""
        fills = self._fills(ahead)
        fitting = bisect_right(fills, self._room)
        scene = self._scene(ahead[:fitting], fills)
        if scene < fitting or fitting == len(ahead):
            return self._joined(ahead[:scene]), False
        if fitting and fills[fitting - 1] >= _LEAST_FILL * self._room:
            count = self._longest_silence(ahead, fills, fitting)
            return self._joined(ahead[:count]), ahead[count - 1].runs_on
        crossed = ahead[fitting]
        end_sample = self._quietest(crossed.end_sample - (fills[fitting] - self._room))
        return self._joined(
            [*ahead[:fitting], SpeechRegion(crossed.start_sample, end_sample)]
        ), True

    def _scene(self, fitting: Sequence[SpeechRegion], fills: Sequence[int]) -> int:
        """Return how many of the fitting regions come before a long pause; all where none is.

        Beside what was said long before, a model is apt to pass over sentences.
        """
        long_pause = int(_LONG_PAUSE_S * self._rate_hz)
        for count, (before, after) in enumerate(pairwise(fitting), start=1):
            is_long = self._gap(before, after) >= long_pause
            if is_long and fills[count - 1] >= _LEAST_SCENE * self._room:
                return count
        return len(fitting)

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
        samples = self._recording.samples(first, limit_sample)
        energy = np.cumsum(np.square(samples, dtype=np.float64))
        levels = energy[averaged:] - energy[:-averaged]
        from_end = int(np.argmin(levels[::-1]))
        return limit_sample - from_end - averaged // 2

    @staticmethod
    def _gap(before: SpeechRegion, after: SpeechRegion) -> int:
        return after.start_sample - before.end_sample
