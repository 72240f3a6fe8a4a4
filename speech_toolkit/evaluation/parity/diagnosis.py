"""Why a module's result is off: hypotheses tried on one module's inputs and outputs.

Letters: B batch, C channels, R rows (all axes but the last, or but the channels).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from speech_toolkit.evaluation.metrics.numeric import relative_error

_FITS = 0.1  # a hypothesis holds if it leaves less than this share of the error
_SAME_ROUNDING = 1.3  # errors of one rounding, on the same input, differ by less than this factor
_FEW_CHANNELS = 0.1
_UNRELATED = 0.05
_MOST_OF_ERROR = 0.99


def explain(
    module: torch.nn.Module,
    rounding: Mapping[str, float],
    inputs: Sequence[np.ndarray],
    expected: np.ndarray,
    found: np.ndarray,
) -> str | None:
    """Say what would make a module compute what it did, as far as that can be told.

    Args:
        module: the candidate's.
        rounding: local error that each number format would give, as far as known.
        inputs: what the module was given.
        expected: the reference's result.
        found: the candidate's result on the same inputs.

    Returns:
        A clause for a report, None where no hypothesis fits.
    """
    if expected.shape != found.shape:
        return f"its shape is {found.shape}, not {expected.shape}"
    if not np.isfinite(found).all():
        return _non_finite(found)
    if "GELU" in type(module).__name__ and _is_tanh_form(inputs[0], expected, found):
        return "as GELU in its tanh form"
    return (
        _few_channels(expected, found)
        or (_computed_in(expected, found) if _is_float32(module) else None)
        or _rounded(rounding, relative_error(expected, found))
        or _noise(expected, found)
    )


def _non_finite(found: np.ndarray) -> str:
    bad = ~np.isfinite(found)
    first = tuple(int(part) for part in np.unravel_index(int(bad.argmax()), found.shape))
    kind = "NaN" if np.isnan(found[first]) else "Inf"
    return f"values that are NaN or Inf: {int(bad.sum())}, the first ({kind}) at {list(first)}"


def other_epsilon(
    module: torch.nn.Module, inputs_RC: np.ndarray, expected: np.ndarray, found: np.ndarray
) -> float | None:
    """Fit the epsilon that a layer normalisation was computed with, from the scale of its rows.

    Returns:
        The epsilon, None where another one does not account for the difference or the module is
        no layer normalisation over the last axis.
    """
    if not isinstance(module, torch.nn.LayerNorm) or module.bias is None:
        return None
    if len(module.normalized_shape) != 1 or not np.isfinite(found).all():
        return None
    weight_C, bias_C = (
        parameter.detach().cpu().double().numpy() for parameter in (module.weight, module.bias)
    )
    centred_RC = inputs_RC.astype(np.float64).reshape(-1, inputs_RC.shape[-1])
    centred_RC = centred_RC - centred_RC.mean(axis=1, keepdims=True)
    variance_R = (centred_RC**2).mean(axis=1)
    scaled_RC = weight_C * centred_RC
    result_RC = found.astype(np.float64).reshape(centred_RC.shape) - bias_C
    gain_R = (result_RC * scaled_RC).sum(axis=1) / (scaled_RC**2).sum(axis=1)
    epsilon = float(np.median(1 / gain_R**2 - variance_R))
    if not epsilon > 0:
        return None
    refitted = scaled_RC / np.sqrt(variance_R + epsilon)[:, None] + bias_C
    left = relative_error(refitted.reshape(found.shape), found)
    return epsilon if left < _FITS * relative_error(expected, found) else None


def _is_tanh_form(inputs: np.ndarray, expected: np.ndarray, found: np.ndarray) -> bool:
    tanh = torch.nn.functional.gelu(torch.from_numpy(inputs), approximate="tanh").numpy()
    return relative_error(tanh, found) < _FITS * relative_error(expected, found)


def _few_channels(expected: np.ndarray, found: np.ndarray) -> str | None:
    """Tell whether the error sits in a few channels, and whether two of them changed places.

    Channels are the last axis, or the second of a convolution's result (B, C, T).
    """
    axes = {expected.ndim - 1, min(1, expected.ndim - 1)}
    for axis in axes:
        b_CR, c_CR = (np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1) for a in (expected, found))
        error_C = ((c_CR - b_CR).astype(np.float64) ** 2).sum(axis=1)
        order = np.argsort(error_C)[::-1]
        needed = 1 + int(np.searchsorted(np.cumsum(error_C[order]), _MOST_OF_ERROR * error_C.sum()))
        if needed > max(2, _FEW_CHANNELS * len(error_C)) or len(error_C) < 2 * needed:
            continue
        first, second = sorted(int(channel) for channel in order[:2])
        swapped = relative_error(b_CR[[second, first]], c_CR[[first, second]])
        if swapped < _FITS * relative_error(b_CR[[first, second]], c_CR[[first, second]]):
            return f"channels {first} and {second} changed places"
        names = ", ".join(str(channel) for channel in sorted(order[:needed].tolist()))
        return f"the error is in {needed} of {len(error_C)} channels ({names})"
    return None


def _is_float32(module: torch.nn.Module) -> bool:
    """Tell whether values of a 16-bit type are a surprise in what a module puts out."""
    return all(parameter.dtype is torch.float32 for parameter in module.parameters())


def _computed_in(expected: np.ndarray, found: np.ndarray) -> str | None:
    """Tell whether every value is one that a 16-bit type has, though the reference's are not."""
    for name in ("float16", "bfloat16"):
        is_exact = [
            np.array_equal(_through(array, getattr(torch, name)), array)
            for array in (expected, found)
        ]
        if is_exact == [False, True]:
            return f"as if it were computed in {name}"
    return None


def _through(array: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    return torch.from_numpy(array).to(dtype).float().numpy()


def _rounded(rounding: Mapping[str, float], error: float) -> str | None:
    """Tell whether an error is as large as that of a known rounding of the factors."""
    fitting = [
        name
        for name, size in rounding.items()
        if size > 0 and max(error / size, size / error) < _SAME_ROUNDING
    ]
    return f"as if its factors were rounded to {' or '.join(fitting)}" if fitting else None


def _noise(expected: np.ndarray, found: np.ndarray) -> str | None:
    """Tell whether an error has nothing to do with the result: neither its sign nor its size."""
    b, d = expected.astype(np.float64).ravel(), (found - expected).astype(np.float64).ravel()
    scale = np.linalg.norm(b - b.mean()) * np.linalg.norm(d)
    correlation = abs(float((b - b.mean()) @ d)) / scale if scale else 1.0
    offset = abs(d.mean()) / math.sqrt((d**2).mean())
    is_noise = max(correlation, offset) < _UNRELATED
    return "as if noise were added to its result" if is_noise else None
