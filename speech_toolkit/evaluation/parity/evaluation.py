"""A model on several devices: each in a process of its own, all held against the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.alignment.models.registry import read_ctc_checkpoint
from speech_toolkit.errors import ToolkitError, UsageError
from speech_toolkit.evaluation.metrics.boundary_shift import BoundarySearch
from speech_toolkit.evaluation.models.family import CARD_DTYPES, MMS, family_of
from speech_toolkit.evaluation.models.protocol import ModelSettings
from speech_toolkit.evaluation.parity import on_device as parity_run
from speech_toolkit.evaluation.parity import verdict
from speech_toolkit.evaluation.parity.evidence import weigh_evidence
from speech_toolkit.evaluation.parity.figures import (
    EMULATED,
    GOLDEN,
    against_emulations,
    against_golden,
    beside_figures,
    json_safe,
    no_speedup,
    run_figures,
    speedup,
)
from speech_toolkit.evaluation.parity.limits import limits_for
from speech_toolkit.evaluation.parity.request import LAYERS_OFF, ParityRequest, read_speech
from speech_toolkit.evaluation.process.runner import ERROR, Outcome, run_isolated
from speech_toolkit.evaluation.report import report_header, weights_hash
from speech_toolkit.evaluation.targets import Target, why_same
from speech_toolkit.evaluation.thresholds import (
    EXIT_CODES,
    FAIL,
    NOT_VALID,
    PASS,
    Check,
    coarser_dtype,
    worst_of,
)
from speech_toolkit.exit_codes import EXIT_NOT_VALID
from speech_toolkit.files.scratch import scratch_errors, scratch_folder
from speech_toolkit.progress import Progress

KIND = "evaluation"
_WHY_NO_SPEED_UP = {FAIL: "parity failed", NOT_VALID: "the evidence is not valid"}


class ParityEvaluation:
    """One evaluation; `run` does it."""

    def __init__(self, request: ParityRequest, progress: Progress) -> None:
        """Check all that can be checked before a process is started.

        Raises:
            UsageError: fewer than two targets.
            AudioError: the audio cannot be used.
            CheckpointError: the checkpoint cannot be used.
            TranscriptError: the transcript holds nothing that can be aligned.
        """
        if len(request.targets) < 2:
            raise UsageError(
                f"--devices {request.targets[0].label if request.targets else ''}: a comparison "
                "needs two, the reference first, such as cpu,npu or cpu:float32,cpu:bfloat16"
            )
        self._request = request
        self._progress = progress
        self._family = family_of(request.model_path)
        card_dtype = CARD_DTYPES[self._family]
        self._targets = [target.with_default_dtype(card_dtype) for target in request.targets]
        self._waveform, self._audio_sha256 = read_speech(request, self._family)
        self._layers = request.layers
        self._warnings: list[str] = []
        self._blank, self._search = self._prepare_search()

    def run(self, argv: Sequence[str]) -> tuple[dict[str, Any], int]:
        """Run every target and judge it.

        Args:
            argv: the command line, for the report.

        Returns:
            The report, described by results/schemas/evaluation.schema.json, and the exit code.
        """
        with scratch_folder() as scratch:
            with scratch_errors():
                np.save(scratch / parity_run.SAMPLES_FILE, self._waveform.samples)
            reference = self._run_target("run_reference", self._targets[0], scratch)
            if not reference.ok:
                return self._report_without_reference(reference, argv)
            self._leave_layers_out(reference)
            beside = self._run_beside(scratch)
            candidates = [
                self._judge(
                    target, self._run_target("run_candidate", target, scratch), reference, beside
                )
                for target in self._targets[1:]
            ]
        return self._report(reference, candidates, beside, argv)

    def _prepare_search(self) -> tuple[int | None, BoundarySearch | None]:
        if self._family != MMS:
            return None, None
        directory = Path(self._request.model_path)
        blank = read_ctc_checkpoint(directory, self._request.language).vocabulary.blank_id
        if self._request.transcript is None:
            return blank, None
        return blank, BoundarySearch.prepare(
            directory, self._waveform, self._request.transcript, self._request.language
        )

    def _run_beside(self, scratch: Path) -> dict[str, Outcome]:
        """Run what stands on the CPU beside the targets: golden and emulated arithmetic."""
        beside = {}
        if self._request.golden:
            beside[GOLDEN] = self._run_target("run_golden", Target("cpu", "float64"), scratch)
        if self._request.emulations:
            target = Target("cpu", "float32")
            beside[EMULATED] = self._run_target("run_emulated", target, scratch, EMULATED)
        return beside

    def _run_target(
        self, function: str, target: Target, scratch: Path, label: str | None = None
    ) -> Outcome:
        request = self._request
        label = label or target.label
        self._progress.info(f"Running {label}")
        model = ModelSettings(
            request.model_path,
            target.device,
            target.dtype,
            request.attn_implementation,
            language=request.language,
            float32_precision=target.float32_precision,
        )
        payload = {
            "model": asdict(model),
            "scratch": str(scratch),
            "warmup": request.warmup,
            "runs": request.runs,
            "layers": self._layers,
            "noise_floor": request.noise_floor and target.is_cpu,
            "dtype_of_limits": self._dtype_of_limits(target),
            "changes": dict(request.changes),
            "emulations": [asdict(emulation) for emulation in request.emulations],
        }
        outcome = run_isolated(
            f"{parity_run.__name__}:{function}",
            payload,
            label=label,
            timeout_s=request.timeout_s,
            progress=self._progress,
        )
        if not outcome.ok:
            self._progress.warning(f"{label}: {outcome.message}")
        return outcome

    def _leave_layers_out(self, reference: Outcome) -> None:
        """Go on without modules that nobody asked for where the disk has no room for them."""
        skipped = reference.result.get("layers_skipped")
        if skipped is not None:
            self._layers = LAYERS_OFF
            self._warnings.append(f"the model's blocks are not compared: {skipped}")

    def _dtype_of_limits(self, target: Target) -> str:
        return coarser_dtype(self._targets[0].dtype, target.dtype)

    def _judge(
        self, target: Target, outcome: Outcome, reference: Outcome, beside: Mapping[str, Outcome]
    ) -> dict[str, Any]:
        """Return a candidate's part of the report."""
        head = run_figures(target, outcome)
        if not outcome.ok:
            nothing = {"verdict": NOT_VALID, "reasons": [outcome.message], "checks": []}
            return head | nothing | no_speedup("the run did not end well")
        dtype = self._dtype_of_limits(target)
        limits = limits_for(dtype, self._request.changes)
        figures, checks = self._compare(reference, outcome, limits)
        figures["golden"], golden_checks = against_golden(reference, outcome, beside, dtype)
        figures["emulated"] = against_emulations(reference, outcome, beside)
        figures["sensitivity"] = outcome.result["sensitivity"]
        checks += golden_checks
        failed = [item for item in checks if not item.passed]
        gaps = self._gaps(target, outcome, reference, beside, figures["layers"])
        found = FAIL if failed else NOT_VALID if gaps else PASS
        withheld = {FAIL: "parity failed", NOT_VALID: "the evidence is not valid", PASS: None}[
            found
        ]
        return (
            head
            | figures
            | {
                "verdict": found,
                "reasons": [
                    *verdict.reasons(checks),
                    *verdict.culprit_reason(figures["layers"]),
                    *gaps,
                ],
                "limits_of": dtype,
                "checks": [verdict.check_dict(item) for item in checks],
                **speedup(reference, outcome, withheld),
            }
        )

    def _gaps(
        self,
        target: Target,
        outcome: Outcome,
        reference: Outcome,
        beside: Mapping[str, Outcome],
        layers: Mapping[str, Any] | None,
    ) -> list[str]:
        """Say what keeps a candidate without a failed check from a PASS."""
        same = why_same(
            reference.result["environment"],
            self._targets[0].dtype,
            outcome.result["environment"],
            target.dtype,
        )
        not_run = [
            f"{label} was asked for and did not run: {run.message}"
            for label, run in beside.items()
            if not run.ok
        ]
        unmatched = layers and verdict.why_not_covered(layers)
        blind = verdict.why_blind(outcome.result["sensitivity"])
        return [reason for reason in (same, *not_run, unmatched, blind) if reason]

    def _compare(
        self, reference: Outcome, candidate: Outcome, limits: verdict.Limits
    ) -> tuple[dict[str, Any], list[Check]]:
        """Compare outputs, device, task and modules."""
        figures: dict[str, Any] = {"task": None, "layers": None}
        figures["outputs"], checks = verdict.compare_outputs(
            reference.arrays, candidate.arrays, limits
        )
        checks += verdict.check_device(candidate.result, candidate.fallback_ops, limits)
        task_checks: list[Check] = []
        if self._search is not None:
            figures["task"], task_checks = verdict.compare_boundaries(
                self._search, reference.arrays, candidate.arrays, limits
            )
        elif reference.result["answer"]:
            figures["task"], task_checks = verdict.compare_answers(
                reference.result["answer"], candidate.result["answer"], limits
            )
        layer_checks: list[Check] = []
        if self._layers != LAYERS_OFF:
            figures["layers"], layer_checks = verdict.judge_layers(
                candidate.result["layers"], candidate.result["environment"], limits
            )
        return figures, checks + task_checks + layer_checks

    def _report(
        self,
        reference: Outcome,
        candidates: Sequence[dict[str, Any]],
        beside: Mapping[str, Outcome],
        argv: Sequence[str],
    ) -> tuple[dict[str, Any], int]:
        evidence = weigh_evidence(
            self._family,
            self._waveform,
            reference.arrays,
            reference.result["answer"],
            self._blank,
        )
        if evidence.why_none is not None:
            candidates = [_without_evidence(candidate) for candidate in candidates]
        overall = worst_of(candidate["verdict"] for candidate in candidates)
        is_usage = any(candidate["status"] == ERROR for candidate in candidates)
        code = ToolkitError.exit_code if overall == NOT_VALID and is_usage else EXIT_CODES[overall]
        report = self._head(overall, [evidence.why_none] if evidence.why_none else [], argv) | {
            "evidence": evidence.to_dict(),
            "reference": run_figures(self._targets[0], reference),
            "noise_floor": reference.result.get("noise_floor"),
            "beside": {
                label: beside_figures(reference, outcome) for label, outcome in beside.items()
            },
            "candidates": candidates,
        }
        return json_safe(report), code

    def _report_without_reference(
        self, reference: Outcome, argv: Sequence[str]
    ) -> tuple[dict[str, Any], int]:
        """Report that nothing could be compared."""
        code = ToolkitError.exit_code if reference.status == ERROR else EXIT_NOT_VALID
        report = self._head(
            NOT_VALID, [f"the reference did not run: {reference.message}"], argv
        ) | {
            "evidence": None,
            "reference": run_figures(self._targets[0], reference),
            "noise_floor": None,
            "beside": {},
            "candidates": [],
        }
        return json_safe(report), code

    def _head(self, overall: str, why: Sequence[str], argv: Sequence[str]) -> dict[str, Any]:
        waveform = self._waveform
        return report_header(KIND, argv, self._request.config()) | {
            "verdict": overall,
            "reasons": list(why),
            "model": {
                "path": self._request.model_path,
                "family": self._family,
                "weights_sha256": weights_hash(Path(self._request.model_path)),
            },
            "input": {
                "audio_path": waveform.source,
                "audio_sha256": self._audio_sha256,
                "audio_s": waveform.duration_s,
                "sample_rate_hz": waveform.sample_rate_hz,
            },
            "warnings": [*waveform.warnings, *self._warnings],
        }


def _without_evidence(candidate: dict[str, Any]) -> dict[str, Any]:
    """Take back a verdict that rests on nothing."""
    if candidate["verdict"] != PASS:
        return candidate
    return candidate | no_speedup(_WHY_NO_SPEED_UP[NOT_VALID]) | {"verdict": NOT_VALID}
