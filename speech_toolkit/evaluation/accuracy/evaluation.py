"""Does a model do its task as well on a device as on the reference? Request in, report out."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.hashes import weights_hash
from speech_toolkit.errors import ToolkitError, UsageError
from speech_toolkit.evaluation.accuracy.case_comparer import CaseComparer
from speech_toolkit.evaluation.accuracy.criteria import criteria_for
from speech_toolkit.evaluation.accuracy.device_runs import (
    DeviceRun,
    ModelChoice,
    Questions,
    run_device,
    run_faults,
)
from speech_toolkit.evaluation.accuracy.lead_shift import (
    ROUNDING_OF,
    LeadEvidence,
    shift_by_rounding,
)
from speech_toolkit.evaluation.accuracy.on_device import CONTROL_HEARINGS
from speech_toolkit.evaluation.accuracy.report import accuracy_report
from speech_toolkit.evaluation.accuracy.verdict import (
    Judgement,
    Side,
    judge,
    names_of_limits,
)
from speech_toolkit.evaluation.cases.cases import CaseRequest, CaseSet, make_cases
from speech_toolkit.evaluation.cases.clips import ALL_SAMPLES, OWN_SAMPLES
from speech_toolkit.evaluation.cases.manifest import read_manifest
from speech_toolkit.evaluation.metrics.text import read_spellings
from speech_toolkit.evaluation.models.family import (
    BUNDLED_MODELS,
    CARD_DTYPES,
    checkpoint_directory,
)
from speech_toolkit.evaluation.report import report_header
from speech_toolkit.evaluation.targets import REFERENCE, Target, why_not_on_card, why_same
from speech_toolkit.evaluation.thresholds import Threshold, coarser_dtype, parse_changes
from speech_toolkit.families import MMS, WHISPER, family_of
from speech_toolkit.files.scratch import scratch_folder
from speech_toolkit.languages import is_english
from speech_toolkit.processes.runner import ERROR
from speech_toolkit.progress import Bar, Progress, counted_as

KIND = "accuracy"
_ENGLISH_OF = {"mms": "eng", "whisper": "en"}


@dataclass(frozen=True)
class AccuracyRequest:
    """What is to be judged, and by which cases.

    Attributes:
        model_path: directory or hub id; None for the bundled model of ``family``.
        family: "mms" or "whisper"; a checkpoint's own family counts where one is given.
        targets: at least two, the first is the reference.
        num_test_cases: how many cases are made.
        source: of their speech, see :class:`CaseRequest`.
        manifest: the user's own cases instead; None for made ones.
        language: of the cases; None for English.
        seed: of all that is random.
        min_words: fewest words that the compared cases must hold for a PASS.
        thresholds: changed criteria, as ``NAME=VALUE``.
        attn_implementation: attention kernel; None for the one transformers picks.
        batch_size: windows of a recording that run together; None for each device's default.
        timeout_s: seconds that each device may take; None for no limit.
    """

    model_path: str | None
    family: str
    targets: tuple[Target, ...]
    num_test_cases: int = 20
    source: str = "auto"
    manifest: str | None = None
    language: str | None = None
    seed: int = 0
    min_words: int = 50
    thresholds: tuple[str, ...] = ()
    attn_implementation: str | None = None
    batch_size: int | None = None
    timeout_s: float | None = None


def evaluate_accuracy(
    request: AccuracyRequest,
    directory: Path,
    argv: Sequence[str],
    progress: Progress,
    protect: Callable[[str, Sequence[str]], None] = lambda name, paths: None,
) -> dict[str, Any]:
    """Make or read the cases, run every target, compare each with the first, and judge.

    Args:
        request: what to judge.
        directory: where the cases that are made go, see :func:`case_directory`.
        argv: the command line, for the report.
        progress: where progress goes.
        protect: called with the name and the paths of inputs that show only now, the recordings of
            a manifest, before anything is written.

    Returns:
        The report, described by ``results/schemas/accuracy.schema.json``. A target that failed has
        its status and message, and what it heard before.

    Raises:
        CheckpointError: there is no such checkpoint, or its family is not supported.
        UsageError: fewer than two targets, cases that cannot be made or read, or no such criterion.
        ToolkitError: the first candidate's device is missing or cannot load the model.
    """
    name = request.model_path or str(bundled_model(BUNDLED_MODELS[request.family]))
    family, checkpoint = family_of(name), checkpoint_directory(name, request.language)
    targets = _targets(request, family)
    changes = _changes(request, family, targets)
    model = ModelChoice(
        str(checkpoint),
        request.attn_implementation,
        request.batch_size,
        request.timeout_s,
        request.language,
    )
    config = asdict(request) | {"targets": [target.label for target in targets]}
    header = report_header(KIND, argv, config)
    cases = _cases(request, family, directory)
    if request.manifest is not None:
        protect("audio of --manifest", [case.audio_path for case in cases.cases])
    progress.info(f"{len(cases.cases)} test cases: {cases.source}")
    comparer = CaseComparer(
        family, cases.cases, read_spellings(checkpoint), request.min_words, changes, request.seed
    )
    with _bar_of(targets, cases, progress) as bar:
        runs, exact = _run_devices(model, targets, cases, progress, bar)
        judged = {
            run.target.label: _judge_run(model, runs[0], exact, run, comparer, progress, bar)
            for run in runs[1:]
        }
    body = accuracy_report(cases, runs, judged, comparer)
    weights = {"path": name, "weights_sha256": weights_hash(checkpoint)}
    return {**header, "family": family, "model": weights, **body}


@contextlib.contextmanager
def case_directory(keep_audio: str | None) -> Iterator[Path]:
    """Give the directory that is to keep the cases, or for None one that goes away.

    Raises:
        UsageError: the directory cannot be made.
    """
    if keep_audio is None:
        with scratch_folder() as folder:
            yield folder
        return
    folder = Path(keep_audio)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--keep_audio {folder}: cannot be made ({error.strerror}); choose another directory"
        ) from error
    yield folder


def _targets(request: AccuracyRequest, family: str) -> list[Target]:
    """Return the targets, each with its dtype; of fewer than two there is nothing to compare."""
    targets = [target.with_default_dtype(CARD_DTYPES[family]) for target in request.targets]
    if len(targets) < 2:
        raise UsageError(
            f"--devices {targets[0].label}: a comparison needs two, the reference first, such as "
            "cpu,npu or cpu:float32,cpu:bfloat16"
        )
    return targets


def _changes(request: AccuracyRequest, family: str, targets: Sequence[Target]) -> dict[str, float]:
    """Return the limits that the user set, by name."""
    names = [threshold.name for threshold in criteria_for(family, targets[0].dtype)]
    return parse_changes(request.thresholds, [*names, *names_of_limits(family)])


def _cases(request: AccuracyRequest, family: str, folder: Path) -> CaseSet:
    """Read the user's cases, or make some that suit the model.

    An aligner is best tested where true word times are known; the bundled recogniser knows few
    words beside those of its own samples.
    """
    language = request.language or _ENGLISH_OF[family]
    if request.manifest is not None:
        return read_manifest(Path(request.manifest), language)
    if not is_english(language):
        raise UsageError(
            f"--language {language}: the test cases that are made are in English; "
            "give your own with --manifest"
        )
    samples_first = request.model_path is None or family == MMS
    wanted = CaseRequest(
        count=request.num_test_cases,
        source=request.source,
        seed=request.seed,
        language=_ENGLISH_OF[family],
        samples_first=samples_first,
        samples=OWN_SAMPLES if family == WHISPER else ALL_SAMPLES,
    )
    return make_cases(wanted, folder)


def _bar_of(
    targets: Sequence[Target], cases: CaseSet, progress: Progress
) -> contextlib.AbstractContextManager[Bar]:
    """Return a bar of how often a case is heard: by each device, and by each card with faults."""
    hearings = len({REFERENCE, targets[0]}) + len(targets[1:]) * (1 + CONTROL_HEARINGS)
    return progress.progress_bar(total=len(cases.cases) * hearings, label="Evaluation", unit="case")


def _run_devices(
    model: ModelChoice,
    targets: Sequence[Target],
    cases: CaseSet,
    progress: Progress,
    bar: Bar,
) -> tuple[list[DeviceRun], DeviceRun]:
    """Run the candidates and then the reference, so that a missing card is noticed at once.

    The reference is asked about the choices of the candidates, and a CPU in float32, which it is
    itself as a rule, how far the rounding of their numbers would move it.

    Returns:
        One run per target, in their order; and that of the CPU in float32.
    """
    runs: list[DeviceRun] = []
    for target in targets[1:]:
        run = run_device(model, target, cases.cases, progress, bar)
        if run.status == ERROR and not runs:
            raise ToolkitError(f"{target.label}: {run.message}")
        runs.append(run)
    given = {run.target.label: [heard.windows for heard in run.heard] for run in runs}
    roundings = {
        run.target.label: ROUNDING_OF[coarser_dtype(targets[0].dtype, run.target.dtype)]
        for run in runs
    }
    is_exact = targets[0] == REFERENCE
    asked = Questions(given, roundings if is_exact else {})
    reference = run_device(model, targets[0], cases.cases, progress, bar, asked)
    exact = reference
    if not is_exact:
        asked = Questions(given, roundings, hears=False)
        exact = run_device(model, REFERENCE, cases.cases, progress, bar, asked)
    return [reference, *runs], exact


def _side(reference: DeviceRun, exact: DeviceRun, candidate: DeviceRun) -> Side:
    """Return what the reference says to a candidate's choices, and what rounding would."""
    label = candidate.target.label
    nothing = [None] * len(candidate.heard)
    on_reference = reference.exact.get(label, nothing)
    shifted = [
        leads and base and rounded and shift_by_rounding(leads, base, rounded)
        for leads, base, rounded in zip(
            on_reference,
            exact.exact.get(label, nothing),
            exact.rounded.get(label, nothing),
            strict=True,
        )
    ]
    dtype = coarser_dtype(reference.target.dtype, candidate.target.dtype)
    same = why_same(
        reference.facts.get("environment", {}),
        reference.target.dtype,
        candidate.facts.get("environment", {}),
        candidate.target.dtype,
    )
    elsewhere = why_not_on_card(candidate.facts.get("fallback_ops", ()))
    return Side(dtype, on_reference, shifted, same, elsewhere)


def _judge_run(
    model: ModelChoice,
    reference: DeviceRun,
    exact: DeviceRun,
    candidate: DeviceRun,
    comparer: CaseComparer,
    progress: Progress,
    bar: Bar,
) -> Judgement:
    """Judge one candidate; its control runs on its own device."""

    def run_control(
        used: Sequence[int], evidence: LeadEvidence, limits: Sequence[Threshold]
    ) -> dict[str, Any]:
        cases = [comparer.cases[index] for index in used]
        heard = [candidate.heard[index] for index in used]
        return run_faults(model, candidate.target, cases, heard, evidence, limits, progress, bar)

    side = _side(reference, exact, candidate)
    with counted_as(CONTROL_HEARINGS * len(comparer.cases), bar):
        return judge(comparer, reference.heard, candidate.heard, side, run_control)
