"""The report of an accuracy check, ready for JSON: every device, comparison and case."""

from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.checkpoint.hashes import file_hash
from speech_toolkit.evaluation.accuracy.case_comparer import (
    CaseComparer,
    boundary_report,
    corpus_report,
    truth_of_boundaries,
)
from speech_toolkit.evaluation.accuracy.device_runs import DeviceRun
from speech_toolkit.evaluation.accuracy.verdict import Judgement
from speech_toolkit.evaluation.cases.cases import Case, CaseSet
from speech_toolkit.evaluation.metrics.text import TextComparison
from speech_toolkit.evaluation.report import run_head
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS, Check


def accuracy_report(
    cases: CaseSet,
    runs: Sequence[DeviceRun],
    judged: Mapping[str, Judgement],
    comparer: CaseComparer,
) -> dict[str, Any]:
    """Return the body of the report.

    Args:
        cases: what was said.
        runs: what each device heard, the reference first.
        judged: the verdict on each of the others, by its label.
        comparer: how they were judged.

    Returns:
        ``verdict``, ``reasons``, ``targets``, ``comparisons`` and ``cases``, described by
        ``results/schemas/accuracy.schema.json``.
    """
    against_truth = [(run, comparer.texts_against_truth(run.heard)) for run in runs]
    verdicts = [judgement.verdict for judgement in judged.values()]
    return {
        "verdict": next((v for v in (FAIL, NOT_VALID) if v in verdicts), PASS),
        "reasons": [
            f"{label}: {reason}"
            for label, judgement in judged.items()
            for reason in judgement.reasons
        ],
        "targets": [_run_report(run, truths, comparer) for run, truths in against_truth],
        "comparisons": [
            _comparison_report(runs[0].target.label, label, judgement, comparer)
            for label, judgement in judged.items()
        ],
        "cases": {
            "source": cases.source,
            "count": len(cases.cases),
            "audio_s": round(sum(case.duration_s for case in cases.cases), 3),
            "list": [
                _case_report(index, case, against_truth, judged, comparer)
                for index, case in enumerate(cases.cases)
            ],
        },
    }


def _run_report(
    run: DeviceRun, truths: Sequence[TextComparison | None], comparer: CaseComparer
) -> dict[str, Any]:
    return {
        **run_head(run.target, run),
        **run.facts,
        "against_truth": corpus_report(comparer, truths),
        "boundary_error": boundary_report(
            comparer.cases, truth_of_boundaries(comparer.cases, run.heard)
        ),
    }


def _comparison_report(
    reference: str, candidate: str, judgement: Judgement, comparer: CaseComparer
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
        "text": corpus_report(comparer, texts),
        "boundary_shift": boundary_report(comparer.cases, shifts),
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
    runs: Sequence[tuple[DeviceRun, Sequence[TextComparison | None]]],
    judged: Mapping[str, Judgement],
    comparer: CaseComparer,
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
            run.target.label: {
                "text": run.heard[index].text,
                "error": run.heard[index].error,
                "against_truth": comparer.text_report(truths[index]),
            }
            for run, truths in runs
        },
        "comparisons": {
            label: comparer.agreement_report(judgement.agreements[index])
            for label, judgement in judged.items()
        },
    }
