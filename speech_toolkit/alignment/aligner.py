"""Audio and transcript in, times out: the stages of forced alignment in their order."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from speech_toolkit.alignment.decoding import decode_emissions
from speech_toolkit.alignment.emissions import Listener
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.models.registry import load_ctc_model, resolve_ctc_checkpoint
from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings, prepare_input
from speech_toolkit.alignment.recording import Emissions
from speech_toolkit.alignment.result import AlignmentResult, StageTimes
from speech_toolkit.alignment.text.transcript import AnyTranscript
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.files import prefetch_weights
from speech_toolkit.device import Device, parse_dtype, select_device
from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.outcomes import Outcome, in_order, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.garbage_collection import garbage_collection_paused
from speech_toolkit.versions import versions

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Key = TypeVar("Key", bound=Hashable)
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
            language: of the transcripts, where each has an adapter; None for the default.
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
            ToolkitError: as :meth:`load`.
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
        transcript: AnyTranscript,
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
            DeviceError: as :meth:`align`.
        """
        ((_, heard),) = self.hear_many([(None, prepared)], settings, progress=progress)
        emissions = heard.unwrap()
        on_emissions(emissions)
        return self.decode(prepared, emissions, settings, progress)

    def hear_many(
        self,
        inputs: Iterable[tuple[Key, AlignmentInput]],
        settings: AlignmentSettings,
        stop: threading.Event | None = None,
        progress: Progress = UNWATCHED,
    ) -> Iterator[tuple[Key, Outcome[Emissions]]]:
        """Run the model over many inputs, their windows in batches that they share.

        Args:
            inputs: pairs of a key and what :func:`prepare_input` made.
            settings: how to align.
            stop: see :meth:`Listener.hear`, which tells what is taken and held, too.
            progress: shows a bar for each input.

        Yields:
            As each is done: its key, and what the model heard, for :meth:`decode`, or the error.
        """
        waveforms = ((key, lambda own=own: own.waveform) for key, own in inputs)
        return self._hear(waveforms, settings, stop, progress)

    def _hear(
        self,
        waveforms: Iterable[tuple[Key, Callable[[], Waveform]]],
        settings: AlignmentSettings,
        stop: threading.Event | None,
        progress: Progress,
    ) -> Iterator[tuple[Key, Outcome[Emissions]]]:
        self.device.reset_peak_memory()
        listener = Listener(
            self.model,
            self.checkpoint,
            self.device,
            self.float32_model,
            window_s=settings.window_s,
            context_s=settings.context_s,
            batch_size=settings.batch_size or self.device.default_batch_size,
            wildcard=settings.needs_wildcard,
            progress=progress,
        )
        return listener.hear(waveforms, stop)

    def decode(
        self,
        prepared: AlignmentInput,
        emissions: Emissions,
        settings: AlignmentSettings,
        progress: Progress = UNWATCHED,
    ) -> AlignmentResult:
        """Find the times in what the model heard, on the CPU, in any thread.

        Args:
            prepared: the input.
            emissions: what :meth:`hear_many` yielded of it.
            settings: those that were given to it.
            progress: shows a bar.

        Raises:
            OutOfMemoryError: the host has no memory for the search.
        """
        waveform, transcript = prepared.waveform, prepared.transcript
        started = time.perf_counter()
        with self.device.errors("while aligning"):
            log_probs = emissions.log_probs
            decoded = decode_emissions(log_probs, prepared, self.checkpoint, settings, progress)
        align_time = time.perf_counter() - started
        return AlignmentResult(
            device=self.device.label,
            dtype=str(self.model.dtype),
            model_path=self.model_path,
            audio_path=waveform.source,
            transcript=transcript.text,
            language=transcript.language,
            audio_duration=waveform.duration_s,
            times=StageTimes(
                self.model_load_time, prepared.audio_load_time, emissions.infer_s, align_time
            ),
            segments=decoded.segments,
            words=decoded.words,
            sentences=decoded.sentences,
            num_frames=len(emissions.log_probs),
            frame_stride_s=self.checkpoint.geometry.stride_s,
            settings=settings.told()
            | {
                "batch_size": emissions.batch_size,
                "normalize_waveform": self.checkpoint.normalizes_waveform,
                "attn_implementation": self.model.config._attn_implementation,
            }
            | ({"adapter": self.checkpoint.adapter} if self.checkpoint.adapter else {})
            | ({"segmenter": transcript.segmenter} if transcript.segmenter else {})
            | waveform.part.settings(),
            environment=self.device.facts() | {"memory": asdict(self.device.memory())},
            versions=versions(),
            warnings=(
                waveform.warnings + transcript.warnings + emissions.warnings + fallback_warnings()
            ),
            quality=decoded.quality,
        )

    def align_files(
        self,
        pairs: Iterable[tuple[str | os.PathLike[str], str]],
        settings: AlignmentSettings | None = None,
    ) -> Iterator[AlignmentResult]:
        """Align pairs of audio file and transcript as :meth:`align_many`, until one fails.

        Raises:
            ToolkitError: as :meth:`align` does, at the pair it concerns.
        """
        for outcome in self.align_many(pairs, settings):
            yield outcome.unwrap()

    def align_many(
        self,
        pairs: Iterable[tuple[str | os.PathLike[str] | AudioSource | Waveform, str]],
        settings: AlignmentSettings | None = None,
    ) -> Iterator[Outcome[AlignmentResult]]:
        """Align pairs of audio and transcript in order, lazily; one that fails stops no other.

        Where windows run in batches, pairs are read ahead that share them; see :meth:`hear_many`.

        Yields:
            An outcome for each pair: its result, or its error and the kind of that.
        """
        settings = settings or AlignmentSettings()
        waiting: dict[int, AlignmentInput] = {}

        def read(place: int, pair: tuple[Any, str]) -> Waveform:
            waiting[place] = prepare_input(*pair, self.checkpoint, settings)
            return waiting[place].waveform

        def aligned(place: int, heard: Outcome[Emissions]) -> AlignmentResult:
            own = waiting.pop(place, None)  # None where it could not be read
            return self.decode(own, heard.unwrap(), settings)

        waveforms = ((place, partial(read, place, pair)) for place, pair in enumerate(pairs))
        heard = self._hear(waveforms, settings, None, UNWATCHED)
        return in_order((place, outcome_of(partial(aligned, place, each))) for place, each in heard)
