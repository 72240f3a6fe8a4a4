"""Which module of a model is the first whose own error stands out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.evaluation.thresholds import Threshold

_DECLARED = (("hf32", "hf32"), ("tf32", "tf32"), ("float16_products", "float16"))
# A block is blamed for itself only when its error is this many times that of any module in it.
BLOCK_RATIO = 10.0
_PRODUCT_OF_KIND = {"convolution": "conv", "linear": "matmul"}
_LIMIT_OF_KIND = {"block": "block_error"}
_GELU, _TANH = "gelu", "tanh"  # a kind of module, and the form that a card may say it has alone


@dataclass(frozen=True)
class Culprit:
    """A module whose local error is above its limit.

    Attributes:
        module: its name.
        module_class: its class.
        local_error: relative error on the reference's inputs; infinite for NaN or Inf.
        limit: what it should have stayed below.
        explanation: what would cause such an error, where that is known.
    """

    module: str
    module_class: str
    local_error: float
    limit: float
    explanation: str | None


def find_culprits(
    rows: Sequence[Mapping[str, Any]],
    limits: Mapping[str, Threshold],
    environment: Mapping[str, Any],
) -> tuple[Culprit, ...]:
    """Return the modules that stand out, in the order in which they finished.

    A module that computes something itself is held to `local_error`; a convolution or linear
    module of a device that says that it rounds, to `rounding_ratio` times the error of this
    rounding; a GELU of a device that says that it has the tanh form alone, to `local_error_gelu`.
    A block of modules is held to `BLOCK_RATIO` times the largest error inside it, or
    where nothing inside it was looked at, to `block_error`. A
    normalisation that was evidently computed with another epsilon stands out whatever its error,
    which depends on how loud the input is.

    Args:
        rows: of `ActivationComparer`.
        limits: by name.
        environment: the device's facts, in which it says how it computes.
    """
    found = []
    for row in rows:
        is_over = is_over_limit(row, rows, limits, environment)
        if is_over or row["other_epsilon"] is not None:
            limit = _limit(row, rows, limits, environment)
            error = row["local_error"]
            found.append(Culprit(row["module"], row["class"], error, limit, row["explanation"]))
    return tuple(found)


def is_over_limit(
    row: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    limits: Mapping[str, Threshold],
    environment: Mapping[str, Any],
) -> bool:
    """Tell whether a module's local error is above its limit.

    Args:
        row: of `ActivationComparer`, with or without an explanation.
        rows: those of the modules inside it at least.
        limits: by name.
        environment: the device's facts.
    """
    error = row["local_error"]
    return error is not None and not error < _limit(row, rows, limits, environment)


def declared_rounding(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return the rounding of float32 products that a device's facts declare, by product."""
    return {
        product: number_format
        for key, number_format in _DECLARED
        for product, is_on in (environment.get(key) or {}).items()
        if is_on
    }


def _limit(
    row: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    limits: Mapping[str, Threshold],
    environment: Mapping[str, Any],
) -> float:
    own = limits[_LIMIT_OF_KIND.get(row["kind"], "local_error")].limit
    if row["kind"] == _GELU and environment.get("gelu") == _TANH:
        return limits["local_error_gelu"].limit
    product = _PRODUCT_OF_KIND.get(row["kind"])
    rounding = row["rounding"].get(declared_rounding(environment).get(product, ""))
    if rounding is not None:
        return max(own, limits["rounding_ratio"].limit * rounding)
    if row["is_leaf"] or row["kind"] is not None:
        return own
    inside = [
        other["local_error"]
        for other in rows
        if other is not row
        and _is_inside(other["module"], row)
        and other["local_error"] is not None
    ]
    return max([own, *(BLOCK_RATIO * error for error in inside if math.isfinite(error))])


def _is_inside(name: str, row: Mapping[str, Any]) -> bool:
    """Tell whether a module is part of a block; the root, named after its class, holds all."""
    block = row["module"].partition("#")[0]
    return name.startswith(f"{block}.") or block == row["class"]
