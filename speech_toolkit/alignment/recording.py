"""What a model has heard of one recording so far, window by window.

Dimensions: F frames in a window, T frames of the whole recording, V labels.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from speech_toolkit.outcomes import Outcome

if TYPE_CHECKING:
    from speech_toolkit.alignment.windows import CutWaveform
    from speech_toolkit.progress import Progress

# What a wildcard costs per frame, against the frame's best label. A wildcard that cost nothing
# would be cheaper than speech the model is unsure of, and squeeze the transcript together; one
# that cost 2 would leave it to the words to stretch over what is not theirs.
WILDCARD_COST = 0.5


@dataclass(frozen=True)
class Emissions:
    """Log-probabilities of every label at every frame, on the CPU.

    Attributes:
        log_probs: float32 of shape (T, V), or (T, V + 1) with a wildcard in the last column, which
            scores ``WILDCARD_COST`` less than the best label of each frame.
        batch_size: windows that might run together at the end, below the number asked for after an
            out-of-memory.
        windows: how many windows the waveform was cut into.
        infer_s: seconds from the waveform to them; of the batches that it shared, its share by
            frames.
        warnings: what the user should know about how they were made.
    """

    log_probs: np.ndarray
    batch_size: int
    windows: int
    infer_s: float
    warnings: tuple[str, ...] = ()


def with_wildcard(log_probs: np.ndarray, columns: int) -> np.ndarray:
    """Return log-probabilities with the wildcard's column; themselves where they have it.

    Args:
        log_probs: float32 (T, V) or (T, V + 1).
        columns: V.
    """
    if log_probs.shape[1] > columns:
        return log_probs
    return np.column_stack([log_probs, log_probs.max(axis=1) - WILDCARD_COST])


@dataclass(frozen=True, eq=False)
class Window:
    """One window of a recording; it is equal to itself alone.

    Attributes:
        recording: which it is of.
        index: which of its windows it is.
        num_frames: F.
    """

    recording: Recording
    index: int
    num_frames: int

    def inputs(self) -> dict[str, np.ndarray]:
        """Return the model's arguments by name, one row each."""
        return self.recording.cut.inputs(range(self.index, self.index + 1))

    @property
    def kept_rows(self) -> slice:
        """Where its kept frames are among all that the model makes of it."""
        return self.recording.cut.plan.kept_rows(self.index)

    @property
    def start_frame(self) -> int:
        """The first frame of the recording that it answers for."""
        return self.recording.cut.plan.kept(self.index)[0]


class Recording:
    """A recording of which some windows may have been heard.

    Attributes:
        key: by which its owner knows it.
        cut: its windows.
        infer_s: seconds that have been spent on it.
        error: why it cannot be heard; None while nothing is wrong.
        warnings: what was said of the batches that its windows were in.
        redone: windows that overflowed in a narrow dtype and were run again in float32.
    """

    def __init__(
        self, key: Hashable, cut: CutWaveform, columns: int, wildcard: bool, progress: Progress
    ) -> None:
        """Begin with nothing heard.

        Args:
            key: see above.
            cut: see above.
            columns: V.
            wildcard: whether to add the wildcard's column in the end.
            progress: shows a bar of windows until the recording is closed.
        """
        self.key = key
        self.cut = cut
        self.infer_s = 0.0
        self.error: Exception | None = None
        self.warnings: list[str] = []
        self.redone: set[int] = set()
        self._heard: set[int] = set()
        self._columns = columns
        self._log_probs = np.zeros((cut.plan.num_frames, columns + wildcard), dtype=np.float32)
        self._closing = ExitStack()
        self._bar = self._closing.enter_context(
            progress.progress_bar(total=len(cut.plan), label="Inference", unit="window")
        )

    def windows(self) -> list[Window]:
        """Return all its windows in order."""
        num_frames = self.cut.plan.window_frames
        return [Window(self, index, num_frames) for index in range(len(self.cut.plan))]

    def keep(self, rows: Mapping[int, np.ndarray]) -> None:
        """Keep the log-probabilities of the kept frames of windows, (F, V), by their index."""
        for index, rows_FV in rows.items():
            first, end = self.cut.plan.kept(index)
            self._log_probs[first:end, : self._columns] = rows_FV
        self._heard.update(rows)
        self._bar.update(len(rows))

    def has_heard(self, window: Window) -> bool:
        """Whether a window of its need not be run any more."""
        return window.index in self._heard

    @property
    def is_begun(self) -> bool:
        """Whether some window has been heard."""
        return bool(self._heard)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be run."""
        return self.error is not None or len(self._heard) == len(self.cut.plan)

    def outcome(self, batch_size: int) -> Outcome[Emissions]:
        """Return what was heard, or why it was not, once it is done.

        Args:
            batch_size: windows that may run together now.
        """
        if self.error is not None:
            return Outcome(error=self.error)
        log_probs, columns = self._log_probs, self._columns
        if log_probs.shape[1] > columns:
            log_probs[:, columns] = log_probs[:, :columns].max(axis=1) - WILDCARD_COST
        emissions = Emissions(
            log_probs, batch_size, len(self.cut.plan), self.infer_s, tuple(self.warnings)
        )
        return Outcome(result=emissions)

    def close(self) -> None:
        """Take its bar away."""
        self._closing.close()
