"""One device's run over all test cases, in a process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from speech_toolkit.evaluation.accuracy import on_device
from speech_toolkit.evaluation.accuracy.lead_shift import LeadEvidence
from speech_toolkit.evaluation.cases.cases import Case
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.models.protocol import ModelSettings
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.evaluation.thresholds import Threshold
from speech_toolkit.processes.runner import Outcome, run_isolated
from speech_toolkit.progress import Bar, Progress, counted_as

Leads = tuple[list[float] | None, ...]


@dataclass(frozen=True)
class ModelChoice:
    """The model that all devices run.

    Attributes:
        directory: of the checkpoint.
        attn_implementation: attention kernel; None for the one transformers picks.
        batch_size: windows that run together; None for each device's default.
        timeout_s: after which a device's run is given up; None for never.
        language: as in ``ModelSettings``.
    """

    directory: str
    attn_implementation: str | None = None
    batch_size: int | None = None
    timeout_s: float | None = None
    language: str | None = None


@dataclass(frozen=True)
class Questions:
    """What a device is asked about the choices of others while it hears the cases itself.

    Attributes:
        given: by the label of each device, its choices in each case; None where it heard nothing.
        roundings: by some of these labels, the format that is emulated.
        hears: whether the device hears the cases itself as well.
    """

    given: Mapping[str, Sequence[Any]]
    roundings: Mapping[str, str]
    hears: bool = True


NO_QUESTIONS = Questions({}, {})


@dataclass(frozen=True)
class DeviceRun:
    """One device's run over all cases.

    Attributes:
        target: where it ran.
        status: as in :class:`Outcome`.
        message: what went wrong, None where nothing did.
        elapsed_s: of the whole process, to the millisecond.
        facts: what it ran on; empty where the run left nothing.
        heard: one per case; those not reached hold the message as their error.
        exact: by the label of each device it was asked about, the leads of its choices here, one
            per case; None where there are none.
        rounded: likewise, with its format emulated.
    """

    target: Target
    status: str
    message: str | None
    elapsed_s: float
    facts: dict[str, Any]
    heard: tuple[Heard, ...]
    exact: dict[str, Leads]
    rounded: dict[str, Leads]


def run_device(
    model: ModelChoice,
    target: Target,
    cases: Sequence[Case],
    progress: Progress,
    bar: Bar,
    questions: Questions = NO_QUESTIONS,
) -> DeviceRun:
    """Take all cases through the model on one device, in a process of its own.

    Args:
        model: what it runs.
        target: the device.
        cases: what it hears.
        progress: where progress is shown.
        bar: grows by the number of the cases.
        questions: about the choices of devices that have run before.
    """
    progress.info(f"Running {len(cases)} cases on {target.label}")
    asked = {
        "given": dict(questions.given),
        "roundings": dict(questions.roundings),
        "hears": questions.hears,
    }
    with counted_as(len(cases), bar):
        outcome = _run("hear_cases", model, target, cases, progress, bar, asked)
    facts = dict(outcome.result or {})
    if outcome.ok:
        facts["fallback_ops"] = outcome.fallback_ops
    heard = [Heard.from_dict(entry) for entry in facts.pop("heard", ())]
    heard += [Heard(error=outcome.message)] * (len(cases) - len(heard))
    exact, rounded = (
        {name: _filled(leads, len(cases)) for name, leads in facts.pop(key, {}).items()}
        for key in ("exact", "rounded")
    )
    if not outcome.ok:
        progress.info(f"{target.label}: {outcome.message}")
    progress.time(target.label, outcome.elapsed_s)
    return DeviceRun(
        target,
        outcome.status,
        outcome.message,
        round(outcome.elapsed_s, 3),
        facts,
        tuple(heard),
        exact,
        rounded,
    )


def run_faults(
    model: ModelChoice,
    target: Target,
    cases: Sequence[Case],
    heard: Sequence[Heard],
    evidence: LeadEvidence,
    limits: Sequence[Threshold],
    progress: Progress,
    bar: Bar,
) -> dict[str, Any]:
    """Plant faults in the model on a device and find the smallest that is noticed.

    Args:
        model: what it runs.
        target: the device.
        cases: those that are used.
        heard: what the device heard in them without a fault.
        evidence: what the reference says to that.
        limits: of the tests.
        progress: where progress is shown.
        bar: grows by up to ``CONTROL_HEARINGS`` of `on_device` for each case.

    Returns:
        The negative control for the report; its ``error`` says why there is none.
    """
    progress.info(f"Planting faults on {target.label}")
    asked = {
        "given": [each.windows for each in heard],
        "roundings": {},
        "evidence": evidence.to_dict(),
        "limits": [asdict(limit) for limit in limits],
    }
    outcome = _run("hear_faults", model, target, cases, progress, bar, asked, "off")
    progress.time(f"{target.label}, faults planted", outcome.elapsed_s)
    unknown = {
        "module": None,
        "zero_noticed_by": [],
        "smallest_noticed": None,
        "noticed_by": [],
        "largest_missed": None,
    }
    found = outcome.result if outcome.ok else {}
    return unknown | found | {"error": outcome.message}


def _run(
    function: str,
    model: ModelChoice,
    target: Target,
    cases: Sequence[Case],
    progress: Progress,
    bar: Bar,
    asked: Mapping[str, Any],
    decode_graph: str = "auto",
) -> Outcome:
    settings = ModelSettings(
        model.directory,
        target.device,
        target.dtype,
        model.attn_implementation,
        model.batch_size,
        decode_graph,
        language=model.language,
        float32_precision=target.float32_precision,
    )
    return run_isolated(
        f"{on_device.__name__}:{function}",
        {
            "model": asdict(settings),
            "cases": [
                {"audio_path": case.audio_path, "text": case.text, "language": case.language}
                for case in cases
            ],
            **asked,
        },
        label=target.label,
        timeout_s=model.timeout_s,
        progress=progress,
        bar=bar,
    )


def _filled(leads: Sequence[list[float] | None], cases: int) -> Leads:
    """Return the leads of all cases; None of those that were not reached."""
    return (*leads, *[None] * (cases - len(leads)))
