"""One file, from the command to the result, in the least time."""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass

from speech_toolkit.alignment.aligner import BUNDLED_MODEL, Aligner
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.models.registry import resolve_ctc_checkpoint
from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings, prepare_input
from speech_toolkit.alignment.result import AlignmentResult
from speech_toolkit.alignment.search.viterbi import preload
from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.device import Device, parse_device_name
from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.system.interrupts import background_worker

_FAIL_FAST_S = 0.5


@dataclass(frozen=True)
class AlignmentRequest:
    """One file to align with a model that is not loaded yet.

    Attributes:
        model_path: directory or hub id; None for the bundled model.
        audio_path: file, or ``-`` for standard input.
        transcript: the text.
        device: auto, npu, npu:N, cuda, cuda:N or cpu.
        dtype: name of the dtype.
        attn_implementation: attention kernel; None for the one transformers picks.
        settings: how to align.
        float32_precision: "highest", or "high" where a card may round float32's products.
        part: what of the file is aligned.
    """

    model_path: str | None
    audio_path: str
    transcript: str | CuedText
    device: str
    dtype: str
    attn_implementation: str | None
    settings: AlignmentSettings
    float32_precision: str = HIGHEST
    part: AudioPart = WHOLE


def align_file(request: AlignmentRequest, reporter: Reporter) -> AlignmentResult:
    """Load a model and align one file, reporting each stage.

    What is wrong with the checkpoint's files, the transcript or a short audio is found before
    torch is imported. Long audio is decoded while the imports and the weights load.

    Raises:
        ToolkitError: as :meth:`Aligner.load` and :meth:`Aligner.align` do.
    """
    asked_for, _ = parse_device_name(request.device)
    if asked_for != "auto":
        reporter.banner(f"Running inference on: {request.device}")
    name = request.model_path
    if name is None:
        name = str(bundled_model(BUNDLED_MODEL))
    checkpoint = resolve_ctc_checkpoint(name, request.settings.language)
    if checkpoint.adapter is not None:
        reporter.info(f"Adapter of language: {checkpoint.adapter}")
    transcript = tokenize_transcript(
        request.transcript,
        checkpoint.vocabulary,
        request.settings.language,
        request.settings.markup,
        request.settings.words,
    )
    with background_worker() as pool:
        preparing = pool.submit(
            prepare_input,
            AudioSource(request.audio_path, part=request.part),
            transcript,
            checkpoint,
            request.settings,
        )
        with suppress(FutureTimeoutError):
            preparing.result(timeout=_FAIL_FAST_S)
        pool.submit(_preload_search, preparing, checkpoint)
        aligner = Aligner.from_checkpoint(
            name,
            checkpoint,
            request.device,
            request.dtype,
            request.attn_implementation,
            float32_precision=request.float32_precision,
            on_device=lambda device: _report_target(request, name, device, reporter),
        )
        reporter.time("Model load", aligner.model_load_time)
        prepared = preparing.result()
    waveform = prepared.waveform
    reporter.time("Audio load", prepared.audio_load_time, f"duration: {waveform.duration_s:.2f}s")
    reporter.warnings(waveform.warnings + transcript.warnings)
    result = aligner.align_prepared(prepared, request.settings, reporter)
    reporter.time("Inference", result.times.infer_time, f"RTF: {result.rtf:.3f}")
    reporter.time("Alignment", result.times.align_time)
    reporter.warnings(fallback_warnings())
    return result


def _preload_search(preparing: Future[AlignmentInput], checkpoint: CtcCheckpoint) -> None:
    """Load what the search will need as soon as the size of the problem is known."""
    if preparing.exception() is None:
        prepared = preparing.result()
        frames = checkpoint.geometry.frames(len(prepared.waveform.samples))
        preload(frames, len(prepared.labels.targets))


def _report_target(
    request: AlignmentRequest, name: str, device: Device, reporter: Reporter
) -> None:
    """Say which model runs where, under the published banner."""
    if device.requested == "auto":
        reporter.banner(f"Running inference on: {device.label}")
    if request.model_path is None:
        reporter.info(f"No --model_path given: using the bundled {BUNDLED_MODEL} (English)")
    reporter.info(f"Loading model from: {name}")
    reporter.info(f"Target device: {device.label}, dtype: torch.{request.dtype}")
    reporter.info("Running in eager mode (torch.compile disabled for stability)")
