"""Of what an error is made: the parts of a budget, the cause that stands out, and what it decides.

The causes are computed on the CPU, each alone (`budget_run`); `metrics.decomposition` takes the
candidate's error apart into them. Rounding has a pattern that two devices share in part only: the
order of sums differs, and what is rounded differs with it. So of what no pattern accounts for, as
much as rounding is known to leave is counted as rounding by its size, `rounding_error`: the noise
floor and float64's distance in float32, else the size of the dtype's rounding or of that which the
device declares, and each of these twice (in half types three times), as for the distance from
float64. What is left then is unexplained.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from speech_toolkit.evaluation.metrics.decomposition import Decomposition, Part
from speech_toolkit.evaluation.models.emulations import (
    ALL_PRODUCTS,
    CONVOLUTION,
    GELU_TANH,
    MATMUL,
    Emulation,
)
from speech_toolkit.evaluation.parity.limits import GOLDEN_LIMITS
from speech_toolkit.evaluation.thresholds import Check, Threshold, check

OWN_ROUNDING = "the reference's own rounding"
FLOAT32_ROUNDING = 2.0**-23
MODULES = "modules"
KNOWN_FORM = "known_form_share"  # the limit on what one form may account for
_PRODUCT_NAMES = {"conv": CONVOLUTION, "matmul": MATMUL}
_SCOPES = ((CONVOLUTION,), (MATMUL,), ALL_PRODUCTS)
_PRODUCTS = tuple(Emulation(name, scope) for name in ("hf32", "tf32") for scope in _SCOPES)
_AS_MANY_BITS = {"float16": "tf32"}  # what a float16 factor's rounding is told by, being the same
_FORMS = (Emulation(GELU_TANH), *_PRODUCTS)


def forms_for(dtype: str) -> tuple[Emulation, ...]:
    """Return what a card may compute in another way; the products of 16-bit dtypes are their own.

    Args:
        dtype: the coarser of the two sides'.
    """
    return _FORMS if dtype == "float32" else _FORMS[:1]


def dtype_cause(dtype: str) -> str | None:
    """Return the name of a 16-bit dtype's rounding as a cause; None for another dtype."""
    return f"rounding to {dtype}" if dtype in ("float16", "bfloat16") else None


def rounding_causes(dtype: str, declared: Mapping[str, str]) -> list[str]:
    """Return the names of the causes whose size is left on any sound device, in another pattern.

    Args:
        dtype: the coarser of the two sides'.
        declared: rounding that the device says it applies, by product: "conv" or "matmul".
    """
    if (rounding := dtype_cause(dtype)) is not None:
        return [rounding]
    by_format: dict[str, list[str]] = {}
    for product, number_format in declared.items():
        known = _AS_MANY_BITS.get(number_format, number_format)
        by_format.setdefault(known, []).append(_PRODUCT_NAMES[product])
    emulated = [
        Emulation(number_format, tuple(each for each in ALL_PRODUCTS if each in products)).label
        for number_format, products in by_format.items()
    ]
    return [OWN_ROUNDING, *emulated]


def granted_forms(*declared: Mapping[str, str]) -> list[str]:
    """Return the names of the forms that devices say they compute in, as a whole or in part.

    Args:
        declared: of each device the rounding that it applies, by product: "conv" or "matmul".
    """
    pairs = {
        (_AS_MANY_BITS.get(number_format, number_format), _PRODUCT_NAMES[product])
        for rounding in declared
        for product, number_format in rounding.items()
    }
    return [
        form.label
        for form in _PRODUCTS
        if all((form.format, product) in pairs for product in form.products)
    ]


def budget_entry(
    found: Decomposition, rounding_error: float, dtype: str, granted: Collection[str] = ()
) -> dict[str, Any]:
    """Return the budget of one output or module, ready for JSON.

    Args:
        found: its error, taken apart.
        rounding_error: relative error that rounding leaves on any sound device, in a pattern of
            its own.
        dtype: the coarser of the two sides', which says how many times that much is no surprise.
        granted: names of forms that a device declares, which are not looked for.
    """
    best = _largest_form(found, rounding_error, granted)
    left = min(found.residual_error, found.relative_error) ** 2
    unexplained = max(0.0, left - (GOLDEN_LIMITS[dtype].factor * rounding_error) ** 2)
    whole = found.relative_error**2
    return {
        "relative_error": found.relative_error,
        "parts": [asdict(part) for part in found.parts],
        "explained_share": found.explained_share,
        "rounding_error": rounding_error,
        "rounding_share": (left - unexplained) / whole,
        "unexplained_error": math.sqrt(unexplained),
        "unexplained_share": unexplained / whole,
        "largest_form": best and best.cause,
        "largest_form_share": best.share_alone if best else 0.0,
    }


def _largest_form(
    found: Decomposition, rounding_error: float, granted: Collection[str]
) -> Part | None:
    """Return the form that accounts for most by itself, of what is more than rounding leaves."""
    names = {form.label for form in _FORMS}.difference(granted)
    forms = [
        part
        for part in found.parts
        if part.cause in names
        and part.share_alone > 0
        and part.amount * part.own_error > rounding_error
    ]
    return max(forms, key=lambda part: part.share_alone, default=None)


def budget_checks(budget: Mapping[str, Any], threshold: Threshold) -> list[Check]:
    """Check that no known form accounts for most of an error, at the outputs and in the modules.

    Args:
        budget: of a candidate, by "outputs" and "modules".
        threshold: the most that one form may account for.
    """
    checks = [
        check(threshold, name, entry["largest_form_share"])
        for name, entry in budget["outputs"].items()
    ]
    in_modules = [entry["largest_form_share"] for entry in budget["modules"]]
    return [*checks, *([check(threshold, MODULES, max(in_modules))] if in_modules else [])]


def name_forms(
    budget: Mapping[str, Any], layers: Mapping[str, Any] | None, threshold: Threshold
) -> list[str]:
    """Say which outputs and modules are off as a known form makes them.

    The culprits among the modules get the form as their explanation where they have none.

    Args:
        budget: of a candidate.
        layers: its modules and culprits; None where they were not compared.
        threshold: what a form accounts for beyond it is named.
    """
    found = [
        f"{name} are off as {_of(entry)}"
        for name, entry in budget["outputs"].items()
        if not threshold.passes(entry["largest_form_share"])
    ]
    named = {
        entry["module"]: entry
        for entry in budget["modules"]
        if not threshold.passes(entry["largest_form_share"])
    }
    if layers is not None:
        for row in (*layers["modules"], *layers["culprits"]):
            if row["module"] in named and row["explanation"] is None:
                row["explanation"] = f"as {named[row['module']]['largest_form']}"
    if named:
        first, entry = next(iter(named.items()))
        others = f" and {len(named) - 1} more modules are" if len(named) > 1 else " is"
        found.append(f"{first}{others} off as {_of(entry)}")
    return found


def _of(entry: Mapping[str, Any]) -> str:
    share = entry["largest_form_share"]
    return f"{entry['largest_form']}: {share:.1%} of the squared error"
