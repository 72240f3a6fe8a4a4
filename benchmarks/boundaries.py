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
straight off the best path; "aligned" is what the toolkit reports.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.cli.arguments import add_model_arguments
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.evaluation.gold import GoldRecording, gold_recordings
from speech_toolkit.evaluation.metrics.boundaries import TrueWord
from speech_toolkit.evaluation.metrics.placement import F1_TOLERANCES_S, Placement, place
from speech_toolkit.exit_codes import EXIT_DONE

if TYPE_CHECKING:
    from speech_toolkit.alignment import Aligner, AlignmentSettings
    from speech_toolkit.alignment.preparation import AlignmentInput

WITHIN_MS = (10, 20, 25, 50, 100)
ALL = "(all)"
HEAD = (
    f"{'recordings':<20} {'words as':<8} {'':<6} {'words':>6} "
    f"{'mean':>7} {'median':>7} {'bias':>7} "
    + " ".join(f"{f'<{each}':>6}" for each in WITHIN_MS)
    + "".join(f" {f'F1@{1000 * each:.0f}':>6}" for each in F1_TOLERANCES_S)
)


@dataclass(frozen=True)
class Sides:
    """How one way places the starts and the ends of the words of some recordings."""

    starts: Placement
    ends: Placement

    @classmethod
    def joined(cls, parts: Sequence[Sides]) -> Sides:
        """Pool several recordings."""
        return cls(
            Placement.joined([part.starts for part in parts]),
            Placement.joined([part.ends for part in parts]),
        )


def found_words(
    aligner: Aligner, recording: GoldRecording, settings: AlignmentSettings
) -> dict[str, list[TrueWord]]:
    """Align a recording and return its words by each way to place them."""
    from speech_toolkit.alignment.preparation import prepare_input

    prepared = prepare_input(recording.audio, recording.transcript, aligner.checkpoint, settings)
    ((_, heard),) = aligner.hear_many([(None, prepared)], settings)
    emissions = heard.unwrap()
    aligned = aligner.decode(prepared, emissions, settings).words
    return {
        "spikes": spiked_words(aligner, prepared, emissions.log_probs),
        "aligned": [TrueWord(word.text, word.start_time, word.end_time) for word in aligned],
    }


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
            shares = " ".join(f"{placed.within(each / 1000):>6.1%}" for each in WITHIN_MS)
            f1 = "".join(f" {placed.f1(each):>6.3f}" for each in F1_TOLERANCES_S)
            yield (
                f"{name[-20:]:<20} {way:<8} {side:<6} {len(placed.errors_s):>6} "
                f"{1000 * placed.mean_s:>7.1f} {1000 * placed.median_s:>7.1f} "
                f"{1000 * placed.bias_s:>+7.1f} {shares}{f1}"
            )


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gold", type=Path, default=REPOSITORY / "samples", metavar="DIR")
    parser.add_argument("--language", default="eng")
    parser.add_argument("--each", action="store_true", help="print every recording, too")
    add_model_arguments(parser, default_model="tiny-mms-aligner")
    arguments = parser.parse_args()
    recordings = list(gold_recordings(arguments.gold))

    from speech_toolkit.alignment import Aligner, AlignmentSettings

    aligner = Aligner.load(
        arguments.model_path, arguments.device, attn_implementation=arguments.attn_implementation
    )
    settings = AlignmentSettings(language=arguments.language)
    print(f"{aligner.model_path} on {aligner.device.name}; errors of word times in ms\n{HEAD}")
    groups: dict[str, dict[str, list[Sides]]] = defaultdict(lambda: defaultdict(list))
    for recording in recordings:
        found = found_words(aligner, recording, settings)
        ways = {way: Sides(*place(words, recording.words)) for way, words in found.items()}
        for way, sides in ways.items():
            groups[recording.group][way].append(sides)
            groups[ALL][way].append(sides)
        if arguments.each:
            print(*rows(recording.audio.stem, ways), sep="\n", flush=True)
    alone = len(groups) == 2
    for name in [ALL] if alone else sorted(groups, key=lambda name: (name == ALL, name)):
        joined = {way: Sides.joined(parts) for way, parts in groups[name].items()}
        print(*rows(name, joined), sep="\n")
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
