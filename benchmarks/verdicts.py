#!/usr/bin/env python3
"""Do the verdicts depend on luck? Clean dtypes and planted faults, judged over many seeds.

    python benchmarks/verdicts.py --families whisper,mms --seeds 20
    python benchmarks/verdicts.py --scripts compare --faults 0.3 --dtypes bfloat16 --seeds 5
    python benchmarks/verdicts.py --scripts evaluate --places attention,feed_forward \
        --dtypes float32,float16,bfloat16 --faulty_dtypes float32,bfloat16 --faults 0.003,0.01,0.1

The reference is the CPU in float32, the candidate the CPU in another dtype, or in float32 on one
thread: as it is, or with noise added to what a layer in the middle of its encoder puts out, or an
attention or feed-forward module, another one for each seed. A clean candidate that fails is a false
alarm, a faulty one that passes is missed. Nothing is isolated here: all runs share one process and
keep their models loaded, so a run takes less time than its script does.
"""

import argparse
import re
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

from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.models.planted_faults import middle_layer, planted_noise
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.processes.runner import ERROR, OK, Outcome
from speech_toolkit.ranges import RUNS, SEED

ENCODER_LAYER, ATTENTION, FEED_FORWARD = "layer", "attention", "feed_forward"
PLACES = {
    ENCODER_LAYER: None,
    ATTENTION: re.compile(r"(attention|self_attn|encoder_attn)$"),
    FEED_FORWARD: re.compile(r"(feed_forward|fc2)$"),
}
SPEECH_S = 10.0


@dataclass(frozen=True)
class Subject:
    """A candidate: a dtype of the CPU, with a fault of a size or, where that is empty, none."""

    dtype: str
    size: str
    place: str = ENCODER_LAYER

    @property
    def name(self) -> str:
        """The line's name in the table."""
        return f"{self.dtype}, {f'noise of {self.size}, {self.place}' if self.size else 'clean'}"

    def device(self, seed: int) -> str:
        """Return the name by which :class:`OneProcess` knows it."""
        return f"cpu#{self.size}#{self.place}#{seed}"


class OneProcess:
    """Runs in this process what scripts run in their own, with models that stay loaded.

    A device named "cpu#0.1#layer#3" is one thread of the CPU, with a fault of size 0.1 in one of
    the model's layers, which of them by the seed 3; without a size, there is no fault.
    """

    def run(self, target: str, payload: dict[str, Any], *, label: str, **how: Any) -> Outcome:
        """Stand in for ``run_isolated``."""
        module, _, function = target.partition(":")
        which = "request" if "request" in payload else "model"
        device, *fault = payload[which]["device"].split("#")
        started = time.perf_counter()
        try:
            with threads(1 if fault else None), faulty_models(*fault):
                own = payload | {which: payload[which] | {"device": device}}
                result, arrays = getattr(import_module(module), function)(own)
        except ToolkitError as error:
            return Outcome(label, ERROR, None, {}, str(error), error.exit_code, 0.0, ())
        elapsed_s = time.perf_counter() - started
        return Outcome(label, OK, result, arrays, None, EXIT_DONE, elapsed_s, ())


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute on so many threads in the ``with`` block; None for as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def faulty_models(size: str = "", place: str = ENCODER_LAYER, seed: str = "0") -> Iterator[None]:
    """Add noise of a size to every model that is loaded in the ``with`` block; "" for none."""
    with ExitStack() as stack:

        def spoil(load: Callable[..., Any]) -> Callable[..., Any]:
            def loaded(*args: Any, **kwargs: Any) -> Any:
                found = load(*args, **kwargs)
                model = found.decoder.model if hasattr(found, "decoder") else found.model
                name = _module_to_spoil(model, place, int(seed))
                stack.enter_context(planted_noise(model, name, float(size)))
                return found

            return loaded

        for owner, name in _loaders() if size else ():
            spoilt = spoil(getattr(owner, name))
            stack.enter_context(mock.patch.object(owner, name, spoilt))
        yield


def _module_to_spoil(model: Any, place: str, seed: int) -> str:
    """Return the layer in the middle of the encoder, or one of the attentions or feed-forwards."""
    if place == ENCODER_LAYER:
        return middle_layer(model)
    names = [name for name, _ in model.named_modules() if PLACES[place].search(name)]
    return names[seed % len(names)]


def _loaders() -> tuple[tuple[Any, str], ...]:
    from speech_toolkit.alignment.aligner import Aligner
    from speech_toolkit.transcription.transcriber import Transcriber

    return (Aligner, "load"), (Transcriber, "load")


def judge_evaluate(family: str, subjects: Sequence[Subject], seed: int, folder: Path) -> list[str]:
    """Return the verdicts of ``evaluate.py`` on bundled speech in an order of its own per seed."""
    import soundfile

    from speech_toolkit.bundled import bundled_model
    from speech_toolkit.evaluation.models.family import BUNDLED_MODELS, SAMPLE_RATE_HZ
    from speech_toolkit.evaluation.parity.evaluation import ParityEvaluation
    from speech_toolkit.evaluation.parity.request import ParityRequest
    from speech_toolkit.evaluation.speed.speech_clip import bundled_speech

    audio = folder / "speech.wav"
    soundfile.write(
        audio, bundled_speech(family, SPEECH_S, SAMPLE_RATE_HZ, seed), SAMPLE_RATE_HZ, "FLOAT"
    )
    request = ParityRequest(
        str(bundled_model(BUNDLED_MODELS[family])),
        str(audio),
        targets_of(subjects, seed),
        warmup=1,
        runs=1,
        noise_floor=False,
    )
    report, _ = ParityEvaluation(request, Reporter(quiet=True)).run(["verdicts.py"])
    return [candidate["verdict"] for candidate in report["candidates"]]


def judge_accuracy(family: str, subjects: Sequence[Subject], seed: int, folder: Path) -> list[str]:
    """Return the verdicts of ``eval_accuracy.py``."""
    from speech_toolkit.evaluation.accuracy.evaluation import AccuracyRequest, evaluate_accuracy

    request = AccuracyRequest(None, family, targets_of(subjects, seed), seed=seed)
    report = evaluate_accuracy(request, folder, ["verdicts.py"], Reporter(quiet=True))
    return [comparison["verdict"] for comparison in report["comparisons"]]


def judge_compare(family: str, subjects: Sequence[Subject], seed: int, folder: Path) -> list[str]:
    """Return the verdicts of ``inference_whisper.py --mode compare`` on two sentences."""
    from speech_toolkit.evaluation.accuracy.one_file import compare_devices
    from speech_toolkit.evaluation.cases.cases import CaseRequest, make_cases
    from speech_toolkit.evaluation.cases.clips import OWN_SAMPLES
    from speech_toolkit.transcription.request import WhisperRequest

    wanted = CaseRequest(3, "samples", seed, samples_first=True, samples=OWN_SAMPLES)
    cases = make_cases(wanted, folder).cases
    case = next(case for case in cases if case.conditions["length"] == "medium")
    verdicts = []
    for subject in subjects:
        device = subject.device(seed)
        request = WhisperRequest(None, case.audio_path, device=device, dtype=subject.dtype)
        report, _ = compare_devices(request, case.text, Reporter(quiet=True))
        verdicts.append(report["verdict"])
    return verdicts


JUDGES = {"evaluate": judge_evaluate, "eval_accuracy": judge_accuracy, "compare": judge_compare}


def targets_of(subjects: Sequence[Subject], seed: int) -> tuple[Any, ...]:
    """Return the reference and all candidates."""
    from speech_toolkit.evaluation.targets import REFERENCE, Target

    return (REFERENCE, *(Target(each.device(seed), each.dtype) for each in subjects))


def keep_models_loaded(stack: ExitStack) -> None:
    """Load each model once for each device and dtype."""
    for owner, name in _loaders():
        stack.enter_context(mock.patch.object(owner, name, cache(getattr(owner, name))))


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scripts", default=",".join(JUDGES), metavar="LIST")
    parser.add_argument("--families", default="whisper,mms", metavar="LIST")
    parser.add_argument("--dtypes", default="bfloat16,float16", metavar="LIST", help="clean ones")
    parser.add_argument("--faults", default="0.03,0.1,0.3", metavar="LIST", help="sizes")
    parser.add_argument("--faulty_dtypes", default="bfloat16", metavar="LIST")
    parser.add_argument("--places", default=ENCODER_LAYER, metavar="LIST", help=", ".join(PLACES))
    parser.add_argument("--seeds", type=number(RUNS), default=20, metavar="N")
    parser.add_argument("--first_seed", type=number(SEED), default=0, metavar="N")
    arguments = parser.parse_args()

    subjects = [Subject(dtype, "") for dtype in arguments.dtypes.split(",")]
    lists = (arguments.faulty_dtypes, arguments.faults, arguments.places)
    subjects += [Subject(*fault) for fault in product(*(text.split(",") for text in lists))]
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    with ExitStack() as stack:
        keep_models_loaded(stack)
        for module in ("accuracy.device_runs", "accuracy.one_file", "parity.evaluation"):
            owner = import_module(f"speech_toolkit.evaluation.{module}")
            stack.enter_context(mock.patch.object(owner, "run_isolated", OneProcess().run))
        for script, family in product(arguments.scripts.split(","), arguments.families.split(",")):
            if (script, family) != ("compare", "mms"):
                print_table(script, family, subjects, seeds)
    return EXIT_DONE


def print_table(script: str, family: str, subjects: Sequence[Subject], seeds: range) -> None:
    """Judge all candidates over all seeds; print the counts after each seed."""
    counts = {subject: Counter[str]() for subject in subjects}
    started = time.perf_counter()
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            verdicts = JUDGES[script](family, subjects, seed, Path(folder))
        for subject, verdict in zip(subjects, verdicts, strict=True):
            counts[subject][verdict] += 1
        print(f"... {script} {family} seed {seed}: {', '.join(verdicts)}", file=sys.stderr)
    mean_s = (time.perf_counter() - started) / len(seeds)
    print(f"{script}, {family}, {len(seeds)} seeds, {mean_s:.0f} s for all candidates of one")
    print(f"  {'candidate':<40} {'PASS':>5} {'FAIL':>5} {'NOT VALID':>10}")
    for subject in subjects:
        found = counts[subject]
        print(
            f"  {subject.name:<40} {found[PASS]:>5} {found[FAIL]:>5} {found[NOT_VALID]:>10}",
            flush=True,
        )


if __name__ == "__main__":
    run_script(main)
