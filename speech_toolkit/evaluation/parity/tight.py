"""When the tight limits of float32 hold, what they are, and what the published ones would say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.device.memory import host_free_bytes, shown_size
from speech_toolkit.device.names import is_card
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.evaluation.parity.budget import FLOAT32_ROUNDING, KNOWN_FORM
from speech_toolkit.evaluation.parity.culprit import declared_rounding, find_culprits
from speech_toolkit.evaluation.parity.limits import PUBLISHED, TIGHT, Distance, limits_for
from speech_toolkit.evaluation.parity.verdict import check_dict
from speech_toolkit.evaluation.targets import FLOAT32, Target
from speech_toolkit.evaluation.thresholds import FAIL, PASS, Check, Threshold, check
from speech_toolkit.processes.runner import Outcome

_FLOAT64_MEMORY = 2.0  # times what a run in float32 takes


def may_be_tight(targets: Sequence[Target], reference: Outcome) -> bool:
    """Tell whether a candidate can turn out to compute float32 as the reference does."""
    return is_highest(targets[0].dtype, reference.result["environment"]) and any(
        target.dtype == FLOAT32 and target != targets[0] for target in targets[1:]
    )


def is_highest(dtype: str | None, environment: Mapping[str, Any]) -> bool:
    """Tell whether a run is float32 whose products the device does not say that it rounds."""
    return dtype == FLOAT32 and not declared_rounding(environment)


def why_no_room(reference: Outcome) -> str | None:
    """Say why float64 does not fit beside what a run on the CPU took; None where it does."""
    if is_card(reference.result["environment"].get("backend", "")):
        return None
    taken, free = reference.result["memory"].get("peak_allocated_bytes"), host_free_bytes()
    if taken is None or free is None or _FLOAT64_MEMORY * taken <= free:
        return None
    return (
        f"it needs about {shown_size(int(_FLOAT64_MEMORY * taken))} of memory and "
        f"{shown_size(free)} are free"
    )


def noise_of(reference: Outcome) -> dict[str, float]:
    """Return by output how far the reference's own runs are apart, which add in other orders."""
    floor = reference.result.get("noise_floor") or {"relative_error_by_threads": {}}
    runs = floor["relative_error_by_threads"].values()
    return {
        name: max([FLOAT32_ROUNDING, *(errors[name] for errors in runs)])
        for name in reference.arrays
    }


def distances_of(reference: Outcome, golden: Outcome) -> dict[str, Distance] | None:
    """Return how far the reference's outputs are from float64; None where one is no number."""
    noise = noise_of(reference)
    found = {
        name: Distance(relative_error(array, reference.arrays[name]), noise[name])
        for name, array in golden.arrays.items()
    }
    is_known = all(math.isfinite(each.golden + each.noise) for each in found.values())
    return found if found and is_known else None


def published_beside(
    checks: Sequence[Check],
    layers: Mapping[str, Any] | None,
    dtype: str,
    changes: Mapping[str, float],
    environment: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the verdict that the published limits lead to, and the checks that they change.

    Args:
        checks: by the tight limits.
        layers: what was found in the modules; None where they were not compared.
        dtype: whose limits hold.
        changes: limits that the user set.
        environment: the candidate's facts.
    """
    limits = limits_for(dtype, changes)
    again = [
        check(limits[item.threshold.name], item.output, _value(item, layers, limits, environment))
        for item in checks
        if item.threshold.name in limits and item.threshold.name != KNOWN_FORM
    ]
    other = [
        item
        for item in again
        if item.threshold.name == "culprits" or item.threshold not in {c.threshold for c in checks}
    ]
    return {
        "verdict": PASS if all(item.passed for item in again) else FAIL,
        "checks": [check_dict(item) for item in other],
    }


def _value(
    item: Check,
    layers: Mapping[str, Any] | None,
    limits: Mapping[str, Threshold],
    environment: Mapping[str, Any],
) -> float | None:
    """Return a figure, the number of culprits counted again."""
    if item.threshold.name != "culprits" or layers is None:
        return item.value
    return len(find_culprits(layers["modules"], limits, environment))


def limit_set(distances: Mapping[str, Distance] | None) -> str:
    """Return the name of the limits that hold."""
    return TIGHT if distances else PUBLISHED
