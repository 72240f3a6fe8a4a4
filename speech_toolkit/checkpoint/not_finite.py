"""Output that is NaN or infinite: what a narrow dtype does, and what the weights or the device do.

float16 ends at 65504. Whether a model that was trained in float32 stays below it is decided by the
audio, window by window; so such windows are run once more in float32, and what is not finite there
either is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from speech_toolkit.errors import CheckpointError, DeviceError
from speech_toolkit.files.json_input import shown_path

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.device import Device

_FLOAT32_BYTES = 4
_LISTED_WINDOWS = 5


def is_narrow(dtype: torch.dtype) -> bool:
    """Tell whether float32 may hold what overflows in this dtype."""
    return dtype.itemsize < _FLOAT32_BYTES


def redone_warning(dtype: torch.dtype, starts_s: Sequence[float], windows: int) -> str:
    """Return what to tell of windows that were run again in float32.

    Args:
        dtype: in which they overflowed.
        starts_s: where each begins, in order; at least one.
        windows: how many there are in all.
    """
    name = str(dtype).removeprefix("torch.")
    listed = ", ".join(f"{start_s:.2f} s" for start_s in starts_s[:_LISTED_WINDOWS])
    more = len(starts_s) - _LISTED_WINDOWS
    if more > 0:
        listed += f" and {more} more"
    return (
        f"{name} overflowed in {len(starts_s)} of {windows} windows (from {listed} on): they were "
        "run again in float32, whose weights take memory of their own; with --dtype float32 "
        "nothing is run twice"
    )


def refuse_output(
    model: PreTrainedModel, device: Device, dtype: torch.dtype, where: str
) -> NoReturn:
    """Raise because the model's output is NaN or infinite, and say what to do.

    Args:
        model: whose output it is.
        device: that it ran on.
        dtype: of the computation.
        where: in the audio, such as "in the window from 30.00 s on".

    Raises:
        CheckpointError: the weights themselves do it.
        DeviceError: the computation made it.
    """
    _refuse_broken_weights(model)
    advice = "use --dtype float32 (or bfloat16 where float16 overflows)"
    if not is_narrow(dtype):
        advice = "its weights do not fit its config.json: download the checkpoint again"
        if device.is_card:
            advice = f"try --device cpu; if that says so too, {advice}"
    raise DeviceError(
        f"{device.name}: the model's output in {dtype} is NaN or Inf {where}; {advice}"
    )


def _refuse_broken_weights(model: PreTrainedModel) -> None:
    """Raise if the weights themselves are why the model's output is NaN or infinite.

    Infinity in a narrow dtype is no fault of the checkpoint: a wider one may hold its weights.

    Raises:
        CheckpointError: a weight is NaN, or infinite in float32.
    """
    for name, weight in model.named_parameters():
        values = weight.detach()
        broken = values.isnan() if is_narrow(values.dtype) else ~values.isfinite()
        if count := int(broken.sum()):
            raise CheckpointError(
                f"{shown_path(model.config.name_or_path)}: its weights hold NaN or infinity "
                f"({count} of {values.numel()} in {name}), so no audio can give a result; "
                "download the checkpoint again, or take an earlier state of the training"
            )
