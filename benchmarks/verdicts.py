#!/usr/bin/env python3
"""Do the verdicts depend on luck? Clean dtypes and planted faults, judged over many seeds.

    python benchmarks/verdicts.py --families whisper,mms --seeds 20
    python benchmarks/verdicts.py --scripts compare --faults 0.3 --dtypes bfloat16 --seeds 5

The reference is the CPU in float32, the candidate the CPU in another dtype: as it is, or with noise
added to what a layer in the middle of its encoder puts out. A clean candidate that fails is a false
alarm, a faulty one that passes is missed. Nothing is isolated here: all runs share one process and
keep their models loaded, so a run takes less time than its script does.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.command_line import EXIT_DONE, Reporter, positive_int, run_script
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.conclusion import FAIL, NOT_VALID, PASS
from speech_toolkit.evaluation.isolated import ERROR, OK, Outcome
from speech_toolkit.evaluation.sensitivity import middle_layer, planted_noise


@dataclass(frozen=True)
class Subject:
    """A candidate: a dtype of the CPU, with a fault of a size or, where that is empty, none."""

    dtype: str
    size: str

    @property
    def device(self) -> str:
        """The name by which :class:`OneProcess` knows it."""
        return f"cpu#{self.size}" if self.size else "cpu"


class OneProcess:
    """Runs in this process what scripts run in their own, with models that stay loaded.

    A device named "cpu#0.1" is the CPU with a fault of size 0.1 in the model.
    """

    def run(self, target: str, payload: dict[str, Any], *, label: str, **how: Any) -> Outcome:
        """Stand in for ``run_isolated``."""
        module, _, function = target.partition(":")
        device, _, size = payload["device"].partition("#")
        started = time.perf_counter()
        try:
            with faulty_models(float(size or 0)):
                own = payload | {"device": device}
                result, arrays = getattr(import_module(module), function)(own)
        except ToolkitError as error:
            return Outcome(label, ERROR, None, {}, str(error), error.exit_code, 0.0, ())
        elapsed_s = time.perf_counter() - started
        return Outcome(label, OK, result, arrays, None, EXIT_DONE, elapsed_s, ())


@contextmanager
def faulty_models(size: float) -> Iterator[None]:
    """Add noise of a size to every model that is loaded in the ``with`` block; 0 for none."""
    with ExitStack() as stack:

        def spoil(load: Callable[..., Any]) -> Callable[..., Any]:
            def loaded(*args: Any, **kwargs: Any) -> Any:
                found = load(*args, **kwargs)
                model = found.decoder.model if hasattr(found, "decoder") else found.model
                stack.enter_context(planted_noise(model, middle_layer(model), size))
                return found

            return loaded

        for owner in _loaders() if size else ():
            stack.enter_context(mock.patch.object(owner, "load", spoil(owner.load)))
        yield


def _loaders() -> tuple[Any, ...]:
    from speech_toolkit.alignment.aligner import Aligner
    from speech_toolkit.transcription.transcriber import Transcriber

    return Aligner, Transcriber


def judge_accuracy(family: str, subjects: Sequence[Subject], seed: int, folder: Path) -> list[str]:
    """Return the verdicts of ``eval_accuracy.py``."""
    from speech_toolkit.evaluation.accuracy import AccuracyRequest, evaluate_accuracy
    from speech_toolkit.evaluation.targets import Target

    targets = (Target("cpu", "float32"), *(Target(each.device, each.dtype) for each in subjects))
    request = AccuracyRequest(None, family, targets, seed=seed)
    report = evaluate_accuracy(request, folder, ["verdicts.py"], Reporter(quiet=True))
    return [comparison["verdict"] for comparison in report["comparisons"]]


def judge_compare(family: str, subjects: Sequence[Subject], seed: int, folder: Path) -> list[str]:
    """Return the verdicts of ``inference_whisper.py --mode compare`` on two sentences."""
    from speech_toolkit.evaluation.cases import CaseRequest, make_cases
    from speech_toolkit.evaluation.clips import OWN_SAMPLES
    from speech_toolkit.evaluation.compare import compare_devices
    from speech_toolkit.transcription.request import WhisperRequest

    wanted = CaseRequest(3, "samples", seed, samples_first=True, samples=OWN_SAMPLES)
    cases = make_cases(wanted, folder).cases
    case = next(case for case in cases if case.conditions["length"] == "medium")
    verdicts = []
    for subject in subjects:
        request = WhisperRequest(None, case.audio_path, device=subject.device, dtype=subject.dtype)
        report, _ = compare_devices(request, case.text, Reporter(quiet=True))
        verdicts.append(report["verdict"])
    return verdicts


JUDGES = {"eval_accuracy": judge_accuracy, "compare": judge_compare}


def keep_models_loaded(stack: ExitStack) -> None:
    """Load each model once for each device and dtype."""
    for owner in _loaders():
        stack.enter_context(mock.patch.object(owner, "load", cache(owner.load)))


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scripts", default=",".join(JUDGES), metavar="LIST")
    parser.add_argument("--families", default="whisper,mms", metavar="LIST")
    parser.add_argument("--dtypes", default="bfloat16,float16", metavar="LIST", help="clean ones")
    parser.add_argument("--faults", default="0.03,0.1,0.3", metavar="LIST", help="sizes")
    parser.add_argument("--faulty_dtypes", default="bfloat16", metavar="LIST")
    parser.add_argument("--seeds", type=positive_int, default=20, metavar="N")
    arguments = parser.parse_args()

    subjects = [Subject(dtype, "") for dtype in arguments.dtypes.split(",")]
    subjects += [
        Subject(dtype, size)
        for dtype in arguments.faulty_dtypes.split(",")
        for size in arguments.faults.split(",")
    ]
    with ExitStack() as stack:
        keep_models_loaded(stack)
        for module in ("arms", "compare"):
            owner = import_module(f"speech_toolkit.evaluation.{module}")
            stack.enter_context(mock.patch.object(owner, "run_isolated", OneProcess().run))
        for script, family in product(arguments.scripts.split(","), arguments.families.split(",")):
            if (script, family) != ("compare", "mms"):
                print_table(script, family, subjects, arguments.seeds)
    return EXIT_DONE


def print_table(script: str, family: str, subjects: Sequence[Subject], seeds: int) -> None:
    """Judge all candidates over all seeds; print the counts after each seed."""
    counts = {subject: Counter[str]() for subject in subjects}
    started = time.perf_counter()
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            verdicts = JUDGES[script](family, subjects, seed, Path(folder))
        for subject, verdict in zip(subjects, verdicts, strict=True):
            counts[subject][verdict] += 1
        print(f"... {script} {family} seed {seed}: {', '.join(verdicts)}", file=sys.stderr)
    mean_s = (time.perf_counter() - started) / seeds
    print(f"{script}, {family}, {seeds} seeds, {mean_s:.0f} s for all candidates of one")
    print(f"  {'candidate':<28} {'PASS':>5} {'FAIL':>5} {'NOT VALID':>10}")
    for subject in subjects:
        name = f"{subject.dtype}, {f'noise of {subject.size}' if subject.size else 'clean'}"
        found = counts[subject]
        print(f"  {name:<28} {found[PASS]:>5} {found[FAIL]:>5} {found[NOT_VALID]:>10}", flush=True)


if __name__ == "__main__":
    run_script(main)
