"""Audio in, text with times out: the stages of a transcription in their order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform, as_waveform
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.files import prefetch_weights
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.device import Device, select_device
from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.garbage_collection import garbage_collection_paused
from speech_toolkit.transcription.decoded import DecodedBatch, Reading, TranscribedWindow
from speech_toolkit.transcription.models.checkpoint import (
    read_whisper_checkpoint,
)
from speech_toolkit.transcription.request import (
    BUNDLED_MODEL,
    WhisperRequest,
    check_settings,
    opening_sources,
)
from speech_toolkit.transcription.result import TranscribedSegment, TranscriptionResult
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.text.file_text import (
    cut_off_warnings,
    file_coverage,
    text_warnings,
    transcribed_segments,
    whole_text,
)
from speech_toolkit.transcription.windows.features import FeatureExtractor
from speech_toolkit.transcription.windows.level import at_usual_level
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.speech import SpeechRegion, find_speech
from speech_toolkit.versions import versions

if TYPE_CHECKING:
    import torch

    from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
    from speech_toolkit.transcription.long_form import LongForm

_MIN_AUDIO_S = 0.025  # one frame of the mel spectrogram


class Transcriber:
    """A loaded Whisper model that transcribes as many files as it is given.

    Attributes:
        model_path: the checkpoint as it was named.
        checkpoint: what its files say beside the weights.
        device: where the model runs.
        dtype: of the weights and the computation, such as ``torch.float16``.
        model_load_s: seconds from the imports to the weights on the device.
        decoder: the model and the loop around it.
    """

    def __init__(
        self,
        model_path: str,
        decoder: WhisperDecoder,
        extractor: FeatureExtractor,
        model_load_s: float,
    ) -> None:
        self.model_path = model_path
        self.decoder = decoder
        self.checkpoint = decoder.checkpoint
        self.device = decoder.device
        self.dtype = decoder.dtype
        self.model_load_s = model_load_s
        self._extractor = extractor

    @classmethod
    def load(
        cls,
        model_path: str | os.PathLike[str] | None = None,
        device: torch.device | str = "auto",
        dtype: torch.dtype | str | None = None,
        attn_implementation: str | None = None,
        decode_graph: str = "auto",
        *,
        exact_times: bool = False,
        float32_precision: str = HIGHEST,
        on_device: Callable[[Device, str], None] = lambda device, dtype: None,
    ) -> Transcriber:
        """Load a checkpoint onto a device.

        Args:
            model_path: directory or hub id of a Whisper checkpoint; None for the bundled model.
            device: auto, npu, npu:N, cuda, cuda:N or cpu.
            dtype: of the weights and the computation; None for float16 on a card, float32 on CPU.
            attn_implementation: attention kernel; None for the one transformers picks.
            decode_graph: "auto", "on" or "off": whether a decoding step is captured as a graph.
            exact_times: whether the device is waited for around each stage, so that stage times
                are exact and the whole is slower.
            float32_precision: "highest", or "high" where the card may round float32's products.
            on_device: called with the device and the name of the dtype before the weights load.

        Raises:
            CheckpointError: the checkpoint is missing, incomplete or of another kind.
            DeviceError: the device is missing, lacks the dtype, or has too little memory.
            UsageError: an argument has a value that cannot be used.
        """
        name = os.fspath(bundled_model(BUNDLED_MODEL) if model_path is None else model_path)
        checkpoint = resolve_checkpoint(name, read_whisper_checkpoint)
        started = time.perf_counter()
        prefetch_weights(checkpoint.directory)
        with garbage_collection_paused():
            selected = select_device(str(device), float32_precision)
            dtype_name = str(dtype or selected.default_dtype)
            on_device(selected, dtype_name)
            with selected.errors("while it was loaded"):
                from speech_toolkit.transcription.decoding.decoder import WhisperDecoder  # torch

                clock = StageClock(selected, exact=exact_times)
                decoder = WhisperDecoder.load(
                    checkpoint, selected, dtype_name, attn_implementation, decode_graph, clock
                )
                extractor = FeatureExtractor(checkpoint.directory, checkpoint.num_mel_bins)
                selected.synchronize()
        return cls(name, decoder, extractor, time.perf_counter() - started)

    @classmethod
    def for_request(
        cls,
        request: WhisperRequest,
        *,
        on_device: Callable[[Device, str], None] = lambda device, dtype: None,
    ) -> Transcriber:
        """Load what a request asks for; see :meth:`load`."""
        return cls.load(
            request.checkpoint_name,
            request.device,
            request.dtype,
            request.attn_implementation,
            request.decode_graph,
            float32_precision=request.float32_precision,
            on_device=on_device,
        )

    def transcribe(
        self,
        audio: str | os.PathLike[str] | AudioSource | Waveform,
        settings: TranscriptionSettings | None = None,
        progress: Progress = UNWATCHED,
        *,
        on_batch: Callable[[DecodedBatch], None] = lambda batch: None,
    ) -> TranscriptionResult:
        """Transcribe one file of any length.

        Args:
            audio: a file, ``-`` for standard input, or a waveform at the model's rate.
            settings: how to transcribe; None for the defaults.
            progress: shows the progress of long files; None for none.
            on_batch: called with each batch of windows when it has been decoded.

        Raises:
            AudioError: the audio cannot be used.
            UsageError: the model lacks what the settings ask for.
            DeviceError: out of memory, an operator failed on a card, or the model's output is not
                finite.
        """
        settings = settings or TranscriptionSettings()
        check_settings(self.checkpoint, settings)
        with self.device.errors("while transcribing"):
            return self._transcribe(audio, settings, progress, on_batch)

    def leads(
        self, audio: str | os.PathLike[str] | AudioSource, readings: Sequence[Reading]
    ) -> list[list[float]]:
        """Return how decided this model is at each token that was generated elsewhere, in nats.

        Args:
            audio: the file.
            readings: windows of it with timestamps or without; read one after the other.

        Raises:
            AudioError: the audio cannot be used.
            DeviceError: out of memory, or an operator failed on a card.
        """
        samples = self._waveform(audio).samples
        found = []
        for reading in readings:
            features = self._extractor.extract([reading.window.samples(samples)])
            encoded = self.decoder.encode(features)
            timestamps = reading.prompt[-1] != self.checkpoint.no_timestamps_id
            found += self.decoder.leads(
                encoded, [reading.prompt], [reading.tokens], timestamps=timestamps
            )
        return found

    def _transcribe(
        self,
        audio: str | os.PathLike[str] | Waveform,
        settings: TranscriptionSettings,
        progress: Progress,
        on_batch: Callable[[DecodedBatch], None],
    ) -> TranscriptionResult:
        clock = self.decoder.clock
        clock.reset()
        self.device.reset_peak_memory()
        encoded_before = self.decoder.windows_encoded
        with clock.stage("decode_audio"):
            waveform = self._waveform(audio)
        started = time.perf_counter()
        with clock.stage("find_speech"):
            regions = self._regions(waveform, settings)
        run, found = self._run(waveform, regions, settings, progress, on_batch)
        start_s = waveform.part.start_s
        segments = transcribed_segments(found, self.decoder.text, settings, start_s)
        self.device.synchronize()
        transcribe_s = time.perf_counter() - started
        windows = self.decoder.windows_encoded - encoded_before
        return self._result(waveform, settings, run, found, segments, windows, transcribe_s)

    def _result(
        self,
        waveform: Waveform,
        settings: TranscriptionSettings,
        run: LongForm,
        found: Sequence[TranscribedWindow],
        segments: tuple[TranscribedSegment, ...],
        windows: int,
        transcribe_s: float,
    ) -> TranscriptionResult:
        clock = self.decoder.clock
        return TranscriptionResult(
            text=whole_text(segments, run.language),
            segments=segments,
            language=run.language,
            language_probability=run.language_probability,
            audio_path=waveform.source,
            audio_duration_s=waveform.duration_s,
            coverage=file_coverage(
                found, len(waveform.samples), waveform.sample_rate_hz, waveform.part.start_s
            ),
            tokens=tuple(item.decoded.tokens for item in found),
            margins=tuple(w.decoded.margins for w in found) if settings.record_margins else None,
            windows=windows,
            settings=self._settings_dict(settings, run) | waveform.part.settings(),
            model_path=self.model_path,
            device=self.device.label,
            dtype=str(self.dtype),
            model_load_s=self.model_load_s,
            stage_times_s=dict(clock.seconds),
            stage_times_are=clock.kind,
            transcribe_s=transcribe_s,
            memory=asdict(self.device.memory()),
            environment=self.device.facts(),
            versions=versions(),
            warnings=(
                *waveform.warnings,
                *self.checkpoint.warnings_for(settings.timestamps),
                *run.warnings,
                *run.overflow_warnings(windows),
                *cut_off_warnings(found, settings, waveform.part.start_s),
                *text_warnings(segments),
                *fallback_warnings(),
            ),
        )

    def transcribe_files(
        self,
        audio: Iterable[str | os.PathLike[str]],
        settings: TranscriptionSettings | None = None,
    ) -> Iterator[TranscriptionResult]:
        """Transcribe files one after the other, lazily.

        Raises:
            ToolkitError: as :meth:`transcribe` does, at the file it concerns; those before it have
                been yielded.
        """
        for path in audio:
            yield self.transcribe(path, settings)

    def transcribe_many(
        self,
        audio: Iterable[str | os.PathLike[str] | AudioSource | Waveform],
        settings: TranscriptionSettings | None = None,
    ) -> Iterator[Outcome[TranscriptionResult]]:
        """Transcribe recordings in order, lazily; one that fails stops no other.

        Yields:
            An outcome for each: its result, or its error and the kind of that.
        """
        for each in audio:
            yield outcome_of(partial(self.transcribe, each, settings))

    def _waveform(self, audio: str | os.PathLike[str] | AudioSource | Waveform) -> Waveform:
        rate = self.checkpoint.sample_rate_hz
        return at_usual_level(as_waveform(audio, rate, min_samples=round(_MIN_AUDIO_S * rate)))

    def _regions(
        self, waveform: Waveform, settings: TranscriptionSettings
    ) -> tuple[SpeechRegion, ...]:
        if not settings.skip_silence:
            return (SpeechRegion(0, len(waveform.samples)),)
        return find_speech(waveform.samples, waveform.sample_rate_hz)

    def _run(
        self,
        waveform: Waveform,
        regions: Sequence[SpeechRegion],
        settings: TranscriptionSettings,
        progress: Progress,
        on_batch: Callable[[DecodedBatch], None],
    ) -> tuple[LongForm, list[TranscribedWindow]]:
        """Take all windows of the file through the model."""
        from speech_toolkit.transcription.long_form import LongForm

        rate = waveform.sample_rate_hz
        planner = WindowPlanner(regions, waveform.samples, rate, settings.chunk_length_s)
        seconds = round(waveform.duration_s)
        with progress.progress_bar(total=seconds, label="Transcription", unit="s") as bar:
            run = LongForm(
                self.decoder,
                self._extractor,
                settings,
                on_progress=lambda window: bar.update(round(window.end_s) - bar.n),
                on_batch=on_batch,
            )
            if settings.mode == "transcribe":
                windows = run.sequential(waveform.samples, planner)
            else:
                batch_size = settings.batch_size or self.device.default_batch_size
                windows = run.chunked(waveform.samples, planner, batch_size)
            return run, list(windows)

    def _settings_dict(self, settings: TranscriptionSettings, run: LongForm) -> dict[str, Any]:
        return asdict(settings) | {
            "temperatures": list(settings.temperatures),
            "task": run.task,
            **opening_sources(self.checkpoint, settings),
            "batch_size": run.batch_size,
            "condition_on_previous_text": settings.mode == "transcribe" and run.conditions,
            "attn_implementation": self.decoder.attn_implementation,
            "decode_graph": self.decoder.uses_graph,
        }
