"""Rounding that devices are known to do to the factors of products of float32."""

from __future__ import annotations

import torch

KEPT_MANTISSA_BITS = {"hf32": 11, "tf32": 10}
_FLOAT32_MANTISSA_BITS = 23
_EXPONENT_MASK = 0x7F800000


def round_factor(factor: torch.Tensor, number_format: str) -> torch.Tensor:
    """Return a float32 tensor as a matrix unit takes it, still as float32.

    Args:
        factor: of any shape.
        number_format: "hf32", "tf32", "float16" or "bfloat16"; to nearest, ties to even.
    """
    if factor.dtype is not torch.float32:
        return factor
    if number_format not in KEPT_MANTISSA_BITS:
        return factor.to(getattr(torch, number_format)).float()
    dropped = _FLOAT32_MANTISSA_BITS - KEPT_MANTISSA_BITS[number_format]
    bits = factor.contiguous().view(torch.int32)
    is_odd = (bits >> dropped) & 1
    rounded = (bits + (1 << (dropped - 1)) - 1 + is_odd) & -(1 << dropped)
    is_finite = (bits & _EXPONENT_MASK) != _EXPONENT_MASK
    return torch.where(is_finite, rounded, bits).view(torch.float32)
