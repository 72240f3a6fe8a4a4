"""One program on one file, from the file to the JSON, in the process that calls: what it takes."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.talk import read_talk, write_talk
from benchmarks.whisper_programs import PROGRAMS, Task
from speech_toolkit.files.writing import write_json

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


def talk_file(folder: Path, minutes: float) -> Path:
    """Return the talk of a length as a file, written once."""
    path = folder / f"talk-{minutes:g}.flac"
    if not path.exists():
        write_talk(path, minutes)
    return path


def warm_up_minutes(task: Task) -> float:
    """Return how much audio fills two of the batches, or all that there is."""
    return min(task.minutes, 2 * WINDOW_MINUTES * task.batch_size)


def run_whisper(program: str, task: Task, folder: Path, matrix_flop_per_s: float) -> Run:
    """Measure a recogniser in this process, after as much audio as fills two of its batches."""
    path = talk_file(folder, task.minutes)
    transcribe, count, device = PROGRAMS[program](task)
    transcribe(talk_file(folder, warm_up_minutes(task)))
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
    for minutes in (warm_up_minutes(task), task.minutes):
        path, text = talk_file(folder, minutes), read_talk(minutes)[1]
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
