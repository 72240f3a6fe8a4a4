"""A model on several devices: each in a process of its own, all held against the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.alignment.models.registry import read_ctc_checkpoint
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics.boundary_shift import BoundarySearch
from speech_toolkit.evaluation.models.family import CARD_DTYPES
from speech_toolkit.evaluation.models.planted_faults import SIZES
from speech_toolkit.evaluation.models.protocol import ModelSettings
from speech_toolkit.evaluation.parity import on_device as parity_run
from speech_toolkit.evaluation.parity.budget import forms_for
from speech_toolkit.evaluation.parity.candidate import BUDGET, CandidateJudge
from speech_toolkit.evaluation.parity.figures import EMULATED, GOLDEN
from speech_toolkit.evaluation.parity.limits import TIGHT, Distance
from speech_toolkit.evaluation.parity.report import (
    Subject,
    parity_report,
    report_without_reference,
)
from speech_toolkit.evaluation.parity.request import LAYERS_OFF, ParityRequest, read_speech
from speech_toolkit.evaluation.parity.tight import distances_of, may_be_tight, why_no_room
from speech_toolkit.evaluation.targets import FLOAT32, REFERENCE, Target
from speech_toolkit.families import MMS, family_of
from speech_toolkit.files.scratch import scratch_errors, scratch_folder
from speech_toolkit.processes.runner import Outcome, run_isolated
from speech_toolkit.progress import Bar, HiddenBar, Progress, counted_as

_REFERENCE, _CANDIDATE, _GOLDEN, _EMULATED = (
    f"{parity_run.__name__}:run_{which}"
    for which in ("reference", "candidate", "golden", "emulated")
)
_BUDGET = f"{__package__}.budget_process:run_budget"
_NOISE_RUNS = 2  # as a rule: with one thread, and with all or two


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
        self._bar: Bar = HiddenBar()
        self._family = family_of(request.model_path)
        card_dtype = CARD_DTYPES[self._family]
        self._targets = [target.with_default_dtype(card_dtype) for target in request.targets]
        self._waveform, audio_sha256 = read_speech(request, self._family)
        self._layers = request.layers
        self._warnings: list[str] = []
        self._distances: dict[str, Distance] | None = None
        blank, self._search = self._prepare_search()
        self._subject = Subject(
            request, self._family, self._targets[0], self._waveform, audio_sha256, blank
        )

    def run(self, argv: Sequence[str]) -> tuple[dict[str, Any], int]:
        """Run every target and judge it.

        Args:
            argv: the command line, for the report.

        Returns:
            The report, described by results/schemas/evaluation.schema.json, and the exit code.
        """
        shown = self._progress.progress_bar(total=self._runs(), label="Evaluation", unit="run")
        with scratch_folder() as scratch, shown as self._bar:
            with scratch_errors():
                np.save(scratch / parity_run.SAMPLES_FILE, self._waveform.samples)
            reference = self._run_target(_REFERENCE, self._targets[0], scratch)
            if not reference.ok:
                return report_without_reference(self._subject, reference, argv, self._warnings)
            self._leave_layers_out(reference)
            with counted_as(self._runs_beside(), self._bar):
                beside = self._run_beside(scratch)
                self._find_distances(reference, beside, scratch)
            judge = CandidateJudge(
                self._request,
                self._targets[0],
                reference,
                beside,
                layers=self._layers,
                distances=self._distances,
                search=self._search,
            )
            candidates = [
                self._run_candidate(index, judge, scratch) for index in range(1, len(self._targets))
            ]
        return parity_report(self._subject, reference, candidates, beside, argv, self._warnings)

    def _runs(self) -> int:
        """Return about how often all processes together run the model."""
        of_candidate = self._runs_of(_CANDIDATE)
        if self._request.budget:
            of_candidate += self._runs_of(_BUDGET)
        candidates = len(self._targets) - 1
        return self._runs_of(_REFERENCE) + self._runs_beside() + candidates * of_candidate

    def _runs_beside(self) -> int:
        request = self._request
        is_golden = request.golden or request.budget or request.limits == TIGHT
        return self._runs_of(_GOLDEN) * is_golden + self._runs_of(_EMULATED)

    def _runs_of(self, function: str) -> int:
        """Return about how often a process runs the model; what it does not, counts at its end."""
        request = self._request
        measured, of_layers = request.warmup + request.runs, request.layers != LAYERS_OFF
        return {
            _REFERENCE: measured + of_layers + _NOISE_RUNS * request.noise_floor,
            _CANDIDATE: measured + of_layers + len(SIZES).bit_length(),
            _GOLDEN: 1,
            _EMULATED: len(request.emulations),
            _BUDGET: 1 + len(forms_for(FLOAT32)) + of_layers,
        }[function]

    def _run_candidate(self, index: int, judge: CandidateJudge, scratch: Path) -> dict[str, Any]:
        """Run a target, take its error apart if asked, and judge it."""
        target = self._targets[index]
        more = {"dtype_of_limits": judge.dtype_of_limits(target), "keep": None}
        if self._request.budget:
            more["keep"] = str(scratch / f"candidate_{index}")
        outcome = self._run_target(_CANDIDATE, target, scratch, more=more)
        budget = None
        if self._request.budget and outcome.ok:
            more |= judge.known_causes(target, outcome)
            label = f"{BUDGET} of {target.label}"
            budget = self._run_target(_BUDGET, REFERENCE, scratch, label, more)
        return judge.judge(target, outcome, budget)

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
        if self._request.golden or self._request.budget:
            beside[GOLDEN] = self._run_golden(scratch)
        if self._request.emulations:
            beside[EMULATED] = self._run_target(_EMULATED, REFERENCE, scratch, EMULATED)
        return beside

    def _find_distances(
        self, reference: Outcome, beside: dict[str, Outcome], scratch: Path
    ) -> None:
        """Find out what the tight limits are, by a run in float64 where none was asked for."""
        if self._request.limits != TIGHT or not may_be_tight(self._targets, reference):
            return
        golden = beside.get(GOLDEN)
        why_not = why_no_room(reference) if golden is None else None
        if golden is None and why_not is None:
            golden = self._run_golden(scratch)
        if golden is not None:
            beside[GOLDEN] = golden
            self._distances = distances_of(reference, golden) if golden.ok else None
            why_not = golden.message or "it gave no finite numbers"
        if self._distances is None:
            self._warnings.append(
                "float32 is held to the published limits, 1 %, and not to the reference's own "
                f"distance from float64: that was not computed ({why_not})"
            )

    def _run_golden(self, scratch: Path) -> Outcome:
        return self._run_target(_GOLDEN, Target("cpu", "float64"), scratch)

    def _run_target(
        self,
        function: str,
        target: Target,
        scratch: Path,
        label: str | None = None,
        more: Mapping[str, Any] | None = None,
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
            "changes": dict(request.changes),
            "distances": self._distances
            and {name: asdict(distance) for name, distance in self._distances.items()},
            "emulations": [asdict(emulation) for emulation in request.emulations],
            **(more or {}),
        }
        with counted_as(self._runs_of(function), self._bar):
            outcome = run_isolated(
                function,
                payload,
                label=label,
                timeout_s=request.timeout_s,
                progress=self._progress,
                bar=self._bar,
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
