"""One file, from the command to the result: decoded while the model loads, reported, written."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import Job
from speech_toolkit.cli.results import show_results, write_results
from speech_toolkit.device import Device, parse_device_name, prepare_environment
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.system.interrupts import background_worker
from speech_toolkit.system.streams import STDOUT, stdout_to_stderr
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
from speech_toolkit.transcription.prepared import PreparedAudio, prepare_audio
from speech_toolkit.transcription.request import (
    BUNDLED_MODEL,
    WhisperRequest,
    check_settings,
)
from speech_toolkit.transcription.result import TranscriptionResult

if TYPE_CHECKING:
    from speech_toolkit.formats.subtitles.options import SubtitleOptions
    from speech_toolkit.transcription.transcriber import Transcriber

BUNDLED_IS = "a small model of some hundred English words, for trying the toolkit out"
_FAIL_FAST_S = 0.5


def check_inputs(request: WhisperRequest) -> None:
    """Find what is wrong with the checkpoint's files, the settings or a short audio, without torch.

    Raises:
        ToolkitError: something is; the message says what and what to do.
    """
    parse_device_name(request.device)
    rate_hz = _checked_rate_hz(request)
    with background_worker() as pool:
        preparing = pool.submit(_prepare, request, rate_hz)
        _fail_fast(preparing)
    preparing.result().close()


def transcribe_file(request: WhisperRequest, reporter: Reporter) -> TranscriptionResult:
    """Load a model and transcribe one file, reporting each stage.

    What is wrong with the checkpoint's files, the settings or a short audio is found before torch
    is imported. The first minutes of long audio are decoded while the imports and the weights load,
    the rest while it is transcribed.

    Raises:
        ToolkitError: as :meth:`Transcriber.load` and :meth:`Transcriber.transcribe` do.
    """
    prepare_environment(request.device)
    rate_hz = _checked_rate_hz(request)
    with background_worker() as pool:
        preparing = pool.submit(_prepare, request, rate_hz)
        _fail_fast(preparing)
        transcriber = _load(request, reporter)
        audio = preparing.result()
    result = transcriber.transcribe(audio, request.settings, reporter)
    load_s = result.stage_times_s["decode_audio"]
    reporter.time("Audio load", load_s, f"duration: {result.audio_duration_s:.2f}s")
    reporter.time("Transcription", result.transcribe_s, f"RTF: {result.rtf:.3f}")
    reporter.warnings(result.warnings)
    return result


def run_job(
    request: WhisperRequest, job: Job, subtitles: SubtitleOptions, reporter: Reporter
) -> int:
    """Transcribe one file, write its results, and print what was found.

    Args:
        request: the model and how to transcribe.
        job: the file and its results.
        subtitles: the options of those results that are subtitles.
        reporter: told of each stage.

    Returns:
        The exit code.

    Raises:
        ToolkitError: the file cannot be transcribed; nothing is written.
    """
    to_stdout = any(output.path == STDOUT for output in job.outputs)
    with stdout_to_stderr() if to_stdout else nullcontext():
        result = transcribe_file(request, reporter)
    paths = write_results(result.to_dict(), job, subtitles, reporter)
    _report(result, reporter)
    lines = [
        f"{segment.start_s:8.2f}s - {segment.end_s:8.2f}s  {segment.text}"
        for segment in result.segments
    ]
    show_results("TRANSCRIPTION RESULTS", lines, reporter)
    reporter.saved("Results", *paths)
    return EXIT_DONE


def _checked_rate_hz(request: WhisperRequest) -> int:
    """Check all that needs no torch, and return the rate of the waveforms that the model takes."""
    checkpoint = resolve_checkpoint(request.checkpoint_name, read_whisper_checkpoint)
    check_settings(checkpoint, request.settings)
    return checkpoint.sample_rate_hz


def _prepare(request: WhisperRequest, sample_rate_hz: int) -> PreparedAudio:
    """Begin to read a file."""
    skip_silence = request.settings.skip_silence
    return prepare_audio(request.audio, sample_rate_hz, skip_silence=skip_silence)


def _fail_fast(preparing: Future[PreparedAudio]) -> None:
    """Raise what is wrong with a file, if that is found in a moment."""
    with suppress(FutureTimeoutError):
        preparing.result(timeout=_FAIL_FAST_S)


def _load(request: WhisperRequest, reporter: Reporter) -> Transcriber:
    """Load the model, and say which runs where under the published banner."""
    from speech_toolkit.transcription.transcriber import Transcriber

    asked_for, _ = parse_device_name(request.device)
    if asked_for != "auto":
        reporter.banner(f"Running inference on: {request.device}")

    def report_target(device: Device, dtype_name: str) -> None:
        if asked_for == "auto":
            reporter.banner(f"Running inference on: {device.label}")
        if request.model_path is None:
            reporter.info(
                f"No --model_path given: using the bundled {BUNDLED_MODEL} ({BUNDLED_IS})"
            )
        reporter.info(f"Loading model from: {request.checkpoint_name}")
        reporter.info(f"Target device: {device.label}, dtype: torch.{dtype_name}")

    transcriber = Transcriber.for_request(request, on_device=report_target)
    reporter.time("Model load", transcriber.model_load_s)
    return transcriber


def _report(result: TranscriptionResult, reporter: Reporter) -> None:
    """Say what was found, and how much of the audio was passed over."""
    reporter.result(f"Transcribed {len(result.segments)} segments{_opening(result)}")
    skipped_s = {
        reason: sum(s.end_s - s.start_s for s in result.coverage if s.reason == reason)
        for reason in dict.fromkeys(s.reason for s in result.coverage if s.reason)
    }
    if skipped_s:
        parts = ", ".join(f"{seconds:.2f}s {reason}" for reason, seconds in skipped_s.items())
        reporter.info(f"Not transcribed: {parts}")


def _opening(result: TranscriptionResult) -> str:
    """Say what was taken to be spoken and what is done with it, where that was not asked for."""
    parts = []
    if result.language is not None:
        probability = result.language_probability
        how = "" if probability is None else f", detected with probability {probability:.2f}"
        parts.append(f"language: {result.language}{how or _origin(result, 'language')}")
    if result.settings.get("task") == "translate":
        parts.append(f"task: translate{_origin(result, 'task')}")
    return f" ({'; '.join(parts)})" if parts else ""


def _origin(result: TranscriptionResult, what: str) -> str:
    source = result.settings.get(f"{what}_source", "")
    return f", from {source}" if ".json" in source else ""
