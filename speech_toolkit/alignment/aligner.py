"""Audio and transcript in, times out: the stages of forced alignment in their order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from speech_toolkit.alignment.ctc_model import CtcCheckpoint, load_ctc_model, read_ctc_checkpoint
from speech_toolkit.alignment.emissions import Emissions, compute_emissions
from speech_toolkit.alignment.labels import STAR_CHOICES, label_sequence
from speech_toolkit.alignment.loudness import Loudness, measure_loudness
from speech_toolkit.alignment.result import AlignmentResult, StageTimes, TimedSpan, timed_spans
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.alignment.transcript import TokenizedTranscript, tokenize_transcript
from speech_toolkit.alignment.viterbi import forced_align, preload
from speech_toolkit.audio import Waveform, load_audio
from speech_toolkit.checkpoint import bundled_model, prefetch_weights, resolve_checkpoint
from speech_toolkit.command_line import Reporter
from speech_toolkit.device import Device, parse_dtype, select_device
from speech_toolkit.errors import AudioError, UsageError
from speech_toolkit.results import versions

if TYPE_CHECKING:
    import torch
    from transformers import Wav2Vec2ForCTC

BUNDLED_MODEL = "tiny-mms-aligner"
DEFAULT_BATCH_SIZE = {"npu": 8, "cuda": 8, "cpu": 1}
AUTO = "auto"
_FAIL_FAST_S = 0.5


@dataclass(frozen=True)
class AlignmentSettings:
    """How an alignment is made.

    Attributes:
        language: ISO 639-3 code of the transcript.
        star: where a wildcard may take up audio that the transcript does not hold: ``none``,
            ``edges`` or ``segments`` (around every sentence).
        window_s: seconds of audio that the model is asked for at a time, above 0.
        context_s: seconds that it sees on either side of them, at least 0.
        batch_size: windows that run together, at least 1; None for the device's default.
    """

    language: str = "eng"
    star: str = "none"
    window_s: float = 30.0
    context_s: float = 2.0
    batch_size: int | None = None

    def __post_init__(self) -> None:
        if self.star not in STAR_CHOICES:
            raise UsageError(f"star {self.star!r}: use one of {', '.join(STAR_CHOICES)}")
        if not self.window_s > 0 or not self.context_s >= 0:
            raise UsageError(
                f"window_s {self.window_s:g} and context_s {self.context_s:g}: the window must be "
                "above 0 and the context at least 0 seconds"
            )
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(f"batch_size {self.batch_size}: must be at least 1")


class Aligner:
    """A loaded model that aligns as many files as it is given.

    Attributes:
        model_path: the checkpoint as it was named.
        device: where the model runs.
        model_load_time: seconds from the imports to the weights on the device.
    """

    def __init__(
        self,
        model_path: str,
        checkpoint: CtcCheckpoint,
        model: Wav2Vec2ForCTC,
        device: Device,
        model_load_time: float,
    ) -> None:
        self.model_path = model_path
        self.device = device
        self.model_load_time = model_load_time
        self._checkpoint = checkpoint
        self._model = model

    @classmethod
    def load(
        cls,
        model_path: str | os.PathLike[str] | None = None,
        device: str = "auto",
        dtype: torch.dtype | str = "float32",
        attn_implementation: str | None = None,
    ) -> Aligner:
        """Load a checkpoint onto a device.

        Args:
            model_path: directory or hub id of a Wav2Vec2ForCTC; None for the bundled model.
            device: auto, npu, npu:N, cuda, cuda:N or cpu.
            dtype: of the weights and the computation.
            attn_implementation: attention kernel; None for the one transformers picks.

        Raises:
            CheckpointError: the checkpoint is missing, incomplete or of another kind.
            DeviceError: the device is missing, lacks the dtype, or has too little memory.
            UsageError: an argument has a value that cannot be used.
        """
        name = _model_name(model_path)
        checkpoint = read_ctc_checkpoint(resolve_checkpoint(name))
        prefetch_weights(checkpoint.directory)
        started = time.perf_counter()
        selected = select_device(device)
        return cls._on_device(name, checkpoint, selected, str(dtype), attn_implementation, started)

    @classmethod
    def _on_device(
        cls,
        name: str,
        checkpoint: CtcCheckpoint,
        device: Device,
        dtype_name: str,
        attn_implementation: str | None,
        started: float,
    ) -> Aligner:
        """Load the weights onto a device that was selected since ``started``."""
        dtype = parse_dtype(dtype_name)
        device.check_dtype(dtype)
        model = load_ctc_model(checkpoint, device, dtype, attn_implementation)
        device.synchronize()
        return cls(name, checkpoint, model, device, time.perf_counter() - started)

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the waveforms that the model takes."""
        return self._checkpoint.geometry.sample_rate_hz

    def align(
        self,
        audio: str | os.PathLike[str] | Waveform,
        transcript: str | TokenizedTranscript,
        settings: AlignmentSettings | None = None,
        *,
        audio_load_time: float | None = None,
        reporter: Reporter | None = None,
    ) -> AlignmentResult:
        """Find when each character, word and sentence of a transcript is spoken.

        Args:
            audio: a file, ``-`` for standard input, or a waveform at ``sample_rate_hz``.
            transcript: the text, or the text already split into tokens.
            settings: how to align; None for the defaults.
            audio_load_time: seconds that loading took, where a waveform is given.
            reporter: where progress is shown; None to show none.

        Returns:
            The times with everything that a report needs.

        Raises:
            AudioError: the audio cannot be used.
            TranscriptError: the transcript holds nothing that can be aligned.
            InfeasibleAlignmentError: the audio is too short for the transcript.
            DeviceError: out of memory, or the model's output is not finite.
        """
        settings = settings or AlignmentSettings()
        reporter = reporter or Reporter(quiet=True)
        if not isinstance(transcript, TokenizedTranscript):
            transcript = tokenize_transcript(
                transcript, self._checkpoint.vocabulary, settings.language
            )
        if not isinstance(audio, Waveform):
            audio, audio_load_time = _timed_load(audio, self._checkpoint)
        if audio.sample_rate_hz != self.sample_rate_hz:
            raise AudioError(
                f"{audio.source}: the waveform is at {audio.sample_rate_hz} Hz, the model takes "
                f"{self.sample_rate_hz} Hz; load_audio(path, {self.sample_rate_hz}) resamples"
            )

        self.device.reset_peak_memory()
        started = time.perf_counter()
        emissions = self._emissions(audio, settings, reporter)
        self.device.synchronize()
        inferred = time.perf_counter()
        loudness = measure_loudness(audio.samples, self._checkpoint.geometry)
        segments, words, sentences = self._decode(
            emissions, loudness, transcript, settings.star, reporter
        )
        aligned = time.perf_counter()
        return AlignmentResult(
            device=_published_name(self.device),
            dtype=str(self._model.dtype),
            model_path=self.model_path,
            audio_path=audio.source,
            transcript=transcript.text,
            language=transcript.language,
            audio_duration=audio.duration_s,
            times=StageTimes(
                model_load_time=self.model_load_time,
                audio_load_time=audio_load_time or 0.0,
                infer_time=inferred - started,
                align_time=aligned - inferred,
            ),
            segments=segments,
            words=words,
            sentences=sentences,
            num_frames=len(emissions.log_probs),
            frame_stride_s=self._checkpoint.geometry.stride_s,
            settings={
                "star": settings.star,
                "window_s": settings.window_s,
                "context_s": settings.context_s,
                "batch_size": emissions.batch_size,
                "normalize_waveform": self._checkpoint.normalizes_waveform,
                "attn_implementation": self._model.config._attn_implementation,
            },
            environment=self.device.facts() | {"memory": asdict(self.device.memory())},
            versions=versions(),
            warnings=audio.warnings + transcript.warnings + emissions.warnings,
        )

    def _emissions(
        self, waveform: Waveform, settings: AlignmentSettings, reporter: Reporter
    ) -> Emissions:
        return compute_emissions(
            self._model,
            waveform,
            self._checkpoint.geometry,
            self.device,
            window_s=settings.window_s,
            context_s=settings.context_s,
            batch_size=settings.batch_size or DEFAULT_BATCH_SIZE[self.device.type],
            normalize=self._checkpoint.normalizes_waveform,
            wildcard=settings.star != "none",
            reporter=reporter,
        )

    def _decode(
        self,
        emissions: Emissions,
        loudness: Loudness,
        transcript: TokenizedTranscript,
        star: str,
        reporter: Reporter,
    ) -> tuple[tuple[TimedSpan, ...], tuple[TimedSpan, ...], tuple[TimedSpan, ...]]:
        """Find the best path and return its segments, words and sentences."""
        vocabulary, stride_s = self._checkpoint.vocabulary, self._checkpoint.geometry.stride_s
        labels = label_sequence(transcript, vocabulary, star)
        with reporter.progress_bar(total=100, label="Alignment", unit="%") as bar:
            path, scores = forced_align(
                emissions.log_probs,
                labels.targets,
                vocabulary.blank_id,
                on_progress=lambda part: bar.update(round(100 * part) - bar.n),
            )
        spans = spans_from_path(
            path,
            scores,
            labels,
            transcript,
            loudness,
            blank=vocabulary.blank_id,
            frame_stride_s=stride_s,
        )
        return timed_spans(spans, labels, transcript, stride_s)

    def align_files(
        self,
        pairs: Iterable[tuple[str | os.PathLike[str], str]],
        settings: AlignmentSettings | None = None,
    ) -> Iterator[AlignmentResult]:
        """Align pairs of audio file and transcript one after the other, lazily.

        Raises:
            ToolkitError: as :meth:`align` does, at the pair it concerns; those before it have
                been yielded.
        """
        for audio, transcript in pairs:
            yield self.align(audio, transcript, settings)


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
    """

    model_path: str | None
    audio_path: str
    transcript: str
    device: str
    dtype: str
    attn_implementation: str | None
    settings: AlignmentSettings


def align_file(request: AlignmentRequest, reporter: Reporter) -> AlignmentResult:
    """Load a model and align one file, reporting each stage.

    What is wrong with the checkpoint's files, the transcript or a short audio is found before
    torch is imported. Long audio is decoded while the imports and the weights load.

    Raises:
        ToolkitError: as :meth:`Aligner.load` and :meth:`Aligner.align` do.
    """
    name = _model_name(request.model_path)
    if request.device != AUTO:
        reporter.banner(f"Running inference on: {request.device}")
    checkpoint = read_ctc_checkpoint(resolve_checkpoint(name))
    prefetch_weights(checkpoint.directory)
    transcript = tokenize_transcript(
        request.transcript, checkpoint.vocabulary, request.settings.language
    )
    with ThreadPoolExecutor(max_workers=1) as pool:
        loading = pool.submit(_timed_load, request.audio_path, checkpoint)
        _raise_early(loading)
        pool.submit(_preload_search, loading, checkpoint, transcript)
        started = time.perf_counter()
        device = select_device(request.device)
        _report_target(request, name, device, reporter)
        aligner = Aligner._on_device(
            name, checkpoint, device, request.dtype, request.attn_implementation, started
        )
        reporter.time("Model load", aligner.model_load_time)
        waveform, audio_load_time = loading.result()
    reporter.time("Audio load", audio_load_time, f"duration: {waveform.duration_s:.2f}s")
    reporter.warnings(waveform.warnings + transcript.warnings)
    result = aligner.align(
        waveform,
        transcript,
        request.settings,
        audio_load_time=audio_load_time,
        reporter=reporter,
    )
    reporter.time("Inference", result.times.infer_time, f"RTF: {result.rtf:.3f}")
    reporter.time("Alignment", result.times.align_time)
    return result


def _model_name(model_path: str | os.PathLike[str] | None) -> str:
    return os.fspath(bundled_model(BUNDLED_MODEL) if model_path is None else model_path)


def _timed_load(
    audio_path: str | os.PathLike[str], checkpoint: CtcCheckpoint
) -> tuple[Waveform, float]:
    """Load audio for a checkpoint and return it with the seconds that took."""
    geometry = checkpoint.geometry
    started = time.perf_counter()
    waveform = load_audio(
        audio_path, geometry.sample_rate_hz, min_samples=geometry.receptive_field_samples
    )
    return waveform, time.perf_counter() - started


def _raise_early(loading: Future[tuple[Waveform, float]]) -> None:
    """Give audio that cannot be used the time to say so before seconds go into imports."""
    with suppress(FutureTimeoutError):
        loading.result(timeout=_FAIL_FAST_S)


def _preload_search(
    loading: Future[tuple[Waveform, float]],
    checkpoint: CtcCheckpoint,
    transcript: TokenizedTranscript,
) -> None:
    """Load what the search will need as soon as the size of the problem is known."""
    if loading.exception() is None:
        waveform, _ = loading.result()
        labels = sum(len(word.tokens) for word in transcript.words)
        preload(checkpoint.geometry.frames(len(waveform.samples)), labels)


def _report_target(
    request: AlignmentRequest, name: str, device: Device, reporter: Reporter
) -> None:
    """Say which model runs where, under the published banner."""
    if request.device == AUTO:
        reporter.banner(f"Running inference on: {_published_name(device)}")
    if request.model_path is None:
        reporter.info(f"No --model_path given: using the bundled {BUNDLED_MODEL} (English)")
    reporter.info(f"Loading model from: {name}")
    reporter.info(f"Target device: {_published_name(device)}, dtype: torch.{request.dtype}")
    reporter.info("Running in eager mode (torch.compile disabled for stability)")


def _published_name(device: Device) -> str:
    """Return the device's name, with its number where the user gave one."""
    return device.name if ":" in device.requested else device.type
