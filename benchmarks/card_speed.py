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
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.apart import apart
from benchmarks.bars import Bar
from benchmarks.random_shapes import ALIGNER, RECOGNISERS, save_shape
from benchmarks.same_tokens import token_rows
from benchmarks.talk import read_talk, write_talk
from benchmarks.whisper_programs import PROGRAMS, Task
from speech_toolkit.cli.arguments import DTYPES, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import BATCH_SIZE, MAX_NEW_TOKENS, RUNS

OURS, PIPELINE, FASTER = "chunked", "pipeline, 30 s chunks", "faster-whisper, batched"
WINDOW_MINUTES = 0.5
MODEL_WINDOW_S = 34.0  # of the aligner, with its context


@dataclass(frozen=True)
class Run:
    """What one process found.

    Attributes:
        program: name of what ran.
        dtype: in which.
        batch_size: windows together.
        audio_s: length of the file.
        seconds: from the file to the JSON.
        model_s: of the model alone, None where that is not told.
        flop: of the model, None where its windows are not seen.
        peak_bytes: of the device's memory, None where it is not kept.
        matrix_flop_per_s: of the device in that dtype.
    """

    program: str
    dtype: str
    batch_size: int
    audio_s: float
    seconds: float
    model_s: float | None
    flop: int | None
    peak_bytes: int | None
    matrix_flop_per_s: float

    @property
    def times_real_time(self) -> float:
        """Seconds of audio a second."""
        return self.audio_s / self.seconds

    @property
    def share(self) -> float | None:
        """Of the device's matrix rate, over the model's time where it is told, else over all."""
        if self.flop is None:
            return None
        return self.flop / (self.model_s or self.seconds) / self.matrix_flop_per_s

    def to_dict(self) -> dict[str, Any]:
        """Return the form for JSON."""
        derived = {"times_real_time": self.times_real_time, "share_of_matrix_rate": self.share}
        return asdict(self) | derived

    def __str__(self) -> str:
        """Show the run as a row of the table."""
        model = "-" if self.model_s is None else f"{self.audio_s / self.model_s:,.0f}"
        share = "-" if self.share is None else f"{self.share:.1%}"
        peak = "-" if self.peak_bytes is None else f"{self.peak_bytes / 2**30:.2f}"
        return (
            f"{self.program:26}{self.dtype:>10}{self.batch_size:6d}{self.audio_s / 60:9.1f}"
            f"{self.seconds:10.2f}{self.times_real_time:13,.0f}{model:>10}{share:>8}{peak:>10}"
        )


HEADING = (
    f"{'program':26}{'dtype':>10}{'batch':>6}{'minutes':>9}{'seconds':>10}{'x real time':>13}"
    f"{'model':>10}{'share':>8}{'peak GiB':>10}"
)


def matrix_rate(device_name: str, dtype_name: str) -> float:
    """Measure how fast the device multiplies matrices."""
    from speech_toolkit.device import parse_dtype, select_device

    device = select_device(device_name)
    from benchmarks.matrix_rate import matrix_flop_per_s

    return matrix_flop_per_s(device, parse_dtype(dtype_name))


def run_whisper(program: str, task: Task, folder: Path, matrix_flop_per_s: float) -> Run:
    """Measure a recogniser in this process, after as much audio as fills two of its batches."""
    path, warm_up = folder / f"talk-{task.minutes:g}.flac", folder / "warm-up.flac"
    write_talk(path, task.minutes)
    write_talk(warm_up, min(task.minutes, 2 * WINDOW_MINUTES * task.batch_size))
    transcribe, count, device = PROGRAMS[program](task)
    transcribe(warm_up)
    device.synchronize()
    device.reset_peak_memory()
    windows_before = count.windows if count else 0
    started = time.perf_counter()
    document = transcribe(path)
    write_json(folder / "result.json", document)
    device.synchronize()
    seconds = time.perf_counter() - started
    windows = count.windows - windows_before if count else 0
    return Run(
        program,
        task.dtype,
        task.batch_size,
        60 * task.minutes,
        seconds,
        None,
        _whisper_flop(task, windows or document.get("windows")),
        device.memory().peak_allocated_bytes,
        matrix_flop_per_s,
    )


def _whisper_flop(task: Task, windows: int | None) -> int | None:
    from transformers import WhisperConfig

    from benchmarks.matrix_rate import whisper_window_flop

    if not windows or not task.tokens:
        return None
    return windows * whisper_window_flop(WhisperConfig.from_pretrained(task.model), task.tokens)


def run_aligner(task: Task, folder: Path, matrix_flop_per_s: float) -> Run:
    """Measure the aligner in this process, after some windows."""
    from transformers import Wav2Vec2Config

    from benchmarks.matrix_rate import aligner_window_flop
    from speech_toolkit.alignment.aligner import Aligner, AlignmentSettings

    aligner = Aligner.load(task.model, task.device, task.dtype)
    settings = AlignmentSettings(batch_size=task.batch_size)
    warm_up_minutes = min(task.minutes, 2 * WINDOW_MINUTES * task.batch_size)
    for minutes in (warm_up_minutes, task.minutes):
        path = folder / f"talk-{minutes:g}.flac"
        write_talk(path, minutes)
        text = read_talk(minutes)[1]
        aligner.device.reset_peak_memory()
        started = time.perf_counter()
        result = aligner.align(path, text, settings)
        write_json(folder / "result.json", result.to_dict())
        seconds = time.perf_counter() - started
    config = Wav2Vec2Config.from_pretrained(task.model)
    windows = -(-60 * task.minutes // settings.window_s)
    return Run(
        "align",
        task.dtype,
        task.batch_size,
        60 * task.minutes,
        seconds,
        result.times.infer_time,
        round(windows * aligner_window_flop(config, round(MODEL_WINDOW_S * 16_000))),
        aligner.device.memory().peak_allocated_bytes,
        matrix_flop_per_s,
    )


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
    runs = []
    for program, each in tasks:
        runs.append(apart(run_whisper, program, each, folder, rate))
        print(runs[-1], flush=True)
    best = max(run.times_real_time for run in runs if run.program == OURS)
    rival = max(run.times_real_time for run in runs if run.program != OURS)
    bars = [
        Bar("best batch, times real time", best, arguments.target or 2000.0, is_least=True),
        Bar("best batch over the best other program", best / rival, 1.0, is_least=True),
    ]
    return [run.to_dict() for run in runs], bars


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
