"""Audio in, text with times out: the stages of a transcription in their order."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from speech_toolkit.audio.source import AudioSource
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.files import prefetch_weights
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.device import Device, select_device
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.garbage_collection import garbage_collection_paused
from speech_toolkit.transcription.decoded import DecodedBatch, Reading
from speech_toolkit.transcription.file_result import file_result
from speech_toolkit.transcription.models.checkpoint import (
    read_whisper_checkpoint,
)
from speech_toolkit.transcription.prepared import (
    AnyAudio,
    CheckFacts,
    PreparedAudio,
    PreparedInput,
    prepare_audio,
    usual_waveform,
)
from speech_toolkit.transcription.request import (
    BUNDLED_MODEL,
    WhisperRequest,
    check_settings,
)
from speech_toolkit.transcription.result import TranscriptionResult
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.windows.features import lookahead

if TYPE_CHECKING:
    import torch

    from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
    from speech_toolkit.transcription.long_form.open_file import OpenFile
    from speech_toolkit.transcription.windows.window import Window

K = TypeVar("K", bound=Hashable)

_MOST_EARLY = 4  # batches of outcomes that wait for that of a recording before them


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
        model_load_s: float,
    ) -> None:
        self.model_path = model_path
        self.decoder = decoder
        self.checkpoint = decoder.checkpoint
        self.device = decoder.device
        self.dtype = decoder.dtype
        self.model_load_s = model_load_s

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
                selected.synchronize()
        return cls(name, decoder, time.perf_counter() - started)

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
        audio: AnyAudio | PreparedAudio,
        settings: TranscriptionSettings | None = None,
        progress: Progress = UNWATCHED,
        *,
        on_batch: Callable[[DecodedBatch], None] | None = None,
    ) -> TranscriptionResult:
        """Transcribe one file of any length.

        Args:
            audio: a file, ``-`` for standard input, a waveform at the model's rate, or what
                :meth:`prepare` made of one of these with the same settings.
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
        self.device.reset_peak_memory()
        prepared = audio if isinstance(audio, PreparedAudio) else self.prepare(audio, settings)
        seconds = None if prepared.expected_s is None else round(prepared.expected_s)
        with progress.progress_bar(total=seconds, label="Transcription", unit="s") as bar:
            ((_, outcome),) = self._run(
                [PreparedInput(None, Outcome(prepared), settings)],
                settings,
                on_progress=lambda window: bar.update(round(window.end_s) - bar.n),
                on_batch=on_batch,
            )
        return outcome.unwrap()

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
        samples = usual_waveform(audio, self.checkpoint.sample_rate_hz).samples
        found = []
        for reading in readings:
            window = self.decoder.extractor.prepare(reading.window.samples(samples))
            encoded = self.decoder.encode_windows([window])
            timestamps = reading.prompt[-1] != self.checkpoint.no_timestamps_id
            found += self.decoder.leads(
                encoded, [reading.prompt], [reading.tokens], timestamps=timestamps
            )
        return found

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
        audio: Iterable[AnyAudio],
        settings: TranscriptionSettings | None = None,
    ) -> Iterator[Outcome[TranscriptionResult]]:
        """Transcribe recordings in order, lazily; one that fails stops no other.

        Windows of recordings that follow each other share batches. So a few recordings are read
        ahead of the one whose outcome comes next: as many as it takes to fill a batch, on a card
        the batches that come after it, too.

        Yields:
            An outcome for each: its result, or its error and the kind of that.
        """
        settings = settings or TranscriptionSettings()
        batch_size = settings.batch_size or self.device.default_batch_size
        early: dict[int, Outcome[TranscriptionResult]] = {}
        number = 0
        self.device.reset_peak_memory()
        prepared = self._prepared(audio, settings, batch_size if self.device.is_card else 0)
        run = self._run(prepared, settings, has_room=lambda: len(early) < _MOST_EARLY * batch_size)
        with closing(prepared), closing(run):
            for done, outcome in run:
                early[done] = outcome
                while number in early:
                    yield early.pop(number)
                    number += 1

    def prepare(
        self,
        audio: AnyAudio,
        settings: TranscriptionSettings | None = None,
        check: CheckFacts = lambda facts: None,
        patience_s: float | None = None,
    ) -> PreparedAudio:
        """Do with a recording what needs no model: read it, and find speech in it.

        This takes no device, and may be done in other threads while the model works. Of a long
        recording the first minutes are read, and the rest while it is transcribed, which can be
        done once.

        Args:
            audio: a file, ``-`` for standard input, or a waveform at the model's rate.
            settings: how it will be transcribed; None for the defaults.
            check: told what a file turned out to be, once it is read to its end; what it raises is
                that file's error.
            patience_s: seconds that a part of it that is not read yet may keep the model waiting;
                None for no limit.

        Raises:
            AudioError: the audio cannot be used; of a long recording this may come out while it is
                transcribed.
        """
        skip_silence = (settings or TranscriptionSettings()).skip_silence
        rate = self.checkpoint.sample_rate_hz
        return prepare_audio(
            audio, rate, skip_silence=skip_silence, check=check, patience_s=patience_s
        )

    def transcribe_prepared_many(
        self,
        inputs: Iterable[tuple[K, PreparedAudio, TranscriptionSettings]],
        stop: threading.Event | None = None,
        on_window: Callable[[Window], None] = lambda window: None,
    ) -> Iterator[tuple[K, Outcome[TranscriptionResult]]]:
        """Transcribe prepared recordings, whose windows share batches of ``batch_size``.

        In mode "transcribe", too, where one window of each is on its way at a time. Inputs are
        taken when the recordings at work fill no batch, on a card no two; of each the times are
        its share of those of the batches, by windows, and the peak of memory is that of the run.

        What is heard in a recording does not depend on the others, but for the rounding of sums
        in a batch of another size: its tokens and times are the same, unless two tokens are as
        likely as makes no difference.

        Args:
            inputs: a key that can be hashed, the recording, and its settings, which may differ in
                ``language`` alone: a recording whose others are not those of the first fails.
            stop: once it is set no more inputs are taken; of the recordings at work the oldest is
                finished, and others that need one or two windows more. The rest is dropped.
            on_window: called with each window when it has been heard.

        Yields:
            The key and the outcome of each recording, as it is done.
        """
        given = (PreparedInput(key, Outcome(audio), settings) for key, audio, settings in inputs)
        first = next(given, None)
        if first is not None:
            self.device.reset_peak_memory()
            yield from self._run(
                chain([first], given), first.settings, stop=stop, on_progress=on_window
            )

    def _prepared(
        self,
        audio: Iterable[AnyAudio],
        settings: TranscriptionSettings,
        ahead: int,
    ) -> Generator[PreparedInput[int]]:
        """Yield recordings with their numbers, each prepared after ``ahead`` more were begun."""
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audio")
        begun = (
            (number, worker.submit(outcome_of, partial(self.prepare, each, settings)))
            for number, each in enumerate(audio)
        )
        try:
            for number, pending in lookahead(begun, ahead):
                yield PreparedInput(number, pending.result(), settings)
        finally:
            worker.shutdown(cancel_futures=True)

    def _run(
        self, inputs: Iterable[PreparedInput[K]], settings: TranscriptionSettings, **options: Any
    ) -> Generator[tuple[K, Outcome[TranscriptionResult]]]:
        """Take recordings through the model; the options are those of :class:`ManyFiles`."""
        from speech_toolkit.transcription.long_form.many_files import ManyFiles

        run = ManyFiles[K](self.decoder, settings, **options)
        for key, file in run.run(inputs):
            yield key, outcome_of(partial(self._result, file))

    def _result(self, file: Outcome[OpenFile[Any]]) -> TranscriptionResult:
        return file_result(file.unwrap(), self.decoder, self.model_path, self.model_load_s)
