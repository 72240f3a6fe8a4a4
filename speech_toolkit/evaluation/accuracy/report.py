"""The report of an accuracy check, ready for JSON: every device, comparison and case."""

from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.evaluation.accuracy.device_run import Arm
from speech_toolkit.evaluation.accuracy.verdict import Judgement
from speech_toolkit.evaluation.accuracy.yardstick import (
    Yardstick,
    boundary_report,
    corpus_report,
    truth_of_boundaries,
)
from speech_toolkit.evaluation.cases.cases import Case, CaseSet
from speech_toolkit.evaluation.conclusion import FAIL, NOT_VALID, PASS
from speech_toolkit.evaluation.metrics.text import TextComparison
from speech_toolkit.evaluation.report import file_hash
from speech_toolkit.evaluation.thresholds import Check


def accuracy_report(
    cases: CaseSet, arms: Sequence[Arm], judged: Mapping[str, Judgement], yardstick: Yardstick
) -> dict[str, Any]:
    """Return the body of the report.

    Args:
        cases: what was said.
        arms: what each device heard, the reference first.
        judged: the verdict on each of the others, by its label.
        yardstick: how they were judged.

    Returns:
        ``verdict``, ``reasons``, ``targets``, ``comparisons`` and ``cases``, described by
        ``results/schemas/accuracy.schema.json``.
    """
    against_truth = [(arm, yardstick.texts_against_truth(arm.heard)) for arm in arms]
    verdicts = [judgement.verdict for judgement in judged.values()]
    return {
        "verdict": next((v for v in (FAIL, NOT_VALID) if v in verdicts), PASS),
        "reasons": [
            f"{label}: {reason}"
            for label, judgement in judged.items()
            for reason in judgement.reasons
        ],
        "targets": [_arm_report(arm, truths, yardstick) for arm, truths in against_truth],
        "comparisons": [
            _comparison_report(arms[0].target.label, label, judgement, yardstick)
            for label, judgement in judged.items()
        ],
        "cases": {
            "source": cases.source,
            "count": len(cases.cases),
            "audio_s": round(sum(case.duration_s for case in cases.cases), 3),
            "list": [
                _case_report(index, case, against_truth, judged, yardstick)
                for index, case in enumerate(cases.cases)
            ],
        },
    }


def _arm_report(
    arm: Arm, truths: Sequence[TextComparison | None], yardstick: Yardstick
) -> dict[str, Any]:
    return {
        "label": arm.target.label,
        "device": arm.target.device,
        "dtype": arm.target.dtype,
        "status": arm.status,
        "message": arm.message,
        "elapsed_s": round(arm.elapsed_s, 3),
        **arm.facts,
        "against_truth": corpus_report(yardstick, truths),
        "boundary_error": boundary_report(
            yardstick.cases, truth_of_boundaries(yardstick.cases, arm.heard)
        ),
    }


def _comparison_report(
    reference: str, candidate: str, judgement: Judgement, yardstick: Yardstick
) -> dict[str, Any]:
    texts = [agreement and agreement.text for agreement in judgement.agreements]
    shifts = [agreement and agreement.shifts for agreement in judgement.agreements]
    return {
        "reference": reference,
        "candidate": candidate,
        "verdict": judgement.verdict,
        "reasons": list(judgement.reasons),
        "figures": judgement.figures,
        "tests": [test.to_dict() for test in judgement.tests],
        "rounding": judgement.rounding,
        "checks": [_check_report(each) for each in judgement.checks],
        "evidence": [_check_report(each) for each in judgement.evidence],
        "negative_control": judgement.control,
        "text": corpus_report(yardstick, texts),
        "boundary_shift": boundary_report(yardstick.cases, shifts),
    }


def _check_report(check: Check) -> dict[str, Any]:
    return {
        "name": check.threshold.name,
        "value": check.value,
        "sense": check.threshold.sense,
        "limit": check.threshold.limit,
        "passed": check.passed,
        "reason": check.threshold.reason,
    }


def _case_report(
    index: int,
    case: Case,
    arms: Sequence[tuple[Arm, Sequence[TextComparison | None]]],
    judged: Mapping[str, Judgement],
    yardstick: Yardstick,
) -> dict[str, Any]:
    return {
        "name": case.name,
        "audio_path": case.audio_path,
        "audio_sha256": file_hash(case.audio_path),
        "duration_s": round(case.duration_s, 3),
        "text": case.text,
        "language": case.language,
        "conditions": dict(case.conditions),
        "results": {
            arm.target.label: {
                "text": arm.heard[index].text,
                "error": arm.heard[index].error,
                "against_truth": yardstick.text_report(truths[index]),
            }
            for arm, truths in arms
        },
        "comparisons": {
            label: yardstick.agreement_report(judgement.agreements[index])
            for label, judgement in judged.items()
        },
    }
