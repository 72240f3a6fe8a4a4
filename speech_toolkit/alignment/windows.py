"""Which windows, with context, a waveform of any length is cut into.

Dimensions: B windows in a batch, F frames in a window, T frames of the whole waveform.

Every window of a waveform has the same number of frames, those at the edges too: a window that
would reach over an edge is moved inwards and so sees more context on its other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from speech_toolkit.errors import TooShortAudioError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from speech_toolkit.alignment.models.protocol import CtcCheckpoint, ModelInput
    from speech_toolkit.audio.waveform import Waveform


@dataclass(frozen=True)
class WindowPlan:
    """Which frames each window of a waveform is asked for.

    Attributes:
        num_frames: T, frames of the whole waveform.
        window_frames: F, frames that the model makes of one window, context included.
        kept_frames: frames kept of one window (fewer of the last one).
        context_frames: frames of context on either side of the kept ones, away from the edges.
    """

    num_frames: int
    window_frames: int
    kept_frames: int
    context_frames: int

    @classmethod
    def cover(cls, num_frames: int, kept_frames: int, context_frames: int) -> WindowPlan:
        """Plan windows over ``num_frames``; one window takes all where they fit into one."""
        window_frames = kept_frames + 2 * context_frames
        if num_frames <= window_frames:
            return cls(num_frames, num_frames, num_frames, 0)
        return cls(num_frames, window_frames, kept_frames, context_frames)

    def __len__(self) -> int:
        return -(-self.num_frames // self.kept_frames)

    def kept(self, window: int) -> tuple[int, int]:
        """Return the half-open range of frames that ``window`` answers for."""
        start = window * self.kept_frames
        return start, min(start + self.kept_frames, self.num_frames)

    def kept_rows(self, window: int) -> slice:
        """Return where its kept frames are among all that the model makes of it."""
        first, end = self.kept(window)
        return slice(first - self.start(window), end - self.start(window))

    def start(self, window: int) -> int:
        """Return the first frame that ``window`` sees."""
        wanted = window * self.kept_frames - self.context_frames
        return min(max(wanted, 0), self.num_frames - self.window_frames)


@dataclass(frozen=True)
class CutWaveform:
    """A waveform with the windows that the model is given of it.

    Attributes:
        whole: the waveform in the form that the model takes.
        plan: which frames each window is asked for.
    """

    whole: ModelInput
    plan: WindowPlan

    def inputs(self, group: range) -> dict[str, np.ndarray]:
        """Return the model's arguments by name for a group of B windows, B rows each."""
        return self.whole.windows(list(map(self.plan.start, group)), self.plan.window_frames)


def cut_windows(
    waveform: Waveform, checkpoint: CtcCheckpoint, window_s: float, context_s: float
) -> CutWaveform:
    """Plan the windows of a waveform.

    Args:
        waveform: mono, at the model's rate.
        checkpoint: of the model: its frames, and the form in which it takes a waveform.
        window_s: seconds kept of a window, above 0.
        context_s: seconds of context on either side of them, at least 0.

    Raises:
        AudioError: the waveform is shorter than one frame.
        UsageError: a window is longer than the model takes.
    """
    geometry = checkpoint.geometry
    num_frames = geometry.frames(len(waveform.samples))
    if num_frames < 1:
        raise TooShortAudioError(
            f"{waveform.source}: {len(waveform.samples)} samples are shorter than one frame of "
            f"{geometry.fewest_samples}; use a longer recording"
        )
    kept_frames, context_frames = (
        round(min(length_s, waveform.duration_s) / geometry.stride_s)
        for length_s in (window_s, context_s)
    )
    plan = WindowPlan.cover(num_frames, max(1, kept_frames), context_frames)
    if checkpoint.most_frames is not None and plan.window_frames > checkpoint.most_frames:
        asked_s, most_s = (
            frames * geometry.stride_s for frames in (plan.window_frames, checkpoint.most_frames)
        )
        raise UsageError(
            f"a window of {asked_s:g} s, with its context, is longer than the {most_s:g} s that "
            "the model takes; lower --window_s or --context_s"
        )
    return CutWaveform(checkpoint.model_input(waveform), plan)
