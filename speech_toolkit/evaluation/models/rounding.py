"""What chips are known to compute in another way, done on the CPU.

A matrix unit may take float32 factors and drop bits of them before it multiplies; the sums stay
float32. HF32 (Ascend 910B) keeps 11 bits of the mantissa, TF32 (NVIDIA) 10; older chips round to
float16. `RoundedProducts` does the same to every convolution and matrix product in a `with` block.
Other chips know GELU in its tanh form only: `TanhGelu`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from speech_toolkit.device.rounding import KEPT_MANTISSA_BITS, round_factor
from speech_toolkit.evaluation.models.emulations import (
    CONVOLUTION,
    GELU_TANH,
    MATMUL,
    Emulation,
)


@dataclass(frozen=True)
class _Factors:
    """Which arguments of an operator are multiplied, and in what kind of product."""

    kind: str
    positions: tuple[int, ...]


# An operator stands here in all the forms in which it can reach a dispatch mode: as a whole under
# inference_mode, taken apart otherwise.
_FACTORS = {
    **dict.fromkeys(("convolution", "conv1d", "conv2d"), _Factors(CONVOLUTION, (0, 1))),
    **dict.fromkeys(("linear", "matmul", "mm", "bmm", "mv", "dot"), _Factors(MATMUL, (0, 1))),
    **dict.fromkeys(("addmm", "baddbmm", "addbmm", "addmv"), _Factors(MATMUL, (1, 2))),
}
_ATTENTION = (
    "scaled_dot_product_attention",
    "_scaled_dot_product_attention_math",
    "_scaled_dot_product_flash_attention_for_cpu",
)


class RoundedProducts(TorchDispatchMode):
    """Rounds the float32 factors of products; other dtypes pass as they are.

    An attention kernel is taken apart, so that the weights between its two products are rounded
    as queries, keys and values are.
    """

    def __init__(self, emulation: Emulation) -> None:
        super().__init__()
        self._emulation = emulation

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name = func.overloadpacket.__name__
        if name in _ATTENTION and MATMUL in self._emulation.products:
            with self:
                return _attention_in_parts(func, args, kwargs or {})
        factors = _FACTORS.get(name)
        if factors is not None and factors.kind in self._emulation.products:
            args = tuple(
                round_factor(value, self._emulation.format) if i in factors.positions else value
                for i, value in enumerate(args)
            )
        return func(*args, **(kwargs or {}))


def _attention_in_parts(
    kernel: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """Compute what a kernel does by products and a softmax that each reach a dispatch mode."""
    names = [argument.name for argument in kernel._schema.arguments]
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    # What a call has been through before it reaches a kernel, in whose parts it is asked for.
    given["enable_gqa"] = given["query"].shape[:-2] != given["key"].shape[:-2]
    mask = given.get("attn_mask")
    if mask is not None and mask.dtype is torch.bool:
        shut = torch.zeros_like(mask, dtype=given["query"].dtype)
        given["attn_mask"] = shut.masked_fill(mask.logical_not(), -torch.inf)
    in_parts = torch.ops.aten._scaled_dot_product_attention_math.default
    found = in_parts.decompose(**given)
    # What a kernel returns beside its result is for gradients.
    return found if len(kernel._schema.returns) > 1 else found[0]


class TanhGelu(TorchDispatchMode):
    """Computes every GELU, of F.gelu and of any activation module, in its tanh form."""

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        form = {"approximate": "tanh"} if func.overloadpacket is torch.ops.aten.gelu else {}
        return func(*args, **((kwargs or {}) | form))


def emulating(emulation: Emulation) -> TorchDispatchMode:
    """Return the ``with`` block in which torch computes as the emulation says."""
    return TanhGelu() if emulation.format == GELU_TANH else RoundedProducts(emulation)


@contextmanager
def rounded_numbers(model: torch.nn.Module, number_format: str) -> Iterator[None]:
    """Have a float32 model on the CPU compute as if it were of a shorter format.

    Factors of products are rounded. So is what each module puts out in the 16-bit formats, in which
    a device stores it; HF32 and TF32 are stored in float32.

    Args:
        model: changed within the ``with`` block alone.
        number_format: see :func:`round_factor`.
    """

    def round_output(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return tuple(round_output(module, inputs, each) for each in output)
        return round_factor(output, number_format) if isinstance(output, torch.Tensor) else output

    stores = number_format not in KEPT_MANTISSA_BITS
    handles = [each.register_forward_hook(round_output) for each in model.modules() if stores]
    try:
        with RoundedProducts(Emulation(number_format)):
            yield
    finally:
        for handle in handles:
            handle.remove()
