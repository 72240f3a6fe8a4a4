#!/usr/bin/env python3
"""Are words that were not spoken found, and speech that the transcript lacks? Planted faults.

    python benchmarks/disagreement.py
    python benchmarks/disagreement.py --kinds deleted,skipped --sizes sentence --cases 50
    python benchmarks/disagreement.py --gold recordings --model_path checkpoint --json found.json

Faults of known kind, size and place are planted in the samples, in clips and talks made of them,
and in any folder of recordings that has, beside each NAME.wav, NAME.json with the true times of its
words. What counts as found and as right is told at the top of benchmarks/planted/counts.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
from tqdm import tqdm

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.planted.cases import NO_FAULT, Case, right
from benchmarks.planted.counts import (
    heard,
    start_errors_s,
)
from benchmarks.planted.planter import FILE, KINDS, SIZES, plant
from benchmarks.planted.report import Judged, case_entry, print_tables, tables
from benchmarks.planted.sounds import CLEAN, CONDITIONS
from benchmarks.planted.speech import (
    CLIPS,
    LONG,
    RATE_HZ,
    SAMPLES,
    Speech,
    cut_clips,
    join_long,
    read_recordings,
)
from speech_toolkit.cli.arguments import add_model_arguments, comma_separated, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import SEED, TEST_CASES

if TYPE_CHECKING:
    from speech_toolkit.alignment import Aligner

SETS = (SAMPLES, CLIPS, LONG)
CLIPS_COUNT, TALKS, TALK_S = 60, 2, 300.0
SHARE_OF_TALK = 0.5  # of all sentences at most, so that some are left that it does not hold


class Watch:
    """Adds up the seconds that the parts of runs over right files take."""

    def __init__(self) -> None:
        self.is_on = False
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Add the time that the ``with`` block takes to a part."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += (time.perf_counter() - started) * self.is_on

    @contextmanager
    def on_quality(self) -> Iterator[None]:
        """Time in the ``with`` block what tells the quality."""
        from speech_toolkit.alignment import decoding

        assess = decoding.assess

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.on("quality"):
                return assess(*arguments, **named)

        with mock.patch.object(decoding, "assess", timed):
            yield


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gold", type=Path, metavar="DIR", help="recordings with true word times")
    parser.add_argument(
        "--kinds",
        type=comma_separated(_one_of(KINDS)),
        default=tuple(KINDS),
        help=f"between commas (default: all of {', '.join(KINDS)})",
    )
    sizes = (*SIZES, FILE)
    parser.add_argument(
        "--sizes",
        type=comma_separated(_one_of(sizes)),
        default=sizes,
        help=f"between commas (default: all of {', '.join(sizes)})",
    )
    parser.add_argument(
        "--sets",
        type=comma_separated(_one_of(SETS)),
        default=SETS,
        help=f"of the samples, between commas (default: {','.join(SETS)})",
    )
    parser.add_argument(
        "--conditions",
        type=comma_separated(_one_of(CONDITIONS)),
        default=(CLEAN,),
        help=f"what faults are planted in, of {', '.join(CONDITIONS)} (default: {CLEAN})",
    )
    parser.add_argument(
        "--right_conditions",
        type=comma_separated(_one_of(CONDITIONS)),
        default=tuple(CONDITIONS),
        help="in which of them the samples are aligned with their right transcripts (default: all)",
    )
    parser.add_argument(
        "--cases",
        type=number(TEST_CASES),
        default=24,
        help="of each kind and size (default: 24)",
    )
    parser.add_argument(
        "--repair", action="store_true", help="tell what --repair does to word starts, too"
    )
    parser.add_argument("--seed", type=number(SEED), default=0, help="default: 0")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables here, too")
    add_model_arguments(parser, default_model="tiny-mms-aligner")
    return parser


def _one_of(choices: Iterable[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{text!r}: use some of {', '.join(choices)}")
        return text

    return parse


def sets_of(
    read: Sequence[Speech], own: Sequence[Speech], sets: Sequence[str], seed: int
) -> list[Speech]:
    """Return the samples, the recordings of a user, and clips and talks made of both."""
    plain = [each for each in [*read, *own] if each.condition == CLEAN]
    talk_s = min(TALK_S, SHARE_OF_TALK * sum(each.clip.duration_s for each in plain))
    made = {
        SAMPLES: lambda: read,
        CLIPS: lambda: cut_clips(plain, CLIPS_COUNT, seed),
        LONG: lambda: join_long(plain, TALKS, talk_s, seed),
    }
    return [*own, *(each for name in sets for each in made[name]())]


def in_condition(speech: Speech, condition: str, seed: int) -> Speech:
    """Return a clean recording in a condition, one that is not clean as it is."""
    if speech.condition != CLEAN:
        return speech
    changed = CONDITIONS[condition](speech.clip, np.random.default_rng(seed))
    return replace(speech, condition=condition, clip=changed)


def judge(
    aligner: Aligner, cases: Iterable[Case], with_repair: bool, watch: Watch
) -> dict[Case, Judged]:
    """Align every case; what is heard of one sound serves all cases that share it.

    Args:
        aligner: the model.
        cases: of those that share a sound the right one first.
        with_repair: whether to repair them, too.
        watch: times those that are right.
    """
    from speech_toolkit.alignment import AlignmentSettings
    from speech_toolkit.alignment.preparation import prepare_input
    from speech_toolkit.audio.waveform import Waveform

    settings, repairing = AlignmentSettings(), AlignmentSettings(repair=True)
    by_sound: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        by_sound[id(case.samples)].append(case)
    found: dict[Case, Judged] = {}
    for sharing in tqdm(by_sound.values(), unit="sound", disable=None):
        waveform = Waveform(sharing[0].samples, RATE_HZ, "planted", RATE_HZ, 1)
        emissions = None
        for case in sharing:
            watch.is_on = case.kind == NO_FAULT
            prepared = prepare_input(waveform, case.transcript, aligner.checkpoint, settings)
            if emissions is None:
                with watch.on("hearing"):
                    ((_, outcome),) = aligner.hear_many([(None, prepared)], repairing)
                emissions = outcome.unwrap()
            with watch.on("decoding"):
                result = aligner.decode(prepared, emissions, settings)
            watch.is_on, repaired_s = False, None
            if with_repair:
                words = aligner.decode(prepared, emissions, repairing).words
                repaired_s = start_errors_s(case, words)
            found[case] = Judged(
                heard(case, result), start_errors_s(case, result.words), repaired_s
            )
    return found


def main() -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args()
    read = read_recordings(REPOSITORY / "samples", SAMPLES)
    own = read_recordings(arguments.gold, arguments.gold.name) if arguments.gold else []
    clean = sets_of(read, own, arguments.sets, arguments.seed)
    wanted = dict.fromkeys([*arguments.conditions, *arguments.right_conditions])
    changed = {
        name: [in_condition(each, name, arguments.seed) for each in clean] for name in wanted
    }
    sources = [*dict.fromkeys(each for name in arguments.conditions for each in changed[name])]
    planted = {
        (kind, size): plant(
            sources, kind, size, arguments.cases, arguments.seed, donors=[*read, *own]
        )
        for kind in arguments.kinds
        for size in KINDS[kind][1]
        if size in arguments.sizes
    }
    everywhere = [
        each
        for name in arguments.right_conditions
        for each in changed[name]
        if each.family == SAMPLES
    ]
    right_cases = {speech: right(speech) for speech in [*sources, *everywhere]}

    from speech_toolkit.alignment import Aligner

    aligner = Aligner.load(
        arguments.model_path, arguments.device, attn_implementation=arguments.attn_implementation
    )
    print(f"{aligner.model_path} on {aligner.device.name}, seed {arguments.seed}")
    faulty = [case for cases in planted.values() for case in cases]
    watch = Watch()
    with watch.on_quality():
        found = judge(aligner, [*right_cases.values(), *faulty], arguments.repair, watch)
    report = tables(planted, right_cases, found) | {"seconds": dict(watch.seconds)}
    print_tables(report)
    if arguments.json:
        cases = [case_entry(each.heard) for each in found.values()]
        write_json(arguments.json, report | {"cases": cases})
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
