"""What the times of several targets show: how much faster each is, or why they show nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from speech_toolkit.evaluation.metrics.intervals import speed_up_figures
from speech_toolkit.evaluation.speed.regression import case_key, case_name
from speech_toolkit.evaluation.targets import why_not_on_card, why_same
from speech_toolkit.processes.runner import OK


def not_valid(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Say which targets and cases prove nothing, one line each."""
    reference, *others = entries
    for entry in entries:
        if entry["status"] != OK:
            yield f"{entry['label']} was not measured to the end: {entry['message']}"
    for entry in others:
        if same := _why_same(reference, entry):
            yield f"{entry['label']}: {same}"
    for entry in entries:
        for case in entry["cases"]:
            if case.get("no_evidence"):
                yield f"{entry['label']}, {case_name(case)}: {case['no_evidence']}"


def speed_ups(entries: Sequence[dict[str, Any]], min_agreement: float) -> list[dict[str, Any]]:
    """Hold each case of the other targets against the reference's, the first one's."""
    reference, *others = entries
    of_reference = {case_key(case): case for case in reference["cases"]}
    return [
        {
            "target": entry["label"],
            "reference": reference["label"],
            "duration_s": case["duration_s"],
            "batch_size": case["batch_size"],
            **_speed_up(
                of_reference.get(case_key(case)),
                case,
                _why_no_comparison(reference, entry),
                min_agreement,
            ),
        }
        for entry in others
        for case in entry["cases"]
    ]


def _why_same(reference: Mapping[str, Any], entry: Mapping[str, Any]) -> str | None:
    facts = [each["environment"] or {} for each in (reference, entry)]
    return why_same(facts[0], reference["dtype"], facts[1], entry["dtype"])


def _why_no_comparison(reference: Mapping[str, Any], entry: Mapping[str, Any]) -> str | None:
    """Say why no case of a target has a speed-up, None where one may have."""
    return why_not_on_card(entry["fallback_ops"]) or _why_same(reference, entry)


def _speed_up(
    reference: dict[str, Any] | None,
    case: dict[str, Any],
    withheld: str | None,
    min_agreement: float,
) -> dict[str, Any]:
    """Return the ratio of the runs, or why there is none."""
    same = None
    if reference is None or not (reference["complete"] and case["complete"]):
        withheld = withheld or "not measured to the end on both"
    elif reference["input_sha256"] != case["input_sha256"]:
        withheld = withheld or "the two were given different samples"
    else:
        same = agreement(reference["output"], case["output"], ordered=case["tokens"] is None)
        withheld = withheld or reference["no_evidence"] or case["no_evidence"]
        if same < min_agreement:
            withheld = withheld or (
                f"the outputs agree in {same:.2%} only, below {min_agreement:.0%}: "
                "the device does not do the same work"
            )
    runs = ((reference or case)["runs_s"], case["runs_s"])
    return {**speed_up_figures(*runs, withheld), "agreement": same}


def agreement(one: Sequence[int], other: Sequence[int], *, ordered: bool) -> float:
    """Return the share of two outputs that is the same, in 0..1; two empty ones agree.

    Args:
        one: labels or tokens.
        other: the other device's.
        ordered: whether place i of the one stands for the same audio as place i of the other, as
            frames do; tokens may be shifted by one that the other lacks, and twice the length of
            what matches is held against both lengths.
    """
    if not ordered:
        return SequenceMatcher(None, one, other, autojunk=False).ratio()
    if len(one) != len(other):
        return 0.0
    return float(np.mean(np.equal(one, other))) if one else 1.0
