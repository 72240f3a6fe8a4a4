"""Files through one loaded model: read ahead, reported, and written as each is done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import Job
from speech_toolkit.cli.results import show_results, write_results
from speech_toolkit.device import Device, parse_device_name, prepare_environment
from speech_toolkit.errors import ToolkitError
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from speech_toolkit.system.streams import STDOUT, stdout_to_stderr
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
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
    with _opened(request, [request.audio]) as audio:
        audio.fail_fast()


def transcribe_file(request: WhisperRequest, reporter: Reporter) -> TranscriptionResult:
    """Load a model and transcribe one file, reporting each stage.

    What is wrong with the checkpoint's files, the settings or a short audio is found before torch
    is imported. Long audio is decoded while the imports and the weights load.

    Raises:
        ToolkitError: as :meth:`Transcriber.load` and :meth:`Transcriber.transcribe` do.
    """
    prepare_environment(request.device)
    with _opened(request, [request.audio]) as audio:
        audio.fail_fast()
        transcriber = _load(request, reporter)
        return _transcribe_next(transcriber, audio, request, reporter)


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


def run_jobs(
    request: WhisperRequest, jobs: Sequence[Job], subtitles: SubtitleOptions, reporter: Reporter
) -> int:
    """Transcribe several files with one loaded model; one that fails does not stop the others.

    Each file's results are written as soon as it is done, so that an interrupt loses one file.

    Returns:
        The exit code: done, or some failed.

    Raises:
        ToolkitError: the model cannot be loaded, or no file could be transcribed.
    """
    failed: list[str] = []
    number = 0
    prepare_environment(request.device)
    sources = [AudioSource(job.input_path, part=request.part) for job in jobs]
    with _opened(request, sources) as audio:
        transcriber = _load(request, reporter)
        try:
            for number, job in enumerate(jobs, start=1):
                reporter.info(f"File {number} of {len(jobs)}: {job.input_path}")
                try:
                    result = _transcribe_next(transcriber, audio, request, reporter)
                    paths = write_results(result.to_dict(), job, subtitles, reporter)
                    _report(result, reporter)
                    reporter.saved("Results", *paths)
                except ToolkitError as error:
                    reporter.error(error)
                    failed.append(job.input_path)
        except KeyboardInterrupt:
            done = number - 1 - len(failed)
            reporter.warning(f"interrupted: {done} of {len(jobs)} files are done and written")
            raise
    if len(failed) == len(jobs):
        raise ToolkitError(f"none of the {len(jobs)} files could be transcribed")
    reporter.result(f"Transcribed {len(jobs) - len(failed)} of {len(jobs)} files")
    if failed:
        reporter.warning(f"{len(failed)} of {len(jobs)} files failed: {', '.join(failed)}")
    return EXIT_SOME_FAILED if failed else EXIT_DONE


class _AudioAhead:
    """Decodes files in a thread, one ahead of the one that is asked for."""

    def __init__(self, sources: Iterable[AudioSource], sample_rate_hz: int) -> None:
        self._sources = iter(sources)
        self._sample_rate_hz = sample_rate_hz
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._next = self._submit()

    def __enter__(self) -> _AudioAhead:
        return self

    def __exit__(self, error_class: type[BaseException] | None, *error: object) -> None:
        self._pool.shutdown(wait=error_class is None, cancel_futures=True)

    def fail_fast(self) -> None:
        """Raise what is wrong with the next file, if that is found in a moment."""
        with suppress(FutureTimeoutError):
            self._next.result(timeout=_FAIL_FAST_S)

    def take(self) -> tuple[Waveform, float]:
        """Return the next file's waveform and the seconds that decoding it took.

        Raises:
            AudioError: the file cannot be used; the one after it is next.
        """
        taken, self._next = self._next, self._submit()
        return taken.result()

    def _submit(self) -> Future[tuple[Waveform, float]] | None:
        source = next(self._sources, None)
        return None if source is None else self._pool.submit(self._load, source)

    def _load(self, source: AudioSource) -> tuple[Waveform, float]:
        started = time.perf_counter()
        return load_audio(source, self._sample_rate_hz), time.perf_counter() - started


def _opened(request: WhisperRequest, sources: Sequence[AudioSource]) -> _AudioAhead:
    """Check all that needs no torch, and begin to decode the audio."""
    checkpoint = resolve_checkpoint(request.checkpoint_name, read_whisper_checkpoint)
    check_settings(checkpoint, request.settings)
    return _AudioAhead(sources, checkpoint.sample_rate_hz)


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


def _transcribe_next(
    transcriber: Transcriber, audio: _AudioAhead, request: WhisperRequest, reporter: Reporter
) -> TranscriptionResult:
    waveform, audio_load_s = audio.take()
    reporter.time("Audio load", audio_load_s, f"duration: {waveform.duration_s:.2f}s")
    result = transcriber.transcribe(waveform, request.settings, reporter)
    reporter.time("Transcription", result.transcribe_s, f"RTF: {result.rtf:.3f}")
    reporter.warnings(result.warnings)
    return replace(result, stage_times_s=result.stage_times_s | {"decode_audio": audio_load_s})


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
