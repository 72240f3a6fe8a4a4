"""Run operators on a device and on the CPU, and tell how far apart the results are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from speech_toolkit.device.device import Device, is_out_of_memory
from speech_toolkit.device.fallbacks import noted_fallbacks
from speech_toolkit.device.names import parse_dtype
from speech_toolkit.device.self_test.forms import ONLY_FORMS, results_in_known_forms
from speech_toolkit.device.self_test.operator import ALL_DTYPES, Operator
from speech_toolkit.device.self_test.private import without_private_paths
from speech_toolkit.device.self_test.results import FAIL, PASS, WARN, Measurement, OperatorResult
from speech_toolkit.errors import DeviceError, first_line

# Relative errors. float32: sums in another order and another exp stay below 1e-6; what rounds the
# factors of products, or computes the tanh form of GELU, is above 1e-4. The others: four units of
# their last place, which scores and weights of attention that are rounded on the way stay within.
LIMITS = {"float32": 1e-5, "float16": 4 * 2**-10, "bfloat16": 4 * 2**-7, "int64": 0.0}
_FITS = 0.25  # of the error that a known form leaves unexplained


def dtypes_of(device: Device) -> tuple[str, ...]:
    """Return the dtypes of the models in which a device computes."""
    return tuple(name for name in ALL_DTYPES if _computes_in(device, name))


def try_operator(device: Device, operator: Operator, dtypes: Sequence[str]) -> OperatorResult:
    """Run an operator on a device and on the CPU.

    Args:
        device: opened.
        operator: what is run.
        dtypes: those of floating-point numbers in which it is, where it is made for them.
    """
    known = noted_fallbacks()
    tried = [name for name in operator.dtypes if name in dtypes or name not in ALL_DTYPES]
    measurements = tuple(_measure(device, operator, name) for name in tried)
    on_cpu = tuple(name for name in noted_fallbacks() if name not in known)
    return OperatorResult(operator.name, operator.use, measurements, on_cpu)


def _computes_in(device: Device, dtype_name: str) -> bool:
    try:
        device.check_dtype(parse_dtype(dtype_name))
    except DeviceError:
        return False
    return True


@torch.inference_mode()
def _measure(device: Device, operator: Operator, dtype_name: str) -> Measurement:
    """Run an operator on the device and on the CPU, where numbers have twice the bits."""
    dtype = getattr(torch, dtype_name)
    drawn = _each_tensor(operator.arguments(), lambda each: _rounded(each, dtype))
    wide = torch.float64 if dtype is torch.float32 else torch.float32
    expected = operator.run(_each_tensor(drawn, lambda each: _rounded(each, wide)), "cpu")
    try:
        moved = _each_tensor(drawn, lambda each: each.clone().to(device.name))
        found = operator.run(moved, device.name).cpu()
    except (RuntimeError, MemoryError) as error:
        return Measurement(dtype_name, None, FAIL, _what_failed(device, error))
    if found.shape != expected.shape:
        shapes = f"{tuple(found.shape)} instead of {tuple(expected.shape)}"
        return Measurement(dtype_name, None, FAIL, f"its result has the shape {shapes}")
    error = relative_error(expected, found)
    if error is None:
        return Measurement(dtype_name, None, FAIL, "NaN or infinite where the CPU's is not")
    if error <= LIMITS[dtype_name]:
        return Measurement(dtype_name, error, PASS, None)
    said = (
        _form_that_fits(device, operator, drawn, found, error) if dtype is torch.float32 else None
    )
    return Measurement(dtype_name, error, WARN if said in ONLY_FORMS else FAIL, said)


def relative_error(expected: torch.Tensor, found: torch.Tensor) -> float | None:
    """Return how far a result is from the CPU's.

    Args:
        expected: the CPU's.
        found: of the same shape, on the CPU.

    Returns:
        The norm of the difference over that of ``expected``; of whole numbers and booleans the
        share that differs. None where one is NaN or infinite and the other is not.
    """
    if not expected.is_floating_point():
        return (expected != found).double().mean().item()
    expected, found = expected.double(), found.double()
    finite = expected.isfinite()
    if not (torch.equal(found.isfinite(), finite) and expected[~finite].equal(found[~finite])):
        return None
    expected, found = expected[finite], found[finite]
    difference = (found - expected).norm()
    return (difference / expected.norm().clamp_min(torch.finfo(torch.float64).tiny)).item()


def _form_that_fits(
    device: Device,
    operator: Operator,
    drawn: tuple[Any, ...],
    found: torch.Tensor,
    error: float,
) -> str | None:
    """Say in which form the CPU comes to the same result."""
    for name, like_it in results_in_known_forms(operator, drawn, device.type):
        remains = relative_error(like_it, found)
        if remains is not None and remains < _FITS * error:
            return name
    return None


def _what_failed(device: Device, error: BaseException) -> str:
    if is_out_of_memory(error):
        device.empty_cache()
        return "out of memory"
    return without_private_paths(first_line(error))


def _rounded(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() and dtype.is_floating_point else tensor


def _each_tensor(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return arguments with every tensor among them changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(_each_tensor(each, change) for each in value)
    return value
