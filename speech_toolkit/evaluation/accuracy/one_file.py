"""One file on a device against the CPU in float32: the same text, or where the two part.

Each side runs in a process of its own. Both decode at the first of the temperatures only, since
random draws differ between devices whatever their numbers are worth.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from speech_toolkit.checkpoint.hashes import file_hash, weights_hash
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.device import prepare_environment
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.accuracy import one_file_on_device
from speech_toolkit.evaluation.accuracy.agreement import find_divergence
from speech_toolkit.evaluation.accuracy.criteria import criteria_for
from speech_toolkit.evaluation.accuracy.lead_shift import (
    ROUNDING_OF,
    LeadEvidence,
    chosen_by,
    each_alone,
    lead_limits,
)
from speech_toolkit.evaluation.metrics.text import TextComparison, compare_texts, read_spellings
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.report import report_header, run_end
from speech_toolkit.evaluation.targets import REFERENCE, Target, why_not_on_card, why_same
from speech_toolkit.evaluation.thresholds import (
    EXIT_CODES,
    FAIL,
    LARGEST_BLIND_SPOT,
    NOT_VALID,
    PASS,
)
from speech_toolkit.families import WHISPER
from speech_toolkit.processes.runner import ERROR, Outcome, run_isolated
from speech_toolkit.progress import Progress
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
from speech_toolkit.transcription.request import WhisperRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


KIND = "compare"
MIN_WORDS = 5
_NO_LEADS = dict.fromkeys(("lead_shift", "decided_changes", "rounding", "sensitivity"))
_ENGLISH = "en"


def compare_devices(
    request: WhisperRequest,
    truth: str | None,
    progress: Progress,
    *,
    timeout_s: float | None = None,
) -> tuple[dict[str, Any], int]:
    """Transcribe one file on the CPU in float32 and on a device, and compare the texts.

    Args:
        request: what to transcribe; its device is the one that is judged.
        truth: what is spoken, to count the errors of both against; None where nobody knows.
        progress: where progress goes.
        timeout_s: seconds for each side, None for as long as it takes.

    Returns:
        The report, described by ``results/schemas/compare.schema.json``, and the exit code.

    Raises:
        ToolkitError: the device, the checkpoint or the audio cannot be used.
    """
    checkpoint = resolve_checkpoint(request.checkpoint_name, read_whisper_checkpoint)
    directory, task = checkpoint.directory, request.settings.task or checkpoint.default_task
    settings = replace(
        request.settings, temperatures=request.settings.temperatures[:1], record_margins=True
    )
    own = replace(request, model_path=str(directory), settings=settings)
    header = report_header(KIND, sys.argv, own.config() | {"min_words": MIN_WORDS})
    candidate = _transcribe(own, None, timeout_s, progress)
    if candidate.status == ERROR:
        raise ToolkitError(candidate.message)
    exact = own.on(REFERENCE.device, REFERENCE.dtype)
    reference = _transcribe(exact, _questions(candidate), timeout_s, progress)
    prepare_environment(REFERENCE.device)  # comparing texts may import torch here
    judged = _judge(reference, candidate, _Texts(truth, task, directory))
    report = {
        **header,
        **judged,
        "model": {"path": request.checkpoint_name, "weights_sha256": weights_hash(directory)},
        "audio": {"path": request.audio_path, "sha256": file_hash(request.audio.path)},
        "truth": truth,
    }
    return report, EXIT_CODES[report["verdict"]]


class _Texts:
    """How texts of this run are compared."""

    def __init__(self, truth: str | None, task: str, directory: Path) -> None:
        self._truth = truth
        self._task = task
        self._spellings = read_spellings(directory)

    def compare(self, reference: str, hypothesis: str, language: str | None) -> TextComparison:
        """Count the errors; a translation, or a model of one language, is in English."""
        own = _ENGLISH if self._task == "translate" else language or _ENGLISH
        return compare_texts(reference, hypothesis, own, self._spellings)

    def against_truth(self, hypothesis: str, language: str | None) -> dict[str, Any] | None:
        """Count the errors against what is spoken, where that is known."""
        if self._truth is None:
            return None
        return self.compare(self._truth, hypothesis, language).to_dict()


def _transcribe(
    request: WhisperRequest,
    questions: dict[str, Any] | None,
    timeout_s: float | None,
    progress: Progress,
) -> Outcome:
    label = Target(request.device, request.dtype, request.float32_precision).label
    progress.info(f"Transcribing on {label} ...")
    return run_isolated(
        f"{one_file_on_device.__name__}:transcribe_side",
        {"request": request.to_payload(), "questions": questions},
        label=label,
        timeout_s=timeout_s,
        progress=progress,
    )


def _questions(candidate: Outcome) -> dict[str, Any] | None:
    """Return what the reference is asked about the candidate's choices; None where it has none."""
    if not candidate.ok:
        return None
    dtype = _dtype(candidate)
    return {
        "readings": candidate.result["readings"],
        "format": ROUNDING_OF[dtype],
        "limits": [asdict(limit) for limit in lead_limits(dtype)],
    }


def _dtype(outcome: Outcome) -> str:
    return outcome.result["result"]["dtype"].removeprefix("torch.")


def _judge(reference: Outcome, candidate: Outcome, texts: _Texts) -> dict[str, Any]:
    """Compare the two sides and reach a verdict, with what it rests on."""
    sides = {"reference": _side(reference, texts), "candidate": _side(candidate, texts)}
    failed = [
        f"{outcome.label}: {outcome.status.replace('_', ' ')}: {outcome.message}"
        for outcome in (reference, candidate)
        if not outcome.ok
    ]
    if failed:
        return {
            "verdict": NOT_VALID,
            "reason": failed[0],
            "criteria": [],
            **_NO_LEADS,
            "text": None,
            "first_difference": None,
            "same_device": None,
            **sides,
        }
    language = sides["reference"]["language"]
    text = texts.compare(sides["reference"]["text"], sides["candidate"]["text"], language)
    criteria = _criteria(text, sides["candidate"]["dtype"])
    leads = _compare_leads(reference, candidate)
    same = why_same(*(part for side in sides.values() for part in _ran_on(side)))
    elsewhere = why_not_on_card(candidate.fallback_ops)
    verdict, reason = (FAIL, elsewhere) if elsewhere else _verdict(text, leads, same)
    divergence = find_divergence(
        *(Heard.from_dict(o.result["heard"]) for o in (reference, candidate))
    )
    return {
        "verdict": verdict,
        "reason": reason,
        "criteria": criteria,
        **leads,
        "text": text.to_dict(),
        "first_difference": None if divergence is None else asdict(divergence),
        "same_device": same is not None,
        **sides,
    }


def _side(outcome: Outcome, texts: _Texts) -> dict[str, Any]:
    """Return what one side found and what it ran on."""
    side: dict[str, Any] = {
        "label": outcome.label,
        **run_end(outcome),
        "log_tail": [] if outcome.ok else list(outcome.log_tail),
    }
    if not outcome.ok:
        return side
    result, heard = outcome.result["result"], outcome.result["heard"]
    kept = (
        *("device", "language", "text", "segments", "audio_duration_s", "coverage", "windows"),
        *("model_load_s", "transcribe_s", "rtf", "stage_times_s", "stage_times_are", "memory"),
        *("settings", "environment", "warnings"),
    )
    return side | {
        **{key: result[key] for key in kept},
        "dtype": result["dtype"].removeprefix("torch."),
        "fallback_ops": outcome.fallback_ops,
        "tokens": heard["choices"],
        "margins": heard["margins"],
        "against_truth": texts.against_truth(result["text"], result["language"]),
    }


def _criteria(text: TextComparison, dtype: str) -> list[dict[str, Any]]:
    """Hold WER, CER and exact match against the published limits."""
    values = {
        "mean_wer": ("wer", text.wer),
        "mean_cer": ("cer", text.cer),
        "exact_match_rate": ("exact_match", float(text.exact_match)),
    }
    return [
        {
            "name": values[threshold.name][0],
            "value": values[threshold.name][1],
            "limit": threshold.limit,
            "sense": threshold.sense,
            "reason": threshold.reason,
            "verdict": PASS if threshold.passes(values[threshold.name][1]) else FAIL,
        }
        for threshold in criteria_for(WHISPER, dtype)
    ]


def _compare_leads(reference: Outcome, candidate: Outcome) -> dict[str, Any]:
    """Compare how far ahead the candidate's choices are on both sides, if it made any."""
    if not reference.result["answers"]:
        return dict(_NO_LEADS)
    answers, heard = reference.result["answers"], Heard.from_dict(candidate.result["heard"])
    limits = lead_limits(_dtype(candidate))
    evidence = LeadEvidence(each_alone(answers["exact"]), each_alone(answers["rounded"]))
    changes, shift = evidence.tests(
        each_alone(heard.leads), [np.array([each]) for each in chosen_by(heard)], limits
    )
    return {
        "lead_shift": shift.to_dict(),
        "decided_changes": round(changes.value * evidence.choices),
        "rounding": evidence.rounding_report(ROUNDING_OF[_dtype(candidate)], limits),
        "sensitivity": answers["sensitivity"],
    }


def _verdict(
    text: TextComparison, leads: Mapping[str, Any], same: str | None
) -> tuple[str, str | None]:
    """Return the verdict, and why it is not PASS."""
    shift, rounding = leads["lead_shift"], leads["rounding"]
    if text.empty or shift is None:
        return NOT_VALID, "neither side heard a word, which proves nothing; use audio with speech"
    if same:
        return NOT_VALID, same
    moved = (
        f"lead_shift is {shift['value']:.3g} ({shift['interval']['low']:.3g} to "
        f"{shift['interval']['high']:.3g})"
    )
    if leads["decided_changes"]:
        return FAIL, (
            f"{leads['decided_changes']} of {rounding['choices']} choices are against a lead of "
            f"over {rounding['tie_nats']:.2g} nats on the reference, no ties"
        )
    if shift["verdict"] == FAIL:
        return FAIL, f"{moved}, surely not below {shift['limit']:g} ({shift['reason']})"
    if text.words < MIN_WORDS:
        return (
            NOT_VALID,
            f"{text.words} words prove little; use audio with at least {MIN_WORDS}",
        )
    if shift["verdict"] == NOT_VALID:
        return NOT_VALID, f"{moved} may lie on either side of {shift['limit']:g}; use longer audio"
    smallest = leads["sensitivity"]["smallest_noticed"]
    if smallest is None or smallest > LARGEST_BLIND_SPOT:
        return NOT_VALID, (
            f"noise of {LARGEST_BLIND_SPOT:.0%} in {leads['sensitivity']['module']} would not be "
            "noticed; use longer audio"
        )
    return PASS, None


def _ran_on(side: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    return side["environment"], side["dtype"]
