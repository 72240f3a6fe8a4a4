"""The tensors that go into and come out of one call of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.files.scratch import scratch_errors


@dataclass(frozen=True)
class LocalCall:
    """A module that is called once more, with the reference's inputs.

    Attributes:
        name: of the call.
        expected: the reference's results.
        result: those of the module here.
        again: calls it once more, with inputs of the values of a dtype where one is named.
        in_float64: does so in float64.
    """

    name: str
    expected: list[np.ndarray]
    result: list[np.ndarray]
    again: Callable[[str | None], list[np.ndarray]]
    in_float64: Callable[[], list[np.ndarray]]

    def write(self, directory: Path) -> None:
        """Leave the results in a directory, for `read`."""
        with scratch_errors():
            np.savez(directory / f"module {self.name}.npz", *self.result)

    def read(self, directory: Path) -> list[np.ndarray] | None:
        """Return what this call of another process left in a directory; None where none did."""
        path = directory / f"module {self.name}.npz"
        if not path.exists():
            return None
        with np.load(path) as archive:
            found = list(archive.values())
        same = [array.shape for array in found] == [array.shape for array in self.expected]
        return found if same else None


def floats_in(value: Any) -> list[torch.Tensor]:
    """Return the floating-point tensors in nested tuples, lists and dicts, in order."""
    if isinstance(value, torch.Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in floats_in(part)]
    return []


def with_floats(
    value: Any, replacements: Iterator[np.ndarray], dtype: torch.dtype | None = None
) -> Any:
    """Return ``value`` with its floating-point tensors replaced, on their devices.

    Args:
        value: tensors in tuples, lists and dicts.
        replacements: one for each.
        dtype: of the new tensors; None for those of the old ones.
    """
    if isinstance(value, torch.Tensor):
        if not value.is_floating_point():
            return value
        return torch.from_numpy(next(replacements)).to(dtype or value.dtype).to(value.device)
    if isinstance(value, dict):
        return {key: with_floats(part, replacements, dtype) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(with_floats(part, replacements, dtype) for part in value)
    return value


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Bring a tensor to the host as float32, float64 as it is."""
    host = tensor.detach().cpu()
    return (host if host.dtype is torch.float64 else host.float()).numpy()


def worst_error(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    """Return the largest relative error of any pair; infinite where their shapes differ."""
    return max(
        relative_error(b, c) if b.shape == c.shape else float("inf")
        for b, c in zip(expected, found, strict=True)
    )
