#!/usr/bin/env python3
"""Time, memory and errors of long-form recognition, beside transformers' own ways.

    python benchmarks/whisper.py
    python benchmarks/whisper.py --shape distil-large-v3 --minutes 2 --tokens 64 --rounds 1
    python benchmarks/whisper.py --device cuda --dtype float16 --shape distil-large-v3 \
        --minutes 60 --batch_size 32

Every program transcribes the same waveform greedily, in a process of its own, in turn with the
others; a row is the median over the rounds. Loading and a short warm-up are not counted; features,
encoder, decoder and text are. Windows are those that went through the encoder. Added memory is
the peak over that before the run: of the process on a CPU, of the allocator on a card.

The chunked ways write text without timestamps, the sequential ones need them. The audio is the
bundled talk, repeated. With --shape a model of that shape gets random weights and
generates a fixed number of tokens for each window, so that every program decodes as much; it has no
errors to count. faster-whisper runs where it is installed and --faster_whisper names a model
converted for it.

Exit codes: 0 measured, 2 wrong usage.
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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from whisper_programs import PROGRAMS, Task

from benchmarks.random_shapes import WHISPER, save_shape
from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.arguments import DTYPES, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.errors import UsageError
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import BATCH_SIZE, MAX_NEW_TOKENS, RUNS

if TYPE_CHECKING:
    import numpy as np

TALK = REPOSITORY / "samples" / "recognition" / "talk.flac"
BUNDLED_MODEL = bundled_model("tiny-whisper")
WARM_UP_S = 20.0


@dataclass(frozen=True)
class Measurement:
    """What one process found.

    Attributes:
        seconds: wall time from the waveform to the text.
        windows: through the encoder, None where that is not seen.
        added_bytes: peak memory over that before.
        text: what was recognised.
    """

    seconds: float
    windows: int | None
    added_bytes: int | None
    text: str


BASELINES = {"pipeline, 30 s chunks": "chunked", "pipeline, 25 s chunks": "chunked"} | {
    "generate, sequential": "transcribe",
    "faster-whisper, batched": "chunked",
}


def read_talk(minutes: float) -> tuple[np.ndarray, str]:
    """Return the bundled talk repeated to a length, and what is said in it."""
    import numpy as np

    from speech_toolkit.audio.waveform import load_audio

    waveform = load_audio(TALK)
    repeats = max(1, round(60 * minutes / waveform.duration_s))
    text = TALK.with_suffix(".txt").read_text(encoding="utf-8")
    return np.tile(waveform.samples, repeats), " ".join([text] * repeats)


def measure(program: str, task: Task) -> Measurement:
    """Time a program in this process, which has not yet imported it."""
    samples, _ = read_talk(task.minutes)
    transcribe, count, device = PROGRAMS[program](task)
    transcribe(samples[: int(WARM_UP_S * 16_000)])
    device.synchronize()
    device.reset_peak_memory()
    before = device.memory().allocated_bytes
    windows_before = count.windows if count else 0
    started = time.perf_counter()
    text = transcribe(samples)
    device.synchronize()
    seconds = time.perf_counter() - started
    peak = device.memory().peak_allocated_bytes
    return Measurement(
        seconds=seconds,
        windows=count and count.windows - windows_before,
        added_bytes=None if peak is None or before is None else max(0, peak - before),
        text=text,
    )


def measure_apart(program: str, task: Task) -> Measurement:
    """Measure in a new process.

    Raises:
        UsageError: it failed; the message is its last line.
    """
    child = subprocess.run(
        [sys.executable, __file__, "--measure", program, json.dumps(asdict(task))],
        capture_output=True,
        text=True,
    )
    if child.returncode:
        reason = (child.stderr.strip() or f"exit code {child.returncode}").splitlines()[-1]
        raise UsageError(f"{program}: {reason}")
    return Measurement(**json.loads(child.stdout.splitlines()[-1]))


def word_error_rate(task: Task, text: str) -> float | None:
    """Return the share of wrong words, None for random weights."""
    from speech_toolkit.evaluation.metrics.text import compare_texts

    return None if task.tokens else compare_texts(read_talk(task.minutes)[1], text).wer


def run(task: Task, programs: list[str], rounds: int) -> list[dict[str, Any]]:
    """Measure all programs in turn and print a row for each."""
    found: dict[str, list[Measurement]] = {program: [] for program in programs}
    for index in range(rounds):
        for program in programs:
            print(f"round {index + 1} of {rounds}: {program}", file=sys.stderr, flush=True)
            found[program].append(measure_apart(program, task))
    rows = [row(task, program, runs) for program, runs in found.items()]
    seconds = {entry["program"]: entry["median_s"] for entry in rows}
    for entry in rows:
        rival = BASELINES.get(entry["program"])
        entry["ours_over_this"] = seconds[rival] / entry["median_s"] if rival in seconds else None
        print_row(entry)
    return rows


def row(task: Task, program: str, runs: list[Measurement]) -> dict[str, Any]:
    """Sum up the rounds of one program."""
    audio_s = len(read_talk(task.minutes)[0]) / 16_000
    median_s = statistics.median(run.seconds for run in runs)
    added = [run.added_bytes for run in runs if run.added_bytes is not None]
    return {
        "program": program,
        "audio_s": audio_s,
        "seconds": [run.seconds for run in runs],
        "median_s": median_s,
        "rtfx": audio_s / median_s,
        "windows": runs[0].windows,
        "windows_per_30_s": runs[0].windows and 30 * runs[0].windows / audio_s,
        "added_bytes": statistics.median(added) if added else None,
        "wer": word_error_rate(task, runs[0].text),
    }


def print_heading(task: Task) -> None:
    """Print what is measured and the table's heading."""
    samples, _ = read_talk(task.minutes)
    print(
        f"{len(samples) / 16_000:.0f} s of audio, {task.device} {task.dtype}, batch "
        f"{task.batch_size}, {os.cpu_count()} cores"
    )
    print(
        f"{'program':26}{'median':>10}{'x real time':>13}{'windows':>9}{'per 30 s':>10}"
        f"{'added MiB':>11}{'WER':>8}{'ours/this':>11}"
    )


def print_row(entry: dict[str, Any]) -> None:
    """Print one row of the table."""

    def shown(key: str, form: str, factor: float = 1.0) -> str:
        return "-" if entry[key] is None else format(entry[key] * factor, form)

    print(
        f"{entry['program']:26}{entry['median_s']:8.2f} s{entry['rtfx']:13.1f}"
        f"{shown('windows', 'd', 1):>9}{shown('windows_per_30_s', '.2f'):>10}"
        f"{shown('added_bytes', '.0f', 2**-20):>11}{shown('wer', '.2%'):>8}"
        f"{shown('ours_over_this', '.2f'):>11}",
        flush=True,
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model_path", default=str(BUNDLED_MODEL), metavar="DIR")
    parser.add_argument("--shape", choices=[WHISPER], help="random weights of this shape instead")
    parser.add_argument("--encoder_layers", type=number(RUNS), help="make --shape less deep")
    parser.add_argument(
        "--tokens", type=number(MAX_NEW_TOKENS), default=64, help="a window, with --shape"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--batch_size", type=number(BATCH_SIZE), default=4)
    parser.add_argument("--minutes", type=float, default=5.0, help="of audio (default: 5)")
    parser.add_argument("--rounds", type=number(RUNS), default=3)
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
        task = Task(
            model=directory if arguments.shape else arguments.model_path,
            device=arguments.device,
            dtype=arguments.dtype,
            batch_size=arguments.batch_size,
            minutes=arguments.minutes,
            tokens=arguments.tokens if arguments.shape else None,
            faster_whisper=arguments.faster_whisper,
        )
        programs = arguments.programs or [
            name for name in PROGRAMS if "faster" not in name or has_faster_whisper(task)
        ]
        print_heading(task)
        rows = run(task, programs, arguments.rounds)
    if arguments.json:
        from speech_toolkit.device import select_device

        facts = select_device(arguments.device).facts()
        write_json(arguments.json, {"task": asdict(task), "environment": facts, "rows": rows})
    return EXIT_DONE


def has_faster_whisper(task: Task) -> bool:
    """Whether faster-whisper can be measured."""
    return bool(task.faster_whisper) and importlib.util.find_spec("faster_whisper") is not None


if __name__ == "__main__":
    run_script(main)
