"""What a report says of one candidate: its figures, the checks on them, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.evaluation.metrics.boundary_shift import BoundarySearch
from speech_toolkit.evaluation.parity import verdict
from speech_toolkit.evaluation.parity.budget import (
    KNOWN_FORM,
    budget_checks,
    granted_forms,
    name_forms,
    rounding_causes,
)
from speech_toolkit.evaluation.parity.culprit import declared_rounding
from speech_toolkit.evaluation.parity.figures import (
    GOLDEN,
    WHY_NO_SPEED_UP,
    against_emulations,
    against_golden,
    no_speedup,
    run_figures,
    speedup,
)
from speech_toolkit.evaluation.parity.limits import Distance, limits_for
from speech_toolkit.evaluation.parity.request import LAYERS_OFF, ParityRequest
from speech_toolkit.evaluation.parity.tight import (
    is_highest,
    limit_set,
    noise_of,
    published_beside,
)
from speech_toolkit.evaluation.targets import FLOAT32, Target, why_same
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS, Check, coarser_dtype
from speech_toolkit.processes.runner import Outcome

BUDGET = "budget"


class CandidateJudge:
    """Judges candidates, each against the same reference."""

    def __init__(
        self,
        request: ParityRequest,
        reference_target: Target,
        reference: Outcome,
        beside: Mapping[str, Outcome],
        *,
        layers: str,
        distances: Mapping[str, Distance] | None,
        search: BoundarySearch | None,
    ) -> None:
        """Keep what all candidates are held against.

        Args:
            request: what was asked for.
            reference_target: where the reference ran.
            reference: its run.
            beside: runs on the CPU beside the targets, by name.
            layers: which modules were compared.
            distances: of the reference from float64, for the tight limits; None without them.
            search: of word boundaries; None where these are not compared.
        """
        self._request = request
        self._reference_target = reference_target
        self._reference = reference
        self._beside = beside
        self._layers = layers
        self._distances = distances
        self._search = search

    def dtype_of_limits(self, target: Target) -> str:
        """Return the dtype whose limits a candidate is held to."""
        return coarser_dtype(self._reference_target.dtype, target.dtype)

    def known_causes(self, target: Target, outcome: Outcome) -> dict[str, Any]:
        """Return what a budget has to know: "rounding", "granted" and "noise" of its payload."""
        own, other = (
            declared_rounding(run.result["environment"]) for run in (outcome, self._reference)
        )
        return {
            "rounding": rounding_causes(self.dtype_of_limits(target), {**other, **own}),
            "granted": granted_forms(own, other),
            "noise": noise_of(self._reference),
        }

    def judge(self, target: Target, outcome: Outcome, budget: Outcome | None) -> dict[str, Any]:
        """Return a candidate's part of the report.

        Args:
            target: where it ran.
            outcome: its run.
            budget: of its error; None where none was asked for.
        """
        head = run_figures(target, outcome)
        if not outcome.ok:
            nothing = {"verdict": NOT_VALID, "reasons": [outcome.message], "checks": []}
            return head | nothing | no_speedup("the run did not end well")
        reference, dtype, changes = self._reference, self.dtype_of_limits(target), self._changes
        both = ((self._reference_target, reference), (target, outcome))
        is_float32 = dtype == FLOAT32
        whole = all(is_highest(t.dtype, run.result["environment"]) for t, run in both)
        distances = self._distances if whole else None
        limits = limits_for(dtype, changes, distances)
        figures, checks = self._compare(outcome, limits)
        golden = self._beside.get(GOLDEN) if distances or self._request.golden else None
        found, golden_checks = against_golden(reference, outcome, golden, dtype, distances)
        checks += golden_checks
        figures |= {
            "golden": found,
            "emulated": against_emulations(reference, outcome, self._beside),
            "sensitivity": outcome.result["sensitivity"],
            "budget": budget.result if budget else None,
        }
        named: list[str] = []
        if budget is not None and budget.ok:
            named = name_forms(budget.result, figures["layers"], limits[KNOWN_FORM])
            checks += budget_checks(budget.result, limits[KNOWN_FORM]) if is_float32 else []
        gaps = self._gaps(target, outcome, figures["layers"], budget)
        result = FAIL if not all(c.passed for c in checks) else NOT_VALID if gaps else PASS
        reasons = [*verdict.reasons(checks), *verdict.culprit_reason(figures["layers"])]
        return (
            head
            | figures
            | {
                "verdict": result,
                "reasons": [*reasons, *(named if is_float32 else ()), *gaps],
                "limits_of": dtype,
                "limit_set": limit_set(distances),
                "published": published_beside(
                    checks, figures["layers"], dtype, changes, outcome.result["environment"]
                ),
                "checks": [verdict.check_dict(item) for item in checks],
                **speedup(reference, outcome, WHY_NO_SPEED_UP.get(result)),
            }
        )

    @property
    def _changes(self) -> Mapping[str, float]:
        return self._request.changes

    def _gaps(
        self,
        target: Target,
        outcome: Outcome,
        layers: Mapping[str, Any] | None,
        budget: Outcome | None,
    ) -> list[str]:
        """Say what keeps a candidate without a failed check from a PASS."""
        same = why_same(
            self._reference.result["environment"],
            self._reference_target.dtype,
            outcome.result["environment"],
            target.dtype,
        )
        asked = {**self._beside, **({"the error budget": budget} if budget else {})}
        not_run = [
            f"{label} was asked for and did not run: {run.message}"
            for label, run in asked.items()
            if not run.ok and (label != GOLDEN or self._request.golden)
        ]
        unmatched = layers and verdict.why_not_covered(layers)
        blind = verdict.why_blind(outcome.result["sensitivity"])
        return [reason for reason in (same, *not_run, unmatched, blind) if reason]

    def _compare(
        self, candidate: Outcome, limits: verdict.Limits
    ) -> tuple[dict[str, Any], list[Check]]:
        """Compare outputs, device, task and modules."""
        reference = self._reference
        figures: dict[str, Any] = {"task": None, "layers": None}
        figures["outputs"], checks = verdict.compare_outputs(
            reference.arrays, candidate.arrays, limits
        )
        checks += verdict.check_device(candidate.result, candidate.fallback_ops, limits)
        task_checks: Sequence[Check] = []
        if self._search is not None:
            figures["task"], task_checks = verdict.compare_boundaries(
                self._search, reference.arrays, candidate.arrays, limits
            )
        elif reference.result["answer"]:
            figures["task"], task_checks = verdict.compare_answers(
                reference.result["answer"], candidate.result["answer"], limits
            )
        layer_checks: Sequence[Check] = []
        if self._layers != LAYERS_OFF:
            figures["layers"], layer_checks = verdict.judge_layers(
                candidate.result["layers"], candidate.result["environment"], limits
            )
        return figures, [*checks, *task_checks, *layer_checks]
