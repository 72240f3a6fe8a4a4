"""Waveform -> log-probabilities of the labels, frame by frame, in windows with context.

Dimensions: B windows in a batch, S samples in a window, F frames in a window, T frames of the
whole waveform, V labels.

Every window has the same number of samples, those at the edges too: a window that would reach
over an edge is moved inwards and so sees more context on its other side. No window is padded, so
no mask is needed and no frame depends on how long its neighbours in a batch are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from speech_toolkit.checkpoint.pretrained import refuse_output
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.errors import AudioError

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC

    from speech_toolkit.alignment.models.ctc_model import FrameGeometry
    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device.device import Device
    from speech_toolkit.progress import Progress

# What a wildcard costs per frame, against the frame's best label. A wildcard that cost nothing
# would be cheaper than speech the model is unsure of, and squeeze the transcript together; one
# that cost 2 would leave it to the words to stretch over what is not theirs.
WILDCARD_COST = 0.5

_VARIANCE_FLOOR = 1e-7
_STATISTICS_BLOCK_SAMPLES = 1 << 20


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
        waveform: the whole.
        plan: which frames each window is asked for.
        geometry: from samples to frames.
        mean: taken off every sample.
        scale: what the rest is multiplied by.
    """

    waveform: Waveform
    plan: WindowPlan
    geometry: FrameGeometry
    mean: float
    scale: float

    def samples(self, group: range) -> np.ndarray:
        """Return the samples of a group of windows, float32 (B, S), normalised."""
        length = self.geometry.samples(self.plan.window_frames)
        windows_BS = np.empty((len(group), length), dtype=np.float32)
        for row, window in zip(windows_BS, group, strict=True):
            start = self.plan.start(window) * self.geometry.stride_samples
            row[:] = self.waveform.samples[start : start + length]
        windows_BS -= self.mean
        windows_BS *= self.scale
        return windows_BS


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
    model: Wav2Vec2ForCTC,
    waveform: Waveform,
    geometry: FrameGeometry,
    device: Device,
    *,
    window_s: float,
    context_s: float,
    batch_size: int,
    normalize: bool,
    wildcard: bool,
    progress: Progress,
) -> Emissions:
    """Run the model over a waveform of any length in device memory that does not grow with it.

    Args:
        model: on ``device``, in evaluation mode.
        waveform: mono, at the model's rate, of at least one frame.
        geometry: from samples to frames.
        device: where the model is.
        window_s: seconds kept of a window, above 0.
        context_s: seconds of context on either side of them, at least 0.
        batch_size: windows that run together; halved as often as the device is out of memory.
        normalize: bring the whole waveform to zero mean and unit variance first.
        wildcard: add the wildcard column.
        progress: where progress is shown.

    Returns:
        The emissions, moved off the device once per batch.

    Raises:
        AudioError: the waveform is shorter than one frame.
        DeviceError: out of memory with a single window, an operator failed on a card, or the
            model's output is not finite.
    """
    cut = cut_windows(waveform, geometry, window_s, context_s, normalize=normalize)
    plan = cut.plan
    columns = model.config.vocab_size
    log_probs = np.zeros((plan.num_frames, columns + wildcard), dtype=np.float32)
    advice = (
        f"a window has {geometry.samples(plan.window_frames)} samples: lower --window_s or "
        "--context_s, use --dtype float16, or free the device"
    )
    batches = HalvingBatches(device, batch_size, advice, progress.warning)
    with progress.progress_bar(total=len(plan), label="Inference", unit="window") as bar:

        def compute(group: range) -> range:
            log_probs_BFV = _run_batch(model, cut.samples(group), device)
            for index, rows_FV in zip(group, log_probs_BFV, strict=True):
                first, end = plan.kept(index)
                log_probs[first:end, :columns] = rows_FV[plan.kept_rows(index)]
            _refuse_non_finite(log_probs, plan, group, geometry, model, device)
            bar.update(len(group))
            return group

        batches.run(compute, range(len(plan)))
    if wildcard:
        log_probs[:, columns] = log_probs[:, :columns].max(axis=1) - WILDCARD_COST
    return Emissions(log_probs, batches.size, len(plan), tuple(batches.warnings))


def cut_windows(
    waveform: Waveform,
    geometry: FrameGeometry,
    window_s: float,
    context_s: float,
    *,
    normalize: bool,
) -> CutWaveform:
    """Plan the windows of a waveform.

    Args:
        waveform: mono, at the model's rate.
        geometry: from samples to frames.
        window_s: seconds kept of a window, above 0.
        context_s: seconds of context on either side of them, at least 0.
        normalize: bring the whole waveform to zero mean and unit variance.

    Raises:
        AudioError: the waveform is shorter than one frame.
    """
    num_frames = geometry.frames(len(waveform.samples))
    if num_frames < 1:
        raise AudioError(
            f"{waveform.source}: {len(waveform.samples)} samples are shorter than one frame of "
            f"{geometry.receptive_field_samples}; use a longer recording"
        )
    kept_frames, context_frames = (
        round(min(length_s, waveform.duration_s) / geometry.stride_s)
        for length_s in (window_s, context_s)
    )
    plan = WindowPlan.cover(num_frames, max(1, kept_frames), context_frames)
    mean, scale = _normalization(waveform.samples) if normalize else (0.0, 1.0)
    return CutWaveform(waveform, plan, geometry, mean, scale)


def _normalization(samples: np.ndarray) -> tuple[float, float]:
    """Return the mean and the scale that give ``samples`` zero mean and unit variance.

    Wav2Vec2FeatureExtractor's formula, summed in float64 by blocks, so that no second copy of
    the waveform is made.
    """
    starts = range(0, len(samples), _STATISTICS_BLOCK_SAMPLES)
    blocks = [slice(start, start + _STATISTICS_BLOCK_SAMPLES) for start in starts]
    mean = sum(np.sum(samples[block], dtype=np.float64) for block in blocks) / len(samples)
    squares = sum(np.sum(np.square(samples[block] - mean, dtype=np.float64)) for block in blocks)
    return float(mean), float(1.0 / np.sqrt(squares / len(samples) + _VARIANCE_FLOOR))


def _run_batch(model: Wav2Vec2ForCTC, windows_BS: np.ndarray, device: Device) -> np.ndarray:
    """Return float32 log-probabilities of shape (B, F, V), moved off the device once."""
    import torch

    with torch.inference_mode():
        inputs_BS = torch.from_numpy(windows_BS).to(model.dtype).to(device.name)
        logits_BFV = model(inputs_BS).logits.cpu()
        return torch.log_softmax(logits_BFV.float(), dim=-1).numpy()


def _refuse_non_finite(
    log_probs: np.ndarray,
    plan: WindowPlan,
    group: range,
    geometry: FrameGeometry,
    model: Wav2Vec2ForCTC,
    device: Device,
) -> None:
    """Raise when the frames just written hold NaN or Inf, with the first one's time.

    Raises:
        CheckpointError: the weights themselves do.
        DeviceError: the computation made them.
    """
    first, end = plan.kept(group.start)[0], plan.kept(group.stop - 1)[1]
    finite = np.isfinite(log_probs[first:end]).all(axis=1)
    if finite.all():
        return
    frame = first + int(np.argmin(finite))
    where = f"in {int((~finite).sum())} frames, from {frame * geometry.stride_s:.2f} s on"
    refuse_output(model, device, model.dtype, where)
