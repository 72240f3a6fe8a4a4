"""Outcomes of runs -> the figures of an evaluation's report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from speech_toolkit.evaluation.metrics.intervals import speed_up_figures
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.evaluation.parity.golden import compare_to_golden, explained_share
from speech_toolkit.evaluation.parity.limits import GOLDEN_LIMITS, GOLDEN_REASON, Distance
from speech_toolkit.evaluation.parity.verdict import LOGITS
from speech_toolkit.evaluation.report import run_end, run_head
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, Check, Threshold
from speech_toolkit.processes.runner import Outcome

GOLDEN, EMULATED = "golden", "emulated"
WHY_NO_SPEED_UP = {FAIL: "parity failed", NOT_VALID: "the evidence is not valid"}


def run_figures(target: Target, outcome: Outcome) -> dict[str, Any]:
    """Return what a report says of any run, whether it ended well or not."""
    result = outcome.result or {}
    kept = (
        "load_s",
        "timing",
        "input_error",
        "repeat_error",
        "runs_identical",
        "misplaced_tensors",
        "saturates",
        "saturated_values",
        "memory",
        "environment",
        "attn_implementation",
        "inputs_sha256",
        "outputs_sha256",
    )
    return {
        **run_head(target, outcome),
        **{key: result.get(key) for key in kept},
        "fallback_ops": outcome.fallback_ops,
    }


def beside_figures(reference: Outcome, outcome: Outcome) -> dict[str, Any]:
    """Return how far the reference is from golden outputs, or from emulated logits."""
    errors = {
        name: relative_error(array, reference.arrays.get(name, reference.arrays[LOGITS]))
        for name, array in outcome.arrays.items()
    }
    return run_end(outcome) | {"relative_error_of_reference": errors}


def against_golden(
    reference: Outcome,
    candidate: Outcome,
    golden: Outcome | None,
    dtype: str,
    distances: Mapping[str, Distance] | None = None,
) -> tuple[dict[str, Any] | None, list[Check]]:
    """Hold both sides against float64, output by output, where that was run.

    Args:
        reference: a run that went well.
        candidate: another.
        golden: the run in float64.
        dtype: whose limits hold.
        distances: of the reference, where the tight limits hold.
    """
    if golden is None or not golden.ok:
        return None, []
    limits = GOLDEN_LIMITS[dtype]
    figures: dict[str, Any] = {}
    checks = []
    for name, array in golden.arrays.items():
        if distances:
            noise = distances[name].noise
            limits = replace(limits, tolerance=noise, floor=noise)
        found = compare_to_golden(
            array, reference.arrays[name], candidate.arrays[name], **asdict(limits)
        )
        figures[name] = asdict(found)
        threshold = Threshold("golden_error", found.limit, "at most", GOLDEN_REASON)
        checks.append(Check(threshold, name, found.candidate_error, found.passed))
    return figures, checks


def against_emulations(
    reference: Outcome, candidate: Outcome, beside: Mapping[str, Outcome]
) -> dict[str, Any]:
    """Return how much of the candidate's error in the logits each emulated rounding explains."""
    emulated = beside.get(EMULATED)
    return {
        label: {
            "relative_error": relative_error(logits, candidate.arrays[LOGITS]),
            "explained_share": explained_share(
                reference.arrays[LOGITS], candidate.arrays[LOGITS], logits
            ),
        }
        for label, logits in (emulated.arrays if emulated else {}).items()
    }


def speedup(reference: Outcome, candidate: Outcome, withheld: str | None) -> dict[str, Any]:
    """Return how many times faster the candidate is, with its interval, or why that is withheld."""
    if withheld:
        return no_speedup(withheld)
    found = speed_up_figures(*(run.result["timing"]["runs_s"] for run in (reference, candidate)))
    return {
        "speedup": found["speed_up"],
        "speedup_interval": found["interval"],
        "speedup_withheld": found["withheld"],
    }


def no_speedup(withheld: str) -> dict[str, Any]:
    """Return the speed-up of a candidate that has none."""
    return {"speedup": None, "speedup_interval": None, "speedup_withheld": withheld}


def json_safe(value: Any) -> Any:
    """Return a copy in which tuples are lists, and NaN and infinities, which JSON lacks, None."""
    if isinstance(value, Mapping):
        return {key: json_safe(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [json_safe(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
