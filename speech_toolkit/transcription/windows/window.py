"""What the model hears at once: stretches of the file, and where its seconds are in the file."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from speech_toolkit.transcription.windows.speech import MARGIN_S


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

    def file_sample(self, position: int) -> int:
        """Map a sample of the window to the file; one outside goes to the edge of the piece."""
        inside = min(max(position - self.offset_samples, 0), self.num_samples)
        return self.start_sample + inside


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

    def rest(self, from_s: float, index: int) -> Window:
        """Return a window of what it holds behind a time in it.

        Args:
            from_s: seconds from its start, before its end.
            index: of the new one.
        """
        position = round(from_s * self.sample_rate_hz)
        opened = self._piece_at(position)
        later = [piece for piece in self.pieces if piece.offset_samples > opened.offset_samples]
        pieces = (
            Piece(opened.file_sample(position), opened.end_sample, 0),
            *(replace(each, offset_samples=each.offset_samples - position) for each in later),
        )
        return replace(self, index=index, pieces=pieces)

    def to_file_sample(self, window_time_s: float) -> int:
        """Map a time in the window to a sample of the file; never falls as the time rises.

        Args:
            window_time_s: seconds from the start of the window; times outside go to its edges.
        """
        position = round(window_time_s * self.sample_rate_hz)
        return self._piece_at(position).file_sample(position)

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
            first.file_sample(start) / self.sample_rate_hz,
            last.file_sample(end) / self.sample_rate_hz,
        )

    def _piece_at(self, position: int) -> Piece:
        """Return the piece that holds a sample of the window."""
        later = self.pieces[1:]
        index = bisect_right(later, position, key=lambda piece: piece.offset_samples)
        return self.pieces[index]
