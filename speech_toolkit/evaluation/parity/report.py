"""The report of a parity evaluation, from what was run and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.checkpoint.hashes import weights_hash
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.parity.evidence import weigh_evidence
from speech_toolkit.evaluation.parity.figures import (
    WHY_NO_SPEED_UP,
    beside_figures,
    json_safe,
    no_speedup,
    run_figures,
)
from speech_toolkit.evaluation.parity.request import ParityRequest
from speech_toolkit.evaluation.report import report_header
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.evaluation.thresholds import EXIT_CODES, NOT_VALID, PASS, worst_of
from speech_toolkit.exit_codes import EXIT_NOT_VALID
from speech_toolkit.processes.runner import ERROR, Outcome

KIND = "evaluation"


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes:
        request: what was asked for.
        family: "mms" or "whisper".
        reference: the target of the reference.
        waveform: the audio that was compared.
        audio_sha256: of the whole file.
        blank: of an aligner, the label for no sound; None for a recogniser.
    """

    request: ParityRequest
    family: str
    reference: Target
    waveform: Waveform
    audio_sha256: str
    blank: int | None


def parity_report(
    subject: Subject,
    reference: Outcome,
    candidates: Sequence[dict[str, Any]],
    beside: Mapping[str, Outcome],
    argv: Sequence[str],
    warnings: Sequence[str],
) -> tuple[dict[str, Any], int]:
    """Return the report on all candidates, and the exit code.

    Args:
        subject: what the report is about.
        reference: its run.
        candidates: their parts of the report.
        beside: runs on the CPU beside the targets, by name.
        argv: the command line.
        warnings: what the user should know, beside what the audio's reader says.
    """
    evidence = weigh_evidence(
        subject.family,
        subject.waveform,
        reference.arrays,
        reference.result["answer"],
        subject.blank,
    )
    if evidence.why_none is not None:
        candidates = [_without_evidence(candidate) for candidate in candidates]
    overall = worst_of(candidate["verdict"] for candidate in candidates)
    is_usage = any(candidate["status"] == ERROR for candidate in candidates)
    code = ToolkitError.exit_code if overall == NOT_VALID and is_usage else EXIT_CODES[overall]
    why = [evidence.why_none] if evidence.why_none else []
    report = _head(subject, overall, why, argv, warnings) | {
        "evidence": evidence.to_dict(),
        "reference": run_figures(subject.reference, reference),
        "noise_floor": reference.result.get("noise_floor"),
        "beside": {label: beside_figures(reference, outcome) for label, outcome in beside.items()},
        "candidates": list(candidates),
    }
    return json_safe(report), code


def report_without_reference(
    subject: Subject, reference: Outcome, argv: Sequence[str], warnings: Sequence[str]
) -> tuple[dict[str, Any], int]:
    """Report that nothing could be compared; the arguments are those of `parity_report`."""
    code = ToolkitError.exit_code if reference.status == ERROR else EXIT_NOT_VALID
    why = [f"the reference did not run: {reference.message}"]
    report = _head(subject, NOT_VALID, why, argv, warnings) | {
        "evidence": None,
        "reference": run_figures(subject.reference, reference),
        "noise_floor": None,
        "beside": {},
        "candidates": [],
    }
    return json_safe(report), code


def _head(
    subject: Subject,
    overall: str,
    why: Sequence[str],
    argv: Sequence[str],
    warnings: Sequence[str],
) -> dict[str, Any]:
    waveform, model_path = subject.waveform, subject.request.model_path
    return report_header(KIND, argv, subject.request.config()) | {
        "verdict": overall,
        "reasons": list(why),
        "model": {
            "path": model_path,
            "family": subject.family,
            "weights_sha256": weights_hash(Path(model_path)),
        },
        "input": {
            "audio_path": waveform.source,
            "audio_sha256": subject.audio_sha256,
            "audio_s": waveform.duration_s,
            "sample_rate_hz": waveform.sample_rate_hz,
        },
        "warnings": [*waveform.warnings, *warnings],
    }


def _without_evidence(candidate: dict[str, Any]) -> dict[str, Any]:
    """Take back a verdict that rests on nothing."""
    if candidate["verdict"] != PASS:
        return candidate
    return candidate | no_speedup(WHY_NO_SPEED_UP[NOT_VALID]) | {"verdict": NOT_VALID}
