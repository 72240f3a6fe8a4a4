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
TANH_GELU = "as GELU in its tanh form"  # some chips have no other
_NUMBERS = ("hf32", "tf32", "bfloat16")  # float16 keeps as many bits as TF32


def results_in_known_forms(
    operator: Operator, arguments: tuple[Any, ...]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield what a result in a form is like, and the CPU's result in that form.

    Args:
        operator: any.
        arguments: its own, float32, on the CPU.
    """
    if operator.name == "gelu":
        yield TANH_GELU, torch.ops.aten.gelu(*arguments, approximate="tanh")
    factors = _FACTORS.get(operator.name, ())
    for name in _NUMBERS if factors else ():
        rounded = tuple(
            round_factor(value, name) if place in factors else value
            for place, value in enumerate(arguments)
        )
        yield f"as with factors rounded to {name.upper()}", operator.run(rounded, "cpu")
