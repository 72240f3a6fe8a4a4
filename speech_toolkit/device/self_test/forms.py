"""Other forms of an operator, in which some devices are known to compute it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from speech_toolkit.device.rounding import round_factor
from speech_toolkit.device.self_test.operator import Operator

_FACTORS = {
    **dict.fromkeys(("conv1d", "linear", "matmul", "bmm"), (0, 1)),
    "baddbmm": (1, 2),
    "scaled_dot_product_attention": (0, 1, 2),
}
TANH_GELU = "as GELU in its tanh form"
_ROUNDED = "as with factors rounded to {}"
ONLY_FORMS = (TANH_GELU, _ROUNDED.format("FLOAT16"))  # some chips have no other
_NUMBERS = ("hf32", "bfloat16")
_AS_MANY_BITS = {"npu": "float16", "cuda": "tf32"}  # the same but for its range


def results_in_known_forms(
    operator: Operator, arguments: tuple[Any, ...], device_type: str
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield what a result in a form is like, and the CPU's result in that form.

    Args:
        operator: any.
        arguments: its own, float32, on the CPU.
        device_type: of the device that may compute it so.
    """
    if operator.name == "gelu":
        yield TANH_GELU, torch.ops.aten.gelu(*arguments, approximate="tanh")
    factors = _FACTORS.get(operator.name, ())
    numbers = (*_NUMBERS, _AS_MANY_BITS.get(device_type, "tf32"))
    for name in numbers if factors else ():
        rounded = tuple(
            round_factor(value, name) if place in factors else value
            for place, value in enumerate(arguments)
        )
        yield _ROUNDED.format(name.upper()), operator.run(rounded, "cpu")
