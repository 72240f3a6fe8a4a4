"""Waveform -> log-probabilities of the labels, frame by frame, in windows with context.

Dimensions: B windows in a batch, F frames in a window, T frames of the whole waveform, V labels.

Every window has the same number of frames, those at the edges too: a window that would reach
over an edge is moved inwards and so sees more context on its other side. So no frame depends on
how long its neighbours in a batch are.

A window for which the model's output is not finite in a narrow dtype is run again in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from speech_toolkit.checkpoint.not_finite import is_narrow, redone_warning, refuse_output
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.errors import TooShortAudioError, UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.alignment.models.protocol import CtcCheckpoint, ModelInput
    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.checkpoint.overflow import OverflowWatch
    from speech_toolkit.device import Device
    from speech_toolkit.progress import Progress

# What a wildcard costs per frame, against the frame's best label. A wildcard that cost nothing
# would be cheaper than speech the model is unsure of, and squeeze the transcript together; one
# that cost 2 would leave it to the words to stretch over what is not theirs.
WILDCARD_COST = 0.5
_SMALLER_WINDOWS = "lower --window_s or --context_s, use --dtype float16, or free the device"


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


@dataclass(frozen=True)
class Emissions:
    """Log-probabilities of every label at every frame, on the CPU.

    Attributes:
        log_probs: float32 of shape (T, V), or (T, V + 1) with a wildcard in the last column, which
            scores ``WILDCARD_COST`` less than the best label of each frame.
        batch_size: windows per batch at the end, below the one asked for after an out-of-memory.
        windows: how many windows the waveform was cut into.
        warnings: what the user should know about how they were made.
    """

    log_probs: np.ndarray
    batch_size: int
    windows: int
    warnings: tuple[str, ...] = ()


def compute_emissions(
    model: PreTrainedModel,
    checkpoint: CtcCheckpoint,
    waveform: Waveform,
    device: Device,
    float32_model: Callable[[], PreTrainedModel],
    *,
    window_s: float,
    context_s: float,
    batch_size: int,
    wildcard: bool,
    progress: Progress,
) -> Emissions:
    """Run the model over a waveform of any length in device memory that does not grow with it.

    Args:
        model: on ``device``, in evaluation mode.
        checkpoint: that the model was loaded from.
        waveform: mono, at the model's rate, of at least one frame.
        device: where the model is.
        float32_model: gives the same model in float32; asked for windows that overflow in the
            model's own dtype.
        window_s: seconds kept of a window, above 0.
        context_s: seconds of context on either side of them, at least 0.
        batch_size: windows that run together; halved as often as the device is out of memory.
        wildcard: add the wildcard column.
        progress: where progress is shown.

    Raises:
        AudioError: the waveform is shorter than one frame.
        CheckpointError: the weights hold NaN.
        DeviceError: out of memory with one window, a failed operator, or output that is not finite
            in float32 either.
        UsageError: a window is longer than the model takes.
    """
    cut = cut_windows(waveform, checkpoint, window_s, context_s)
    columns = model.config.vocab_size
    log_probs = np.zeros((cut.plan.num_frames, columns + wildcard), dtype=np.float32)
    window_samples = checkpoint.geometry.samples(cut.plan.window_frames)
    advice = f"a window has {window_samples} samples: {_SMALLER_WINDOWS}"
    batches = HalvingBatches(device, batch_size, advice, progress.warning)
    runner = _WindowRunner(model, cut, device, float32_model, checkpoint.geometry.stride_s)
    with progress.progress_bar(total=len(cut.plan), label="Inference", unit="window") as bar:

        def compute(group: range) -> range:
            for index, rows_FV in zip(group, runner.run(group), strict=True):
                first, end = cut.plan.kept(index)
                log_probs[first:end, :columns] = rows_FV
            bar.update(len(group))
            return group

        batches.run(compute, range(len(cut.plan)))
    if wildcard:
        log_probs[:, columns] = log_probs[:, :columns].max(axis=1) - WILDCARD_COST
    for warning in runner.warnings():
        progress.warning(warning)
    warnings = (*batches.warnings, *runner.warnings())
    return Emissions(log_probs, batches.size, len(cut.plan), warnings)


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


class _WindowRunner:
    """Runs windows of a waveform, those that overflow in a narrow dtype once more in float32."""

    def __init__(
        self,
        model: PreTrainedModel,
        cut: CutWaveform,
        device: Device,
        float32_model: Callable[[], PreTrainedModel],
        frame_stride_s: float,
    ) -> None:
        self._model = model
        self._cut = cut
        self._device = device
        self._float32_model = float32_model
        self._frame_stride_s = frame_stride_s
        self._overflowed: set[int] = set()
        self._watch = _watch_for(model, device)

    def run(self, group: range) -> list[np.ndarray]:
        """Return the log-probabilities of the kept frames of each window in a group, (F, V).

        Raises:
            CheckpointError: the weights hold NaN.
            DeviceError: they are not finite in float32 either.
        """
        found, is_sound = self._watched(group)
        for place, window in enumerate(group):
            if is_sound[place] and np.isfinite(found[place]).all():
                continue
            model = self._model
            if is_narrow(model.dtype):
                model = self._float32_model()
                found[place : place + 1] = self._log_probs(model, range(window, window + 1))
                self._overflowed.add(window)
            if where := self._not_finite(found[place], window):
                refuse_output(model, self._device, model.dtype, where)
        return found

    def warnings(self) -> list[str]:
        """Return which windows were run again."""
        if not self._overflowed:
            return []
        plan = self._cut.plan
        starts_s = [plan.kept(each)[0] * self._frame_stride_s for each in sorted(self._overflowed)]
        return [redone_warning(self._model.dtype, starts_s, len(plan))]

    def _watched(self, group: range) -> tuple[list[np.ndarray], list[bool]]:
        """Return the log-probabilities, and which windows a card that saturates left as they are.

        Elsewhere the log-probabilities show it themselves.
        """
        if self._watch is None:
            return self._log_probs(self._model, group), [True] * len(group)
        with self._watch.watching(len(group)):
            found = self._log_probs(self._model, group)
        return found, self._watch.is_sound().tolist()

    def _log_probs(self, model: PreTrainedModel, group: range) -> list[np.ndarray]:
        """Return float32 log-probabilities of shape (F, V), moved off the device once."""
        import torch

        with torch.inference_mode():
            inputs = to_device(self._cut.inputs(group), model.dtype, self._device)
            logits_BFV = model(**inputs).logits.cpu()
            log_probs_BFV = torch.log_softmax(logits_BFV.float(), dim=-1).numpy()
        plan = self._cut.plan
        return [
            rows_FV[plan.kept_rows(window)]
            for window, rows_FV in zip(group, log_probs_BFV, strict=True)
        ]

    def _not_finite(self, log_probs_FV: np.ndarray, window: int) -> str | None:
        """Return which frames hold NaN or Inf, such as "in 2 frames, from 0.60 s on"."""
        finite = np.isfinite(log_probs_FV).all(axis=1)
        if finite.all():
            return None
        frame = self._cut.plan.kept(window)[0] + int(np.argmin(finite))
        count = int((~finite).sum())
        return f"in {count} frames, from {frame * self._frame_stride_s:.2f} s on"


def _watch_for(model: PreTrainedModel, device: Device) -> OverflowWatch | None:
    """Return what looks for overflows that the model's output would not show."""
    import torch

    from speech_toolkit.checkpoint.overflow import OverflowWatch

    is_hidden = model.dtype is torch.float16 and device.saturates
    return OverflowWatch.of_all(model) if is_hidden else None


def to_device(
    inputs: Mapping[str, np.ndarray], dtype: torch.dtype, device: Device
) -> dict[str, torch.Tensor]:
    """Copy a model's arguments to its device, floats in its dtype, masks as they are."""
    import torch

    tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
    return {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).to(device.name)
        for name, tensor in tensors.items()
    }
