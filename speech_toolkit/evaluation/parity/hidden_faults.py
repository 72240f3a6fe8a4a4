"""Signs that a device did not do the work itself, or hides what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from speech_toolkit.device import Device


def count_saturated(arrays: Iterable[np.ndarray], dtype: str) -> int:
    """Count the values at or beyond the largest finite one of a dtype, infinities left out.

    Args:
        arrays: results, in any dtype that holds them.
        dtype: in which they were computed: "float32", "float16", "bfloat16" or "float64".
    """
    import torch

    largest = torch.finfo(getattr(torch, dtype)).max
    return sum(
        int(np.count_nonzero(np.isfinite(array) & (np.abs(array) >= largest))) for array in arrays
    )


def misplaced_tensors(
    model: torch.nn.Module, outputs: Mapping[str, torch.Tensor], device: Device
) -> list[str]:
    """Name the weights, buffers and outputs that are not on the device, each with its place."""
    tensors = [*model.named_parameters(), *model.named_buffers(), *outputs.items()]
    return [
        f"{name} on {tensor.device}"
        for name, tensor in tensors
        if str(tensor.device) != device.name
    ]
