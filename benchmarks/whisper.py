#!/usr/bin/env python3
"""Time, memory and errors of long-form recognition, beside transformers' own ways.

    python benchmarks/whisper.py
    python benchmarks/whisper.py --shape distil-large-v3 --encoder_layers 8 --minutes 2 \
        --batch_size 2
    python benchmarks/whisper.py --device cuda --dtype float16 --shape distil-large-v3 \
        --minutes 60 --batch_size 32

Every program transcribes the same waveform greedily, in a process of its own with as many threads,
in turn with the others, every other round backwards; a row is the median over the rounds. Loading
and a short warm-up are not counted; features, encoder, decoder and text are. Windows are those that
went through the encoder. Added memory is the peak over that before the run: of the process on a
CPU, of the allocator on a card. "ours/this" is this project's time over that of the program, the
median of the ratios of the rounds, with the least and the most of them; seconds of the processor,
and their ratio, leave out what other programs take of a shared machine. The bars follow below.

The chunked ways write text without timestamps, the sequential ones need them. The audio is the
bundled talk, repeated. With --shape a model of that shape gets random weights and
generates a fixed number of tokens for each window, so that every program decodes as much; it has no
errors to count. faster-whisper runs where it is installed and --faster_whisper names a model
converted for it.

Exit codes: 0 all bars are met, 1 one is not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.bars import Bar, PairedRatio
from benchmarks.random_shapes import RECOGNISERS, save_shape
from benchmarks.talk import read_talk
from benchmarks.whisper_programs import PROGRAMS, Task
from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.arguments import DTYPES, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.errors import UsageError
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import BATCH_SIZE, MAX_NEW_TOKENS, RUNS

BUNDLED_MODEL = bundled_model("tiny-whisper")
WARM_UP_S = 20.0


@dataclass(frozen=True)
class Measurement:
    """What one process found.

    Attributes:
        seconds: wall time from the waveform to the text.
        processor_s: seconds of all cores in that time.
        windows: through the encoder, None where that is not seen.
        added_bytes: peak memory over that before.
        text: what was recognised.
    """

    seconds: float
    processor_s: float
    windows: int | None
    added_bytes: int | None
    text: str


RIVALS = {"pipeline, 30 s chunks": "chunked", "pipeline, 25 s chunks": "chunked"} | {
    "generate, sequential": "transcribe",
    "faster-whisper, batched": "chunked",
}
RATIOS = {"ours_over_this": "seconds", "processor_ours_over_this": "processor_s"}
TIME_BARS = {
    "pipeline, 30 s chunks": 0.65,
    "pipeline, 25 s chunks": 0.55,
    "generate, sequential": 0.9,
}


def measure(program: str, task: Task) -> Measurement:
    """Time a program in this process, which has not yet imported it."""
    samples, _ = read_talk(task.minutes)
    transcribe, count, device = PROGRAMS[program](task)
    transcribe(samples[: int(WARM_UP_S * 16_000)])
    device.synchronize()
    device.reset_peak_memory()
    before = device.memory().allocated_bytes
    windows_before = count.windows if count else 0
    started, processor_s = time.perf_counter(), time.process_time()
    text = transcribe(samples)["text"]
    device.synchronize()
    seconds, processor_s = time.perf_counter() - started, time.process_time() - processor_s
    peak = device.memory().peak_allocated_bytes
    return Measurement(
        seconds=seconds,
        processor_s=processor_s,
        windows=count and count.windows - windows_before,
        added_bytes=None if peak is None or before is None else max(0, peak - before),
        text=text,
    )


def measure_apart(program: str, task: Task) -> Measurement:
    """Measure in a new process.

    Raises:
        UsageError: it failed; the message is its last line.
    """
    threads = {"OMP_NUM_THREADS": str(task.threads)} if task.threads else {}
    child = subprocess.run(
        [sys.executable, __file__, "--measure", program, json.dumps(asdict(task))],
        capture_output=True,
        text=True,
        env=os.environ | threads,
    )
    if child.returncode:
        reason = (child.stderr.strip() or f"exit code {child.returncode}").splitlines()[-1]
        raise UsageError(f"{program}: {reason}")
    return Measurement(**json.loads(child.stdout.splitlines()[-1]))


def word_error_rate(task: Task, text: str) -> float | None:
    """Return the share of wrong words, None for random weights."""
    from speech_toolkit.evaluation.metrics.text import compare_texts

    return None if task.tokens else compare_texts(read_talk(task.minutes)[1], text).wer


def run(task: Task, programs: Sequence[str], rounds: int) -> dict[str, list[Measurement]]:
    """Measure all programs in turn."""
    found: dict[str, list[Measurement]] = {program: [] for program in programs}
    for index in range(rounds):
        for program in programs if index % 2 == 0 else reversed(programs):
            print(f"round {index + 1} of {rounds}: {program}", file=sys.stderr, flush=True)
            found[program].append(measure_apart(program, task))
    return found


def rows_of(task: Task, found: Mapping[str, Sequence[Measurement]]) -> list[dict[str, Any]]:
    """Sum up all programs, those that have one beside their rival of this project."""
    rows = [row(task, program, runs) for program, runs in found.items()]
    by_name = {entry["program"]: entry for entry in rows}
    for entry in rows:
        ours = by_name.get(RIVALS.get(entry["program"], ""))
        for ratio, key in RATIOS.items():
            entry[ratio] = ours and asdict(PairedRatio.of(ours[key], entry[key]))
    return rows


def bars_of(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Hold this project's programs against their rivals: time, memory, and errors."""
    by_name = {entry["program"]: entry for entry in rows}
    bars = []
    for rival, limit in TIME_BARS.items():
        ours = by_name.get(RIVALS[rival])
        if ours is None or rival not in by_name:
            continue
        name, theirs = f"{ours['program']} / {rival}", by_name[rival]
        bars.append(Bar(f"{name}: time", theirs["ours_over_this"]["median"], limit))
        for key, shown, factor in (("added_bytes", "added MiB", 2**-20), ("wer", "WER", 1.0)):
            if ours[key] is not None and theirs[key] is not None:
                bars.append(Bar(f"{name}: {shown}", ours[key] * factor, theirs[key] * factor))
    return bars


def row(task: Task, program: str, runs: Sequence[Measurement]) -> dict[str, Any]:
    """Sum up the rounds of one program."""
    audio_s = len(read_talk(task.minutes)[0]) / 16_000
    median_s = statistics.median(run.seconds for run in runs)
    added = [run.added_bytes for run in runs if run.added_bytes is not None]
    return {
        "program": program,
        "audio_s": audio_s,
        "seconds": [run.seconds for run in runs],
        "processor_s": [run.processor_s for run in runs],
        "median_s": median_s,
        "rtfx": audio_s / median_s,
        "windows": runs[0].windows,
        "windows_per_30_s": runs[0].windows and 30 * runs[0].windows / audio_s,
        "added_bytes": round(statistics.median(added)) if added else None,
        "wer": word_error_rate(task, runs[0].text),
    }


def print_heading(task: Task) -> None:
    """Print what is measured and the table's heading."""
    samples, _ = read_talk(task.minutes)
    print(
        f"{len(samples) / 16_000:.0f} s of audio, {task.device} {task.dtype}, batch "
        f"{task.batch_size}, {task.threads or 'all'} threads of {os.cpu_count()} cores"
    )
    print(
        f"{'program':26}{'median':>10}{'x real time':>13}{'windows':>9}{'per 30 s':>10}"
        f"{'added MiB':>11}{'WER':>8}  {'ours/this':22}{'processor':>10}  ours/this"
    )


def row_text(entry: Mapping[str, Any]) -> str:
    """Return one row of the table."""

    def shown(key: str, form: str, factor: float = 1.0) -> str:
        return "-" if entry[key] is None else format(entry[key] * factor, form)

    ratios = [str(PairedRatio(**entry[key])) if entry[key] else "-" for key in RATIOS]
    processor_s = statistics.median(entry["processor_s"])
    return (
        f"{entry['program']:26}{entry['median_s']:8.2f} s{entry['rtfx']:13.1f}"
        f"{shown('windows', 'd', 1):>9}{shown('windows_per_30_s', '.2f'):>10}"
        f"{shown('added_bytes', '.0f', 2**-20):>11}{shown('wer', '.2%'):>8}"
        f"  {ratios[0]:22}{processor_s:8.2f} s  {ratios[1]}"
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model_path", default=str(BUNDLED_MODEL), metavar="DIR")
    parser.add_argument("--shape", choices=RECOGNISERS, help="random weights of this shape instead")
    parser.add_argument("--encoder_layers", type=number(RUNS), help="make --shape less deep")
    parser.add_argument(
        "--tokens", type=number(MAX_NEW_TOKENS), default=64, help="a window, with --shape"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--batch_size", type=number(BATCH_SIZE), default=4)
    parser.add_argument("--minutes", type=float, default=5.0, help="of audio (default: 5)")
    parser.add_argument("--rounds", type=number(RUNS), default=5)
    parser.add_argument("--threads", type=number(RUNS), help="of a CPU (default: torch's)")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS)
    parser.add_argument(
        "--faster_whisper", metavar="DIR", help="model converted for faster-whisper"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures, raw ones included")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    return parser


def main() -> int:
    """Measure all that was asked for."""
    arguments = build_parser().parse_args()
    if arguments.measure:
        program, task = arguments.measure
        found = measure(program, Task(**json.loads(task)))
        print(json.dumps(asdict(found)))
        return EXIT_DONE
    with tempfile.TemporaryDirectory() as directory:
        if arguments.shape:
            save_shape(Path(directory), arguments.shape, arguments.encoder_layers)
        task = make_task(arguments, directory if arguments.shape else arguments.model_path)
        programs = arguments.programs or [
            name for name in PROGRAMS if "faster" not in name or has_faster_whisper(task)
        ]
        print_heading(task)
        rows = rows_of(task, run(task, programs, arguments.rounds))
    bars = bars_of(rows)
    for line in [*map(row_text, rows), "", *bars]:
        print(line)
    if arguments.json:
        write_json(arguments.json, report(arguments, task, rows, bars))
    return EXIT_DONE if all(bar.passed for bar in bars) else EXIT_FAILED


def make_task(arguments: argparse.Namespace, model: str) -> Task:
    """Return what every program is given."""
    return Task(
        model=model,
        device=arguments.device,
        dtype=arguments.dtype,
        batch_size=arguments.batch_size,
        minutes=arguments.minutes,
        tokens=arguments.tokens if arguments.shape else None,
        faster_whisper=arguments.faster_whisper,
        threads=arguments.threads,
    )


def report(
    arguments: argparse.Namespace, task: Task, rows: Sequence[Any], bars: Sequence[Bar]
) -> dict[str, Any]:
    """Return all that was found, for JSON."""
    from speech_toolkit.device import select_device

    model = {
        "model": arguments.shape or Path(arguments.model_path).name,
        "encoder_layers": arguments.encoder_layers if arguments.shape else None,
    }
    return {
        "task": asdict(task) | model,
        "environment": select_device(arguments.device).facts(),
        "rows": rows,
        "bars": [bar.to_dict() for bar in bars],
    }


def has_faster_whisper(task: Task) -> bool:
    """Whether faster-whisper can be measured."""
    return bool(task.faster_whisper) and importlib.util.find_spec("faster_whisper") is not None


if __name__ == "__main__":
    run_script(main)
