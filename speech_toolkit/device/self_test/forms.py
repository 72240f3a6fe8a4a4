"""Other forms of an operator, in which some devices are known to compute it."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import torch

from speech_toolkit.device.rounding import round_factor
from speech_toolkit.device.self_test.operator import Operator

_FACTORS = {
    **dict.fromkeys(("conv1d", "linear", "matmul", "bmm"), (0, 1)),
    "baddbmm": (1, 2),
}
_ATTENTION = "scaled_dot_product_attention"
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
    is_product = factors or operator.name == _ATTENTION
    numbers = (*_NUMBERS, _AS_MANY_BITS.get(device_type, "tf32"))
    for name in numbers if is_product else ():
        if operator.name == _ATTENTION:
            yield _ROUNDED.format(name.upper()), _rounded_attention(*arguments, number_format=name)
            continue
        rounded = tuple(
            round_factor(value, name) if place in factors else value
            for place, value in enumerate(arguments)
        )
        yield _ROUNDED.format(name.upper()), operator.run(rounded, "cpu")


def _rounded_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    seen: torch.Tensor | None = None,
    *,
    number_format: str,
) -> torch.Tensor:
    """Return attention as torch computes it step by step, the factors of both products rounded."""
    scale = query.shape[-1] ** -0.25  # of each side
    scaled = (round_factor(each * scale, number_format) for each in (query, key))
    scores = torch.matmul(next(scaled), next(scaled).transpose(-2, -1))
    if seen is not None:
        scores = scores.masked_fill(~seen, -inf)
    shares = round_factor(scores.softmax(-1), number_format)
    return torch.matmul(shares, round_factor(value, number_format))
