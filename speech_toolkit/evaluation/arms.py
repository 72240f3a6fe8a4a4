"""One device's run over all test cases, in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.command_line import Reporter
from speech_toolkit.evaluation.cases import Case
from speech_toolkit.evaluation.hearing import Heard
from speech_toolkit.evaluation.isolated import run_isolated
from speech_toolkit.evaluation.targets import Target


@dataclass(frozen=True)
class ModelChoice:
    """The model that all devices run.

    Attributes:
        family: "mms" or "whisper".
        directory: of the checkpoint.
        attn_implementation: attention kernel; None for the one transformers picks.
        timeout_s: after which a device's run is given up; None for never.
    """

    family: str
    directory: str
    attn_implementation: str | None = None
    timeout_s: float | None = None


@dataclass(frozen=True)
class Arm:
    """One device's run over all cases.

    Attributes:
        target: where it ran.
        status: as in :class:`Outcome`.
        message: what went wrong, None where nothing did.
        elapsed_s: of the whole process.
        facts: what it ran on; empty where the run left nothing.
        heard: one per case; those not reached hold the message as their error.
    """

    target: Target
    status: str
    message: str | None
    elapsed_s: float
    facts: dict[str, Any]
    heard: tuple[Heard, ...]


def run_arm(
    model: ModelChoice,
    target: Target,
    cases: Sequence[Case],
    reporter: Reporter,
    disturbance: float | None = None,
) -> Arm:
    """Take all cases through the model on one device, in a process of its own.

    Args:
        model: what it runs.
        target: the device.
        cases: what it hears.
        reporter: where progress is shown.
        disturbance: the size of a fault planted in the model, None for none.
    """
    label = target.label + ("" if disturbance is None else f", fault of {disturbance:g} planted")
    reporter.info(f"Running {len(cases)} cases on {label}")
    outcome = run_isolated(
        "speech_toolkit.evaluation.hearing:hear_cases",
        {
            "family": model.family,
            "model_path": model.directory,
            "device": target.device,
            "dtype": target.dtype,
            "attn_implementation": model.attn_implementation,
            "disturbance": disturbance,
            "cases": [
                {"audio_path": case.audio_path, "text": case.text, "language": case.language}
                for case in cases
            ],
        },
        label=label,
        timeout_s=model.timeout_s,
        reporter=reporter,
    )
    facts = dict(outcome.result or {})
    heard = [Heard.from_dict(entry) for entry in facts.pop("heard", ())]
    heard += [Heard(error=outcome.message)] * (len(cases) - len(heard))
    if not outcome.ok:
        reporter.info(f"{label}: {outcome.message}")
    reporter.time(label, outcome.elapsed_s)
    return Arm(target, outcome.status, outcome.message, outcome.elapsed_s, facts, tuple(heard))
