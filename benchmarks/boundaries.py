#!/usr/bin/env python3
"""How far are the boundaries of words that a model finds from the true ones?

    python benchmarks/boundaries.py
    python benchmarks/boundaries.py --gold TIMIT/TEST --model_path DIR_OR_HUB_ID

DIR holds recordings, in folders of any depth, each with its true word times beside it: either
NAME.TextGrid (tier "words") or NAME.json (as beside the samples). NAME.txt holds what is spoken;
without it the words of the gold are aligned. For each folder and for all of them together it prints
how starts and ends err: mean and median of the absolute errors, the mean of the signed ones (bias),
the share of words within 10 to 100 ms, and F1 of boundaries paired by time alone (for starts
fa-bench's definition; see speech_toolkit/evaluation/metrics/placement.py).

"spikes" reach from the first frame of a word's first letter to the last frame of its last letter,
straight off the best path; "unrefined" and "refined" is what the toolkit reports with --refine off
and on. "inside" is the share of true starts within start_low to start_high, "width" the mean length
of these intervals. The last line tells what refining costs in time.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.ratios import timed
from speech_toolkit.cli.arguments import add_model_arguments
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.evaluation.gold import GoldRecording, gold_recordings
from speech_toolkit.evaluation.metrics.boundaries import TrueWord
from speech_toolkit.evaluation.metrics.placement import (
    F1_TOLERANCES_S,
    Placement,
    StartIntervals,
    place,
)
from speech_toolkit.exit_codes import EXIT_DONE

if TYPE_CHECKING:
    from speech_toolkit.alignment import Aligner, AlignmentResult, AlignmentSettings
    from speech_toolkit.alignment.preparation import AlignmentInput
    from speech_toolkit.device import Device

Result = TypeVar("Result")
WITHIN_MS = (10, 20, 25, 50, 100)
ALL = "(all)"
SPIKES = "spikes"
REFINED = {"off": "unrefined", "on": "refined"}
HEARING = "hearing"
HEAD = (
    f"{'recordings':<20} {'words as':<9} {'':<6} {'words':>6} "
    f"{'mean':>7} {'median':>7} {'bias':>7} "
    + " ".join(f"{f'<{each}':>6}" for each in WITHIN_MS)
    + "".join(f" {f'F1@{1000 * each:.0f}':>6}" for each in F1_TOLERANCES_S)
    + f" {'inside':>6} {'width':>6}"
)


@dataclass(frozen=True)
class Found:
    """The words of a recording as one way places them.

    Attributes:
        words: with the times found.
        start_ranges: word, lowest and highest start in seconds, of those that have them.
    """

    words: Sequence[TrueWord]
    start_ranges: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True)
class Sides:
    """How one way places the starts and the ends of the words of some recordings."""

    starts: Placement
    ends: Placement
    intervals: StartIntervals

    @classmethod
    def of(cls, found: Found, true: Sequence[TrueWord]) -> Sides:
        """Compare what was found in a recording with what is known."""
        return cls(*place(found.words, true), StartIntervals.of(found.start_ranges, true))

    @classmethod
    def joined(cls, parts: Sequence[Sides]) -> Sides:
        """Pool several recordings."""
        return cls(
            Placement.joined([part.starts for part in parts]),
            Placement.joined([part.ends for part in parts]),
            StartIntervals.joined([part.intervals for part in parts]),
        )


def find_words(
    aligner: Aligner,
    recording: GoldRecording,
    settings: AlignmentSettings,
    refine: Sequence[str],
    seconds: Counter[str],
) -> dict[str, Found]:
    """Hear a recording once and place its words in every way.

    Args:
        aligner: the model.
        recording: what it hears.
        settings: how it aligns.
        refine: ``on``, ``off`` or both.
        seconds: where what hearing and each way of placing takes is added up.

    Returns:
        The words by each way.
    """
    from speech_toolkit.alignment.preparation import prepare_input

    prepared = prepare_input(recording.audio, recording.transcript, aligner.checkpoint, settings)
    hear = partial(aligner.hear_many, [(None, prepared)], settings)
    took_s, ((_, outcome),) = timed_result(lambda: list(hear()), aligner.device)
    seconds[HEARING] += took_s
    emissions = outcome.unwrap()
    found = {SPIKES: Found(spiked_words(aligner, prepared, emissions.log_probs))}
    for switch in refine:
        chosen = replace(settings, refine=switch == "on")
        took_s, result = timed_result(
            partial(aligner.decode, prepared, emissions, chosen), aligner.device
        )
        seconds[REFINED[switch]] += took_s
        found[REFINED[switch]] = found_in(result)
    return found


def timed_result(call: Callable[[], Result], device: Device) -> tuple[float, Result]:
    """Return the seconds of a call, as `ratios.timed` does, and what it returned."""
    results: list[Result] = []
    return timed(lambda: results.append(call()), device), results[0]


def found_in(result: AlignmentResult) -> Found:
    """Return the words of a result."""
    return Found(
        [TrueWord(word.text, word.start_time, word.end_time) for word in result.words],
        [(word.text, *word.start_range) for word in result.words if word.start_range is not None],
    )


def spiked_words(
    aligner: Aligner, prepared: AlignmentInput, log_probs: np.ndarray
) -> list[TrueWord]:
    """Return the words from their first to their last letter on the best path."""
    from speech_toolkit.alignment.letter_runs import label_runs
    from speech_toolkit.alignment.search.viterbi import forced_align

    labels, blank = prepared.labels, aligner.checkpoint.vocabulary.blank_id
    path, _ = forced_align(log_probs, labels.targets, blank)
    stride_s = aligner.checkpoint.geometry.stride_s
    starts, ends = (runs[labels.owners >= 0] * stride_s for runs in label_runs(path, blank))
    words, firsts = np.unique(labels.words, return_index=True)
    stops = np.append(firsts[1:], len(labels.words))
    return [
        TrueWord(prepared.transcript.words[word].text, float(starts[first]), float(ends[stop - 1]))
        for word, first, stop in zip(words, firsts, stops, strict=True)
    ]


def rows(name: str, ways: Mapping[str, Sides]) -> Iterator[str]:
    """Format the lines of a group."""
    for way, sides in ways.items():
        both = Placement.joined([sides.starts, sides.ends])
        for side, placed in (("starts", sides.starts), ("ends", sides.ends), ("both", both)):
            inside = ""
            if side == "starts" and len(sides.intervals.covered):
                width_ms = 1000 * sides.intervals.mean_width_s
                inside = f" {sides.intervals.coverage:>6.1%} {width_ms:>6.1f}"
            shares = " ".join(f"{placed.within(each / 1000):>6.1%}" for each in WITHIN_MS)
            f1 = "".join(f" {placed.f1(each):>6.3f}" for each in F1_TOLERANCES_S)
            yield (
                f"{name[-20:]:<20} {way:<9} {side:<6} {len(placed.errors_s):>6} "
                f"{1000 * placed.mean_s:>7.1f} {1000 * placed.median_s:>7.1f} "
                f"{1000 * placed.bias_s:>+7.1f} {shares}{f1}{inside}"
            )


def cost(seconds: Counter[str]) -> str:
    """Tell what refining adds to the time of a run, beside what the model takes."""
    off_s, on_s = (seconds[name] for name in REFINED.values())
    whole_s = seconds[HEARING] + off_s
    return (
        f"hearing {seconds[HEARING]:.1f} s, placing words {off_s:.1f} s unrefined, {on_s:.1f} s "
        f"refined: refining adds {(on_s - off_s) / whole_s:.1%}"
    )


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gold", type=Path, default=REPOSITORY / "samples", metavar="DIR")
    parser.add_argument("--language", default="eng")
    parser.add_argument("--refine", choices=(*REFINED, "both"), default="both")
    parser.add_argument("--each", action="store_true", help="print every recording, too")
    add_model_arguments(parser, default_model="tiny-mms-aligner")
    arguments = parser.parse_args()
    recordings = list(gold_recordings(arguments.gold))

    from speech_toolkit.alignment import Aligner, AlignmentSettings

    aligner = Aligner.load(
        arguments.model_path,
        arguments.device,
        attn_implementation=arguments.attn_implementation,
        float32_precision=arguments.float32_precision,
    )
    settings = AlignmentSettings(language=arguments.language)
    print(f"{aligner.model_path} on {aligner.device.name}; errors of word times in ms\n{HEAD}")
    refine = tuple(REFINED) if arguments.refine == "both" else (arguments.refine,)
    seconds = Counter[str]()
    groups: dict[str, dict[str, list[Sides]]] = defaultdict(lambda: defaultdict(list))
    find_words(aligner, recordings[0], settings, refine, Counter())  # whose time does not count
    for recording in recordings:
        found = find_words(aligner, recording, settings, refine, seconds)
        ways = {way: Sides.of(each, recording.words) for way, each in found.items()}
        for way, sides in ways.items():
            groups[recording.group][way].append(sides)
            groups[ALL][way].append(sides)
        if arguments.each:
            print(*rows(recording.audio.stem, ways), sep="\n", flush=True)
    alone = len(groups) == 2
    for name in [ALL] if alone else sorted(groups, key=lambda name: (name == ALL, name)):
        joined = {way: Sides.joined(parts) for way, parts in groups[name].items()}
        print(*rows(name, joined), sep="\n")
    if len(refine) == len(REFINED):
        print(cost(seconds))
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
