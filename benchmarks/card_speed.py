#!/usr/bin/env python3
"""How fast are recognition and alignment on a card, from file to JSON, and beside other programs?

    python benchmarks/card_speed.py whisper --shape distil-large-v3 --json distil.json
    python benchmarks/card_speed.py whisper --shape large-v3-turbo --json turbo.json
    python benchmarks/card_speed.py tokens --shape distil-large-v3 --json tokens.json
    python benchmarks/card_speed.py aligner --json aligner.json
    python benchmarks/card_speed.py whisper --device cpu --dtype float32 --encoder_layers 1 \
        --minutes 1 --rival_minutes 1 --batch_sizes 1,2 --rival_batch_sizes 2 --tokens 8

The audio is the bundled talk, repeated, in a FLAC file at 16 kHz; the models have random weights of
a published shape. Loading and a warm-up of the same batches are not counted; reading the file,
detection, features, model, text and writing the JSON are. Each figure is from a process of its own.

whisper: every window yields as many tokens as --tokens says, in every program: the end of text
cannot be chosen. The smallest batch gets a tenth of the audio, other programs --rival_minutes.
faster-whisper runs where it is installed: the model is converted for it. FLOP are those of the
windows that went through the encoder, with their tokens; the share is that of the rate at which
the device multiplies large matrices in the same dtype, measured beside.

tokens: are they the same with graphs and without, one by one and in a batch, and as those of
generate()? Told is the largest lead, in nats, that a token had where two ways parted: with random
weights two tokens are often as likely.

aligner: the shape of MMS-300M. "model" counts the model alone.

Exit codes: 0 the bars are met, 1 one is not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.apart import apart
from benchmarks.bars import Bar
from benchmarks.card_runs import HEADING, Run, matrix_rate, run_aligner, run_whisper
from benchmarks.random_shapes import ALIGNER, RECOGNISERS, save_shape
from benchmarks.same_tokens import token_rows
from benchmarks.whisper_programs import Task
from speech_toolkit.cli.arguments import DTYPES, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.errors import first_line
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import BATCH_SIZE, MAX_NEW_TOKENS, RUNS

OURS, PIPELINE, FASTER = "chunked", "pipeline, 30 s chunks", "faster-whisper, batched"


def whisper(arguments: argparse.Namespace, task: Task, folder: Path) -> tuple[list[Any], list[Bar]]:
    """Measure the engine with each batch, and other programs beside it."""
    rate = apart(matrix_rate, task.device, task.dtype)
    print(f"{task.device} {task.dtype}: {rate / 1e12:.3g} TFLOP/s of large matrices\n{HEADING}")
    tasks = [
        (OURS, replace(task, batch_size=size, minutes=minutes_of(size, arguments)))
        for size in arguments.batch_sizes
    ]
    for size in arguments.rival_batch_sizes:
        theirs = replace(task, batch_size=size, minutes=arguments.rival_minutes)
        tasks.append((PIPELINE, theirs))
        if importlib.util.find_spec("faster_whisper"):
            tasks.append((FASTER, replace(theirs, faster_whisper=converted(task, folder))))
    runs = [run for program, each in tasks if (run := measured(program, each, folder, rate))]
    best = max(run.times_real_time for run in runs if run.program == OURS)
    bars = [Bar("best batch, times real time", best, arguments.target or 2000.0, is_least=True)]
    rivals = [run.times_real_time for run in runs if run.program != OURS]
    if rivals:
        name = "best batch over the best other program"
        bars.append(Bar(name, best / max(rivals), 1.0, is_least=True))
    return [run.to_dict() for run in runs], bars


def measured(program: str, task: Task, folder: Path, rate: float) -> Run | None:
    """Measure a program in a process of its own, and print it; another one may fail."""
    try:
        run = apart(run_whisper, program, task, folder, rate)
    except (RuntimeError, ValueError, OSError) as error:
        if program == OURS:
            raise
        print(f"{program}: failed: {first_line(error)}", flush=True)
        return None
    print(run, flush=True)
    return run


def minutes_of(batch_size: int, arguments: argparse.Namespace) -> float:
    """Return how much audio a batch size gets: a tenth for the smallest, which is slow."""
    is_slow = batch_size == min(arguments.batch_sizes) and len(arguments.batch_sizes) > 1
    return max(1.0, arguments.minutes / 10) if is_slow else arguments.minutes


def converted(task: Task, folder: Path) -> str:
    """Return the model as faster-whisper takes it, converted once."""
    from ctranslate2.converters import TransformersConverter

    output = folder / "ctranslate2"
    if not output.exists():
        files = ["tokenizer.json", "preprocessor_config.json"]
        converter = TransformersConverter(task.model, copy_files=files)
        converter.convert(str(output), quantization=task.dtype)
    return str(output)


def tokens(arguments: argparse.Namespace, task: Task, folder: Path) -> tuple[list[Any], list[Bar]]:
    """Compare the tokens of several ways to decode the same windows."""
    rows = apart(token_rows, task, max(arguments.batch_sizes))
    for row in rows:
        print(f"{row['ways']:44}{row['same']:6d} of {row['windows']} windows the same", end="")
        print(f", else by {row['largest_lead']:.2g} nats" if row["largest_lead"] else "")
    largest = max(row["largest_lead"] for row in rows)
    limit = 0.1 if arguments.target is None else arguments.target
    return rows, [Bar("largest lead where two ways part, nats", largest, limit)]


def aligner(arguments: argparse.Namespace, task: Task, folder: Path) -> tuple[list[Any], list[Bar]]:
    """Measure the aligner in float16 and float32 with each batch."""
    print(HEADING)
    runs = []
    for dtype in ("float16", "float32") if arguments.dtype == "float16" else (arguments.dtype,):
        rate = apart(matrix_rate, task.device, dtype)
        for size in arguments.batch_sizes:
            each = replace(task, dtype=dtype, batch_size=size)
            runs.append(apart(run_aligner, each, folder, rate))
            print(runs[-1], flush=True)
    best = max(run.times_real_time for run in runs)
    limit = arguments.target or 5000.0
    return [run.to_dict() for run in runs], [Bar("times real time", best, limit, is_least=True)]


QUESTIONS = {"whisper": whisper, "tokens": tokens, "aligner": aligner}


def sizes(text: str) -> list[int]:
    """Read sizes that are separated by commas."""
    read = number(BATCH_SIZE)
    return [read(each) for each in text.split(",")]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--shape", choices=RECOGNISERS, default=RECOGNISERS[0])
    parser.add_argument("--encoder_layers", type=number(RUNS), help="make the shape less deep")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", choices=DTYPES, default="float16")
    parser.add_argument("--minutes", type=float, default=600.0, help="of audio (default: 600)")
    parser.add_argument("--batch_sizes", type=sizes, default=[1, 16, 64, 128], metavar="B,B,...")
    parser.add_argument("--tokens", type=number(MAX_NEW_TOKENS), default=100, help="a window")
    parser.add_argument("--rival_minutes", type=float, default=60.0, help="default: 60")
    parser.add_argument("--rival_batch_sizes", type=sizes, default=[16, 64], metavar="B,B,...")
    parser.add_argument("--target", type=float, help="of the first bar")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser


def main() -> int:
    """Answer one question."""
    arguments = build_parser().parse_args()
    name = ALIGNER if arguments.question == "aligner" else arguments.shape
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        model = str(folder / "model")
        apart(save, folder / "model", name, arguments.encoder_layers)
        task = Task(
            model,
            arguments.device,
            arguments.dtype,
            max(arguments.batch_sizes),
            arguments.minutes,
            arguments.tokens,
        )
        rows, bars = QUESTIONS[arguments.question](arguments, task, folder)
    print("", *bars, sep="\n")
    if arguments.json:
        from speech_toolkit.device import select_device

        facts = select_device(arguments.device).facts()
        judged = [bar.to_dict() for bar in bars]
        settings = vars(arguments) | {"model": name}
        report = {"environment": facts, "settings": settings, "rows": rows, "bars": judged}
        write_json(arguments.json, report)
    return EXIT_DONE if all(bar.passed for bar in bars) else EXIT_FAILED


def save(directory: Path, name: str, layers: int | None) -> None:
    """Write the model, in a process whose memory is gone afterwards."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    save_shape(directory, name, layers)


if __name__ == "__main__":
    run_script(main)
