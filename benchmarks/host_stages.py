#!/usr/bin/env python3
"""Do the stages on the host keep up with a card that transcribes at 2,000 times real time?

    python benchmarks/host_stages.py
    python benchmarks/host_stages.py --only card --minutes 120 --batch_size 64
    python benchmarks/host_stages.py --json results/runs/host_stages.json

stages: seconds of one core that each stage takes for an hour of audio: the least of several rounds,
in one thread, in time of the processor, which leaves out what other programs take of a shared
machine. So fast is the stage on one core, and so many cores it takes at 2,000 times real time.

card: the whole of `Transcriber.transcribe`, from a FLAC file to JSON, on a card that only waits
(`waiting_card.py`), for as long as an H200 is estimated to compute: 6.5 ms of the encoder for a
window, 0.27 ms for a step of the decoder and 3.5 us for each window in it. Told are the time of the
card, and the processor's of each thread. On a machine with a core for each thread, the run takes
the time of the card and the own work of the thread that feeds it, unless another thread takes
longer: that is the figure under "free cores". The card's steps count with what the stand-in
computes in them, never less than the pace that is given.

Exit codes: 0 the bars are met, 1 one is not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.bars import Bar
from benchmarks.feeding import FILES, RATE_HZ, SPEECH, Step, decoding, least_s, whisper_features
from benchmarks.talk import write_talk
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import BATCH_SIZE, MAX_NEW_TOKENS, RUNS

if TYPE_CHECKING:
    from speech_toolkit.transcription import TranscriptionResult

MORE_FILES = (
    ("wav", None, 8_000, True),
    ("mp3", None, 44_100, True),
    ("ogg", "OPUS", 48_000, True),
)
FEEDING = "MainThread"
WATCHED_EVERY_S = 0.02
HOUR_S = 3600
SPEECH_S, WINDOW_S = 600, 30.0


@dataclass(frozen=True)
class CardRun:
    """One recording through the engine on a card that only waits.

    Attributes:
        audio_s: its length.
        seconds: that it took on this machine.
        card_s: that the card worked, at the pace that was given.
        threads_s: seconds of the processor by name of the thread, the stand-in's left out.
    """

    audio_s: float
    seconds: float
    card_s: float
    threads_s: Mapping[str, float]

    @property
    def limits_s(self) -> dict[str, float]:
        """What the run would take if only one thing limited it."""
        others = {name: s for name, s in self.threads_s.items() if name != FEEDING}
        return {
            "card and the thread that feeds it": self.card_s + self.threads_s[FEEDING],
            **others,
        }

    @property
    def on_free_cores(self) -> float:
        """Times real time where each thread has a core."""
        return self.audio_s / max(self.limits_s.values())

    def cores_at(self, times_real_time: float) -> float:
        """Return how many cores the host's work takes at a speed."""
        return sum(self.threads_s.values()) / self.audio_s * times_real_time


class ThreadWatch:
    """Seconds of the processor that each thread takes in a ``with`` block, by the thread's name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._of_threads: dict[threading.Thread, tuple[float, float]] = {}
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch")

    def __enter__(self) -> ThreadWatch:
        self._read()
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._read()
        self._done.set()
        self._watcher.join()
        for thread, (first, last) in self._of_threads.items():
            name = thread.name.rstrip("0123456789").rstrip("_-")
            self.seconds[name] = self.seconds.get(name, 0.0) + last - first

    def _watch(self) -> None:
        known = set(threading.enumerate())
        while not self._done.wait(WATCHED_EVERY_S):
            self._read(is_new=lambda thread: thread not in known)

    def _read(self, is_new: Callable[[threading.Thread], bool] = lambda thread: False) -> None:
        for thread in threading.enumerate():
            if thread is self._watcher or thread.ident is None:
                continue
            now_s = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
            first, _ = self._of_threads.get(thread, (0.0 if is_new(thread) else now_s, now_s))
            self._of_threads[thread] = first, now_s


def stages(folder: Path) -> dict[str, Step]:
    """Return every step around the model, from the file to the JSON."""
    return (
        decoding(folder, (*FILES, *MORE_FILES))
        | speech_stages()
        | whisper_features()
        | text_stages(folder)
    )


def speech_stages() -> dict[str, Step]:
    """Return the steps from samples to windows."""
    import numpy as np

    from speech_toolkit.audio.waveform import Waveform, load_audio
    from speech_toolkit.transcription.prepared import prepare_audio
    from speech_toolkit.transcription.windows.speech import find_speech

    speech = load_audio(REPOSITORY / "samples" / SPEECH, RATE_HZ).samples
    samples = np.resize(speech, SPEECH_S * RATE_HZ)
    waveform = Waveform(samples, RATE_HZ, SPEECH, RATE_HZ, 1)

    def plan() -> None:
        planner = prepare_audio(waveform, RATE_HZ, skip_silence=True).planner(WINDOW_S)
        window = planner.next(0, 0)
        while window:
            window = planner.next(window.end_sample, window.index + 1)

    return {
        "find speech": (partial(find_speech, samples, RATE_HZ), SPEECH_S),
        "set the level, find speech, plan windows": (plan, SPEECH_S),
    }


def text_stages(folder: Path) -> dict[str, Step]:
    """Return the steps from tokens to JSON, and those of the times of words."""
    import numpy as np

    from benchmarks.waiting_card import Pace, load_waiting
    from speech_toolkit.transcription.decoded import TextAttention
    from speech_toolkit.transcription.text.word_times import words_of_window

    transcriber, _ = load_waiting(Pace(0.0, 0.0, 0.0), 100)
    decoder = transcriber.decoder
    path = folder / "talk.flac"
    write_talk(path, 10)
    result = transcribe(transcriber, path, 64)
    tokens = [t for t in result.tokens[0] if t < transcriber.checkpoint.eot_id]
    random = np.random.default_rng(0)
    attention = TextAttention(
        random.random((len(tokens) + 1, 1500), np.float32), np.full(len(tokens), 0.9, np.float32)
    )
    decode = partial(decoder.tokenizer.decode, clean_up_tokenization_spaces=False)
    words = partial(
        words_of_window, tokens, attention, 30 * RATE_HZ, transcriber.checkpoint, decode, "en"
    )
    return {
        f"text of {len(tokens)} tokens": (partial(decoder.text, tokens), 30.0),
        "times of words": (words, 30.0),
        "write JSON": (
            lambda: write_json(folder / "result.json", result.to_dict()),
            result.audio_duration_s,
        ),
    }


def transcribe(transcriber: Any, path: Path, batch_size: int) -> TranscriptionResult:
    """Transcribe a file as a user would in batches, without a second try at any window."""
    from speech_toolkit.transcription import TranscriptionSettings

    settings = TranscriptionSettings(mode="chunked", language="en", batch_size=batch_size)
    return transcriber.transcribe(path, settings)


def run_card(arguments: argparse.Namespace, folder: Path) -> CardRun:
    """Transcribe a talk on a card that only waits, after a short one."""
    from benchmarks.waiting_card import Pace, load_waiting

    pace = Pace(arguments.window_ms / 1e3, arguments.step_ms / 1e3, arguments.row_us / 1e6)
    transcriber, card = load_waiting(pace, arguments.tokens)
    short, path = folder / "short.flac", folder / "talk.flac"
    write_talk(short, 2)
    write_talk(path, arguments.minutes)
    transcribe(transcriber, short, arguments.batch_size)
    card.reset()
    started = time.perf_counter()
    with ThreadWatch() as watch:
        result = transcribe(transcriber, path, arguments.batch_size)
        write_json(folder / "result.json", result.to_dict())
    seconds = time.perf_counter() - started
    own_s = watch.seconds[FEEDING] - card.computed_s
    return CardRun(result.audio_duration_s, seconds, card.paced_s, watch.seconds | {FEEDING: own_s})


def bars_of(run: CardRun, target: float, cores: int) -> list[Bar]:
    """Hold a run against the speed that is wanted, and the cores that there are."""
    return [
        Bar("times real time, on free cores", run.on_free_cores, target, is_least=True),
        Bar(f"cores that the host takes at {target:,.0f} times", run.cores_at(target), cores),
    ]


def print_stages(core_s: Mapping[str, float], target: float) -> None:
    """Print what each stage takes."""
    print(f"{'stage':44}{'s an hour':>11}{'x real time':>13}{f'cores at {target:,.0f}':>15}")
    for name, seconds in core_s.items():
        cores = seconds / HOUR_S * target
        print(f"{name:44}{seconds:11.2f}{HOUR_S / seconds:13,.0f}{cores:15.2f}")


def print_run(run: CardRun) -> None:
    """Print where the time of a run went."""
    print(f"\n{run.audio_s / 60:.0f} min on a card that only waits; {'':14}s an hour  x real time")
    rows = {"the card, estimated": run.card_s}
    rows |= {f"thread {name}, its own work": s for name, s in run.threads_s.items()}
    rows |= {"all, on free cores": run.audio_s / run.on_free_cores, "all, here": run.seconds}
    for name, seconds in rows.items():
        if seconds > 0:
            print(f"{name:44}{seconds / run.audio_s * HOUR_S:11.2f}{run.audio_s / seconds:13,.0f}")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("stages", "card"))
    parser.add_argument("--rounds", type=number(RUNS), default=5, help="of stages (default: 5)")
    parser.add_argument("--minutes", type=float, default=60.0, help="for the card (default: 60)")
    parser.add_argument("--batch_size", type=number(BATCH_SIZE), default=64, help="default: 64")
    parser.add_argument("--tokens", type=number(MAX_NEW_TOKENS), default=100, help="a window")
    parser.add_argument("--window_ms", type=float, default=6.5, help="of the encoder")
    parser.add_argument("--step_ms", type=float, default=0.27, help="of the decoder")
    parser.add_argument("--row_us", type=float, default=3.5, help="of a step for each window")
    parser.add_argument("--target", type=float, default=2000.0, help="times real time")
    parser.add_argument("--cores", type=number(RUNS), default=16, help="beside the card")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser


def main() -> int:
    """Measure, print and judge."""
    arguments = build_parser().parse_args()
    from speech_toolkit.device import select_device

    facts = select_device("cpu").facts()
    import torch

    torch.set_num_threads(1)
    report: dict[str, Any] = {"environment": facts, "settings": vars(arguments)}
    bars: list[Bar] = []
    with tempfile.TemporaryDirectory() as name:
        if arguments.only != "card":
            found = stages(Path(name))
            core_s = {stage: least_s(*step, arguments.rounds) for stage, step in found.items()}
            print_stages(core_s, arguments.target)
            report["core_s_per_hour"] = core_s
        if arguments.only != "stages":
            run = run_card(arguments, Path(name))
            print_run(run)
            bars = bars_of(run, arguments.target, arguments.cores)
            report["waiting_card"] = vars(run) | {"on_free_cores": run.on_free_cores}
    print(*bars, sep="\n")
    if arguments.json:
        write_json(arguments.json, report | {"bars": [bar.to_dict() for bar in bars]})
    return EXIT_DONE if all(bar.passed for bar in bars) else EXIT_FAILED


if __name__ == "__main__":
    run_script(main)
