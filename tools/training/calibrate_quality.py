#!/usr/bin/env python3
r"""Set the weights by which disagreements of audio and transcript are judged, on planted faults.

    python tools/training/calibrate_quality.py --gold TUNE --models models/tiny-mms-aligner \
        tests/data/spiky-aligner

Faults are planted in recordings with true word times and in clips of them, right ones are heard in
noise, too; of everything that a search finds there it is known whether it was planted. A logistic
regression tells for each of the two questions, were the words spoken and is speech lacking, what
its surroundings weigh.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.planted.cases import Case, right
from benchmarks.planted.planter import CONTENT, FILE, KINDS, plant
from benchmarks.planted.sounds import CONDITIONS
from benchmarks.planted.speech import CLEAN, RATE_HZ, Speech, cut_clips, read_recordings
from speech_toolkit.alignment.quality import calibration
from speech_toolkit.alignment.quality.surroundings import PASSED, SKIPPED
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json

if TYPE_CHECKING:
    from speech_toolkit.alignment import Aligner
    from speech_toolkit.alignment.quality.assessment import Examination
    from speech_toolkit.alignment.quality.disagreements import Disagreement

CASES, CASES_OF_WORDS = 16, 60
CLIPS_OF_CLEAN, CLIPS_OF_OTHERS = 200, 50
TOLERANCE_S = 0.1
NAMES = {"skipped": SKIPPED, "passed": PASSED}
PENALTY, STEPS = 1.0, 60
DIGITS = 3


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--gold",
        type=Path,
        required=True,
        metavar="DIR",
        help="folders of recordings with true word times, each of one condition",
    )
    parser.add_argument("--models", nargs="+", required=True, metavar="DIR", help="to be heard by")
    parser.add_argument("--seed", type=int, default=7, help="default: 7")
    parser.add_argument(
        "--output", type=Path, default=calibration.WEIGHTS_FILE, help="default: the one in use"
    )
    return parser


def recordings(gold: Path, seed: int) -> list[Speech]:
    """Return the recordings of a folder, and clips cut out of them."""
    read = [
        replace(speech, condition=folder.name)
        for folder in sorted(gold.iterdir())
        if folder.is_dir()
        for speech in read_recordings(folder, "gold")
    ]
    clips = []
    for condition in sorted({speech.condition for speech in read}):
        own = [speech for speech in read if speech.condition == condition]
        count = CLIPS_OF_CLEAN if condition == CLEAN else CLIPS_OF_OTHERS
        clips += [replace(clip, condition=condition) for clip in cut_clips(own, count, seed)]
    return [*read, *clips]


def cases_of(sources: Sequence[Speech], seed: int) -> Iterator[Case]:
    """Yield faulty files, the right ones, and right ones of clean speech in noise, most of it."""
    for kind, (_, sizes) in KINDS.items():
        for size in sizes:
            if size != FILE:
                count = CASES_OF_WORDS if size == CONTENT else CASES
                yield from plant(sources, kind, size, count, seed)
    yield from map(right, sources)
    noises = [name for name in CONDITIONS if "noise" in name]
    others = [name for name in CONDITIONS if name != CLEAN]
    clean = [speech for speech in sources if speech.condition == CLEAN]
    for number, speech in enumerate(clean[: len(clean) - CLIPS_OF_CLEAN // 2]):
        name = others[number % len(others)] if number % 3 else noises[number // 3 % len(noises)]
        random = np.random.default_rng(number)
        yield right(replace(speech, condition=name, clip=CONDITIONS[name](speech.clip, random)))


def examined(aligner: Aligner, cases: Sequence[Case]) -> Iterator[tuple[Case, Examination]]:
    """Yield what a model makes of each case."""
    from speech_toolkit.alignment import AlignmentSettings
    from speech_toolkit.alignment.loudness import measure_loudness
    from speech_toolkit.alignment.preparation import prepare_input
    from speech_toolkit.alignment.quality.assessment import examine
    from speech_toolkit.alignment.search.viterbi import forced_align
    from speech_toolkit.audio.waveform import Waveform

    settings, checkpoint = AlignmentSettings(), aligner.checkpoint
    vocabulary = checkpoint.vocabulary
    for case in tqdm(cases, unit="case", disable=None):
        waveform = Waveform(case.samples, RATE_HZ, "planted", RATE_HZ, 1)
        prepared = prepare_input(waveform, case.transcript, checkpoint, settings)
        ((_, outcome),) = aligner.hear_many([(None, prepared)], settings)
        log_probs = outcome.unwrap().log_probs
        path, scores = forced_align(log_probs, prepared.labels.targets, vocabulary.blank_id)
        loudness = measure_loudness(case.samples, checkpoint.geometry)
        yield case, examine(log_probs, path, scores, prepared.labels, loudness, vocabulary)


def observations(
    case: Case, found: Examination, stride_s: float
) -> Iterator[tuple[str, np.ndarray, bool]]:
    """Yield for each disagreement the question, its surroundings, and whether it was planted."""
    if found.fit.is_wrong:
        return
    surroundings = found.surroundings
    for each in found.search.found:
        if each.end > each.first:
            yield "skipped", surroundings.of_skipped(each), _is_unspoken(case, found, each)
        first, end = surroundings.stretch(each)
        heard = int(surroundings.heard[end] - surroundings.heard[first])
        if calibration.is_heard((end - first) * stride_s, heard):
            wide = [(start - TOLERANCE_S, stop + TOLERANCE_S) for start, stop in case.stretches]
            span = first * stride_s, end * stride_s
            yield "passed", surroundings.of_passed(each), _half_lies_in(span, wide)


def _is_unspoken(case: Case, found: Examination, each: Disagreement) -> bool:
    words = found.surroundings.units.words
    return _half_lies_in((int(words[each.first]), int(words[each.end - 1]) + 1), case.words)


def _half_lies_in(span: tuple[float, float], parts: Sequence[tuple[float, float]]) -> bool:
    shared = sum(max(0.0, min(span[1], end) - max(span[0], first)) for first, end in parts)
    return shared >= (span[1] - span[0]) / 2


def regression(surroundings: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Return the bias and the weights of a logistic regression, float64, by Newton's method.

    Args:
        surroundings: float64 (N, F).
        planted: bool (N,).
    """
    inputs = np.hstack([np.ones((len(surroundings), 1)), surroundings])
    penalties = np.diag([1e-6, *[PENALTY] * surroundings.shape[1]])
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        likely = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -30.0, 30.0)))
        slope = inputs.T @ (planted - likely) - penalties @ weights
        spread = (inputs * (likely * (1.0 - likely) + 1e-9)[:, None]).T @ inputs + penalties
        weights += np.linalg.solve(spread, slope)
    return weights


def fitted(observed: Sequence[tuple[str, np.ndarray, bool]]) -> dict[str, dict[str, float]]:
    """Return the weights of each question, by name, and print how well they part what was seen."""
    told: dict[str, dict[str, float]] = {}
    for question, names in NAMES.items():
        own = [(values, planted) for name, values, planted in observed if name == question]
        inputs = np.array([values for values, _ in own])
        planted = np.array([is_planted for _, is_planted in own])
        weights = regression(inputs, planted)
        likely = weights[0] + inputs @ weights[1:] > np.log(
            calibration.TOLD / (1.0 - calibration.TOLD)
        )
        print(
            f"{question}: {len(own)} found, {planted.mean():.0%} of them planted; told "
            f"{likely[planted].mean():.0%} of these, {planted[likely].mean():.1%} of it rightly"
        )
        told[question] = dict(
            zip(("bias", *names), np.round(weights, DIGITS).tolist(), strict=True)
        )
    return told


def main() -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args()
    from speech_toolkit.alignment import Aligner

    cases = [*cases_of(recordings(arguments.gold, arguments.seed), arguments.seed)]
    observed = []
    for model in arguments.models:
        aligner = Aligner.load(model, device="cpu")
        stride_s = aligner.checkpoint.geometry.stride_s
        for case, found in examined(aligner, cases):
            observed += observations(case, found, stride_s)
    write_json(arguments.output, fitted(observed))
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
