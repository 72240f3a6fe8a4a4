"""Audio and transcript in, times out: the stages of forced alignment in their order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from speech_toolkit.alignment.emissions import Emissions, compute_emissions
from speech_toolkit.alignment.loudness import measure_loudness
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.models.registry import load_ctc_model, resolve_ctc_checkpoint
from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings, prepare_input
from speech_toolkit.alignment.result import AlignmentResult, StageTimes, TimedSpan, timed_spans
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.alignment.text.transcript import TokenizedTranscript
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.files import prefetch_weights
from speech_toolkit.device import Device, parse_dtype, select_device
from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.garbage_collection import garbage_collection_paused
from speech_toolkit.versions import versions

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

BUNDLED_MODEL = "tiny-mms-aligner"


class Aligner:
    """A loaded model that aligns as many files as it is given.

    Attributes:
        model_path: the checkpoint as it was named.
        checkpoint: what its other files say.
        model: on the device, in evaluation mode.
        device: where the model runs.
        model_load_time: seconds from the imports to the weights on the device.
    """

    def __init__(
        self,
        model_path: str,
        checkpoint: CtcCheckpoint,
        model: PreTrainedModel,
        device: Device,
        model_load_time: float,
    ) -> None:
        self.model_path = model_path
        self.device = device
        self.model_load_time = model_load_time
        self.checkpoint = checkpoint
        self.model = model
        self._float32_model: PreTrainedModel | None = None

    @classmethod
    def load(
        cls,
        model_path: str | os.PathLike[str] | None = None,
        device: torch.device | str = "auto",
        dtype: torch.dtype | str = "float32",
        attn_implementation: str | None = None,
        language: str | None = None,
        *,
        float32_precision: str = HIGHEST,
    ) -> Aligner:
        """Load a checkpoint onto a device.

        Args:
            model_path: directory or hub id of a CTC model; None for the bundled model.
            device: auto, npu, npu:N, cuda, cuda:N or cpu.
            dtype: of the weights and the computation.
            attn_implementation: attention kernel; None for the one transformers picks.
            language: of the transcripts, for a checkpoint with an adapter for each language; None
                for its default.
            float32_precision: "highest", or "high" where the card may round float32's products.

        Raises:
            CheckpointError: the checkpoint is missing, incomplete or of another kind.
            DeviceError: the device is missing, lacks the dtype, or has too little memory.
            UsageError: an argument has a value that cannot be used.
        """
        name = os.fspath(bundled_model(BUNDLED_MODEL) if model_path is None else model_path)
        checkpoint = resolve_ctc_checkpoint(name, language)
        return cls.from_checkpoint(
            name,
            checkpoint,
            str(device),
            str(dtype),
            attn_implementation,
            float32_precision=float32_precision,
        )

    @classmethod
    def from_checkpoint(
        cls,
        name: str,
        checkpoint: CtcCheckpoint,
        device_name: str,
        dtype_name: str,
        attn_implementation: str | None,
        *,
        float32_precision: str = HIGHEST,
        on_device: Callable[[Device], None] = lambda device: None,
    ) -> Aligner:
        """Load the weights of a checkpoint whose other files have been read.

        Args:
            name: the checkpoint as the user named it.
            checkpoint: what its other files say.
            device_name: auto, npu, npu:N, cuda, cuda:N or cpu.
            dtype_name: of the weights and the computation.
            attn_implementation: attention kernel; None for the one transformers picks.
            float32_precision: as for :meth:`load`.
            on_device: called with the device when it has been selected.

        Raises:
            CheckpointError: the weights do not fill the model, or their file is damaged.
            DeviceError: the device is missing, lacks the dtype, or has too little memory.
            UsageError: an argument has a value that cannot be used.
        """
        started = time.perf_counter()
        prefetch_weights(checkpoint.directory)
        with garbage_collection_paused():
            device = select_device(device_name, float32_precision)
            on_device(device)
            with device.errors("while it was loaded"):
                dtype = parse_dtype(dtype_name)
                device.check_dtype(dtype)
                model = load_ctc_model(checkpoint, device, dtype, attn_implementation)
                device.synchronize()
        return cls(name, checkpoint, model, device, time.perf_counter() - started)

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the waveforms that the model takes."""
        return self.checkpoint.geometry.sample_rate_hz

    def float32_model(self) -> PreTrainedModel:
        """Return the model in float32 on the same device, loaded when it is first asked for.

        Raises:
            CheckpointError: the weights are gone or damaged since they were loaded.
            DeviceError: the device has too little memory for them beside the others.
        """
        import torch

        if self._float32_model is None:
            self._float32_model = load_ctc_model(
                self.checkpoint, self.device, torch.float32, self.model.config._attn_implementation
            )
        return self._float32_model

    def align(
        self,
        audio: str | os.PathLike[str] | AudioSource | Waveform,
        transcript: str | TokenizedTranscript,
        settings: AlignmentSettings | None = None,
    ) -> AlignmentResult:
        """Find when each character, word and sentence of a transcript is spoken.

        Args:
            audio: a file or a part of one, ``-`` for standard input, or a waveform at
                ``sample_rate_hz``.
            transcript: the text, or the text already split into tokens.
            settings: how to align; None for the defaults.

        Returns:
            The times with everything that a report needs.

        Raises:
            AudioError: the audio cannot be used.
            TranscriptError: the transcript holds nothing that can be aligned.
            InfeasibleAlignmentError: the audio is too short for the transcript.
            DeviceError: out of memory, or the model's output is not finite in float32 either.
        """
        settings = settings or AlignmentSettings()
        prepared = prepare_input(audio, transcript, self.checkpoint, settings)
        return self.align_prepared(prepared, settings, UNWATCHED)

    def align_prepared(
        self,
        prepared: AlignmentInput,
        settings: AlignmentSettings,
        progress: Progress,
        on_emissions: Callable[[Emissions], None] = lambda emissions: None,
    ) -> AlignmentResult:
        """Align what :func:`prepare_input` made for this checkpoint and these settings.

        Args:
            prepared: audio and transcript.
            settings: how to align.
            progress: where progress is shown.
            on_emissions: called with what the model heard, before the search.

        Raises:
            DeviceError: out of memory, an operator failed on a card, or the model's output is not
                finite in float32 either.
        """
        with self.device.errors("while aligning"):
            return self._align(prepared, settings, progress, on_emissions)

    def _align(
        self,
        prepared: AlignmentInput,
        settings: AlignmentSettings,
        progress: Progress,
        on_emissions: Callable[[Emissions], None],
    ) -> AlignmentResult:
        waveform, transcript = prepared.waveform, prepared.transcript
        self.device.reset_peak_memory()
        started = time.perf_counter()
        emissions = self._emissions(waveform, settings, progress)
        self.device.synchronize()
        inferred = time.perf_counter()
        on_emissions(emissions)
        segments, words, sentences = self._decode(emissions, prepared, progress)
        aligned = time.perf_counter()
        return AlignmentResult(
            device=self.device.label,
            dtype=str(self.model.dtype),
            model_path=self.model_path,
            audio_path=waveform.source,
            transcript=transcript.text,
            language=transcript.language,
            audio_duration=waveform.duration_s,
            times=StageTimes(
                model_load_time=self.model_load_time,
                audio_load_time=prepared.audio_load_time,
                infer_time=inferred - started,
                align_time=aligned - inferred,
            ),
            segments=segments,
            words=words,
            sentences=sentences,
            num_frames=len(emissions.log_probs),
            frame_stride_s=self.checkpoint.geometry.stride_s,
            settings={
                "star": settings.star,
                "window_s": settings.window_s,
                "context_s": settings.context_s,
                "batch_size": emissions.batch_size,
                "normalize_waveform": self.checkpoint.normalizes_waveform,
                "attn_implementation": self.model.config._attn_implementation,
            }
            | ({"adapter": self.checkpoint.adapter} if self.checkpoint.adapter else {})
            | waveform.part.settings(),
            environment=self.device.facts() | {"memory": asdict(self.device.memory())},
            versions=versions(),
            warnings=(
                waveform.warnings + transcript.warnings + emissions.warnings + fallback_warnings()
            ),
        )

    def _emissions(
        self, waveform: Waveform, settings: AlignmentSettings, progress: Progress
    ) -> Emissions:
        return compute_emissions(
            self.model,
            self.checkpoint,
            waveform,
            self.device,
            self.float32_model,
            window_s=settings.window_s,
            context_s=settings.context_s,
            batch_size=settings.batch_size or self.device.default_batch_size,
            wildcard=settings.star != "none",
            progress=progress,
        )

    def _decode(
        self, emissions: Emissions, prepared: AlignmentInput, progress: Progress
    ) -> tuple[tuple[TimedSpan, ...], tuple[TimedSpan, ...], tuple[TimedSpan, ...]]:
        """Find the best path and return its segments, words and sentences."""
        geometry, blank = self.checkpoint.geometry, self.checkpoint.vocabulary.blank_id
        labels, transcript = prepared.labels, prepared.transcript
        with progress.progress_bar(total=100, label="Alignment", unit="%") as bar:
            path, scores = forced_align(
                emissions.log_probs,
                labels.targets,
                blank,
                on_progress=lambda part: bar.update(round(100 * part) - bar.n),
            )
        spans = spans_from_path(
            path,
            scores,
            labels,
            transcript,
            measure_loudness(prepared.waveform.samples, geometry),
            blank=blank,
            frame_stride_s=geometry.stride_s,
        )
        waveform = prepared.waveform
        return timed_spans(
            spans,
            labels,
            transcript,
            geometry.stride_s,
            waveform.duration_s,
            waveform.part.start_s,
        )

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

    def align_many(
        self,
        pairs: Iterable[tuple[str | os.PathLike[str] | AudioSource | Waveform, str]],
        settings: AlignmentSettings | None = None,
    ) -> Iterator[Outcome[AlignmentResult]]:
        """Align pairs of audio and transcript in order, lazily; one that fails stops no other.

        Yields:
            An outcome for each pair: its result, or its error and the kind of that.
        """
        for audio, transcript in pairs:
            yield outcome_of(partial(self.align, audio, transcript, settings))
