"""How long one file takes, from its path to its text, with a Whisper model that stays loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from speech_toolkit.checkpoint.hashes import file_hash, weights_hash
from speech_toolkit.evaluation.metrics.timing import PERCENTILE_METHOD, measure
from speech_toolkit.evaluation.report import report_header
from speech_toolkit.evaluation.speed.on_device import (
    STAGE_RUNS,
    latency_figures,
    memory_figures,
    stage_figures,
)
from speech_toolkit.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from speech_toolkit.transcription.request import WhisperRequest
    from speech_toolkit.transcription.result import TranscriptionResult
    from speech_toolkit.transcription.transcriber import Transcriber

KIND = "benchmark"


def run_benchmark(
    request: WhisperRequest, num_runs: int, warmup: int, progress: Progress
) -> dict[str, Any]:
    """Transcribe one file again and again and time it.

    Every run decodes the audio file too. The stages are timed in up to three further runs, in
    which the device is waited for around each of them.

    Args:
        request: what to transcribe, where, and how.
        num_runs: measured runs, at least 1.
        warmup: runs before them, at least 0.
        progress: where progress goes.

    Returns:
        The report, described by ``results/schemas/benchmark.schema.json``.

    Raises:
        ToolkitError: the model cannot be loaded or the file cannot be transcribed.
    """
    from speech_toolkit.transcription.transcriber import Transcriber

    config = request.config() | {"num_runs": num_runs, "warmup": warmup}
    header = report_header(KIND, sys.argv, config)
    transcriber = Transcriber.for_request(request)
    progress.time("Model load", transcriber.model_load_s)
    device, clock = transcriber.device, transcriber.decoder.clock
    memory_loaded = memory_figures(device)

    def run() -> TranscriptionResult:
        return transcriber.transcribe(request.audio, request.settings)

    with progress.progress_bar(total=num_runs, label="Benchmark", unit="run") as bar:
        timings = measure(run, device, warmup, num_runs, lambda timings: bar.update())
    memory = memory_figures(device)
    clock.exact = True
    staged = [run() for _ in range(min(STAGE_RUNS, num_runs))]
    last = staged[-1]
    tokens = sum(len(window) for window in last.tokens)
    return {
        **header,
        **_subject(transcriber, last, request.audio.path),
        "memory_loaded": memory_loaded,
        "memory": memory,
        "percentile_method": PERCENTILE_METHOD,
        **latency_figures(timings, last.audio_duration_s),
        **stage_figures([result.stage_times_s for result in staged], tokens),
    }


def _subject(
    transcriber: Transcriber, result: TranscriptionResult, audio_file: str
) -> dict[str, Any]:
    """Return what was measured and what came out of it."""
    return {
        "device": result.device,
        "dtype": result.dtype.removeprefix("torch."),
        "model": {
            "path": result.model_path,
            "weights_sha256": weights_hash(transcriber.checkpoint.directory),
        },
        "audio": {
            "path": result.audio_path,
            "sha256": file_hash(audio_file),
            "duration_s": result.audio_duration_s,
        },
        "settings": result.settings,
        "environment": result.environment,
        "load_s": transcriber.model_load_s,
        "windows": result.windows,
        "text": result.text,
        "warnings": list(result.warnings),
    }


def benchmark_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield a report as lines for the terminal."""
    latency, memory = report["latency"], report["memory"]
    yield ""
    yield f"[BENCHMARK] {report['device']} {report['dtype']}, {report['audio']['duration_s']:.2f} s"
    yield f"{'load':<16}{report['load_s']:>10.3f} s"
    if report["first_s"] is not None:
        yield f"{'first run':<16}{report['first_s']:>10.3f} s"
    for name in ("mean_s", "p50_s", "p90_s", "min_s", "max_s"):
        yield f"{name.removesuffix('_s'):<16}{latency[name]:>10.3f} s"
    yield f"{'RTF':<16}{report['rtf']:>10.4f}"
    yield f"{'RTFx':<16}{report['rtfx']:>10.1f}"
    for name, stage in report["stages"].items():
        yield f"  {name.replace('_', ' '):<14}{stage['median_s']:>10.3f} s"
    if report["seconds_per_token"] is not None:
        yield f"  {'per token':<14}{report['seconds_per_token'] * 1e3:>10.3f} ms"
    yield f"{'tokens':<16}{report['tokens']:>10}"
    for name in ("peak_allocated_bytes", "peak_reserved_bytes"):
        if memory[name] is not None:
            label = name.removesuffix("_bytes").replace("_", " ")
            yield f"{label:<16}{memory[name] / 2**20:>10.0f} MiB"
    if latency["note"]:
        yield latency["note"]
