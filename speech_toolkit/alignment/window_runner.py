"""A batch of windows -> the log-probabilities of their frames, on the CPU.

Dimensions: B windows in a batch, F frames in a window, V labels.

A window for which the model's output is not finite in a narrow dtype is run again in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from speech_toolkit.checkpoint.not_finite import is_narrow, refuse_output
from speech_toolkit.outcomes import Outcome, outcome_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.alignment.recording import Window
    from speech_toolkit.checkpoint.overflow import OverflowWatch
    from speech_toolkit.device import Device

_MASK = "attention_mask"


class HeardWindow(NamedTuple):
    """What the model makes of one window.

    Attributes:
        log_probs_FV: float32, finite, of its kept frames.
        is_redone: whether it overflowed in a narrow dtype and was run again in float32.
    """

    log_probs_FV: np.ndarray
    is_redone: bool


class WindowRunner:
    """Runs windows through a model."""

    def __init__(
        self,
        model: PreTrainedModel,
        device: Device,
        float32_model: Callable[[], PreTrainedModel],
        frame_stride_s: float,
    ) -> None:
        """Take a model.

        Args:
            model: on ``device``, in evaluation mode.
            device: where the model is.
            float32_model: gives the same model in float32; asked for windows that overflow.
            frame_stride_s: seconds from one frame to the next.
        """
        self._model = model
        self._device = device
        self._float32_model = float32_model
        self._frame_stride_s = frame_stride_s
        self._watch = _watch_for(model, device)

    def run(self, batch: Sequence[Window]) -> list[Outcome[HeardWindow]]:
        """Run windows together; a window whose output cannot be used fails alone.

        Its outcome has a CheckpointError where the weights hold NaN, and a DeviceError where its
        log-probabilities are not finite in float32 either.
        """
        found, is_sound = self._watched(batch)
        outcomes = []
        for window, rows_FV, is_whole in zip(batch, found, is_sound, strict=True):
            if is_whole and np.isfinite(rows_FV).all():
                outcomes.append(Outcome(result=HeardWindow(rows_FV, False)))
                continue
            model, is_redone = self._model, is_narrow(self._model.dtype)
            if is_redone:
                model = self._float32_model()
                (rows_FV,) = self._log_probs(model, [window])
            outcomes.append(outcome_of(partial(self._checked, model, window, rows_FV, is_redone)))
        return outcomes

    def _watched(self, batch: Sequence[Window]) -> tuple[list[np.ndarray], list[bool]]:
        """Return the log-probabilities, and which windows a card that saturates left as they are.

        Elsewhere the log-probabilities show it themselves.
        """
        if self._watch is None:
            return self._log_probs(self._model, batch), [True] * len(batch)
        with self._watch.watching(len(batch)):
            found = self._log_probs(self._model, batch)
        return found, self._watch.is_sound().tolist()

    def _log_probs(self, model: PreTrainedModel, batch: Sequence[Window]) -> list[np.ndarray]:
        """Return float32 log-probabilities of shape (F, V), moved off the device once."""
        import torch

        with torch.inference_mode():
            joined = join_inputs([window.inputs() for window in batch])
            inputs = to_device(joined, model.dtype, self._device)
            logits_BFV = model(**inputs).logits.cpu()
            log_probs_BFV = torch.log_softmax(logits_BFV.float(), dim=-1).numpy()
        return [
            rows_FV[window.kept_rows] for window, rows_FV in zip(batch, log_probs_BFV, strict=True)
        ]

    def _checked(
        self, model: PreTrainedModel, window: Window, rows_FV: np.ndarray, is_redone: bool
    ) -> HeardWindow:
        """Return what a model made of a window.

        Raises:
            CheckpointError: it is not finite, and the weights hold NaN.
            DeviceError: it is not finite.
        """
        finite = np.isfinite(rows_FV).all(axis=1)
        if not finite.all():
            start_s = (window.start_frame + int(np.argmin(finite))) * self._frame_stride_s
            where = f"in {int((~finite).sum())} frames, from {start_s:.2f} s on"
            refuse_output(model, self._device, model.dtype, where)
        return HeardWindow(rows_FV, is_redone)


def _watch_for(model: PreTrainedModel, device: Device) -> OverflowWatch | None:
    """Return what looks for overflows that the model's output would not show."""
    import torch

    from speech_toolkit.checkpoint.overflow import OverflowWatch

    is_hidden = model.dtype is torch.float16 and device.saturates
    return OverflowWatch.of_all(model) if is_hidden else None


def join_inputs(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Join the arguments of a model by name, the shorter rows padded with zeros behind a mask.

    Args:
        parts: the arguments of each window, all by the same names: arrays of one row, whose
            second dimension is that of time. A mask is added where there is none and rows differ
            in length.
    """
    lengths = [next(iter(part.values())).shape[1] for part in parts]
    longest = max(lengths)
    if min(lengths) < longest:
        masks = (np.ones((1, length), np.int32) for length in lengths)
        parts = [{_MASK: mask, **part} for mask, part in zip(masks, parts, strict=True)]
    joined = {}
    for name, first in parts[0].items():
        joined[name] = np.zeros((len(parts), longest, *first.shape[2:]), first.dtype)
        for row, part, length in zip(joined[name], parts, lengths, strict=True):
            row[:length] = part[name][0]
    return joined


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
