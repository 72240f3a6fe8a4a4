"""What a loaded model does with items of a corpus, stage by stage.

One who runs a single file reads its warnings; nobody reads those of thousands. So a recording that
is cut short fails here, and with a text to align so does one that is silent, instead of having
times that mean nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings, prepare_input
from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.stream import RecordingFacts
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.corpus.item import Item
from speech_toolkit.device.host import own_threads, use_threads
from speech_toolkit.errors import SilentAudioError, TranscriptError, TruncatedAudioError
from speech_toolkit.outcomes import Outcome
from speech_toolkit.progress import Bar, HiddenBar, LoggedProgress
from speech_toolkit.transcription.settings import TranscriptionSettings

if TYPE_CHECKING:
    from speech_toolkit.alignment.aligner import Aligner
    from speech_toolkit.alignment.emissions import Emissions
    from speech_toolkit.transcription.prepared import PreparedAudio
    from speech_toolkit.transcription.transcriber import Transcriber

Document = dict[str, Any]
Finish = Callable[[], Document]
R = TypeVar("R")
# Several small windows at once keep the cores of a CPU busier than all cores at one of them.
_MOST_STREAMS = 4


def _unwatched() -> None:
    """Tell nobody."""


class _Watch(LoggedProgress):
    """Progress of recordings, of which somebody wants to know that there is some.

    Args:
        on_windows: called when windows of one are done.
    """

    def __init__(self, on_windows: Callable[[], None]) -> None:
        self._on_windows = on_windows

    def progress_bar(self, **description: Any) -> AbstractContextManager[Bar]:
        """Return what looks like a bar."""
        return nullcontext(_WatchBar(self._on_windows))


class _WatchBar(HiddenBar):
    def __init__(self, on_windows: Callable[[], None]) -> None:
        super().__init__()
        self._on_windows = on_windows

    def update(self, n: float = 1) -> None:
        """Take it that windows are done."""
        self._on_windows()


class CorpusModel(Protocol[R]):
    """A loaded model, and the work around it.

    Attributes:
        device_label: where it runs.
        streams: how many threads may call :meth:`hear` at once, each with inputs of its own.
    """

    device_label: str
    streams: int

    def read(self, item: Item, limit_s: float | None = None) -> R:
        """Return what the device needs of an item; safe in several threads at once.

        What it returns has ``audio_s``, its seconds of audio.

        Args:
            item: to be read.
            limit_s: seconds that what is read later may keep the device waiting; None for no limit.

        Raises:
            ToolkitError: its audio or its text cannot be used.
        """

    def hear(
        self,
        inputs: Iterable[tuple[Item, R]],
        stop: threading.Event,
        on_windows: Callable[[], None] = _unwatched,
    ) -> Iterator[tuple[Item, Outcome[Finish]]]:
        """Run the model over items, and yield each with what makes its document of what was heard.

        That may be called in another thread.

        Args:
            inputs: what :meth:`read` returned, pulled a bounded number ahead.
            stop: once it is set, what the device has not begun with is dropped.
            on_windows: called when the device is through with some windows, of whatever items.
        """


@dataclass(frozen=True)
class ReadAlignment:
    """An item to align, read.

    Attributes:
        prepared: audio and transcript.
        settings: of this item.
    """

    prepared: AlignmentInput
    settings: AlignmentSettings

    @property
    def audio_s(self) -> float:
        """Seconds of audio."""
        return self.prepared.waveform.duration_s


class AlignmentModel:
    """An aligner at work on a corpus; see :class:`CorpusModel`.

    Args:
        aligner: loaded.
        settings: how to align; an item's own language goes before theirs.
        part: of each recording; an item's own times go before its.
    """

    def __init__(
        self, aligner: Aligner, settings: AlignmentSettings, part: AudioPart = WHOLE
    ) -> None:
        self.device_label = aligner.device.label
        self._threads = own_threads()
        self.streams = 1
        if not aligner.device.is_card:
            self.streams = min(_MOST_STREAMS, self._threads)
            self._threads //= self.streams
        self._aligner = aligner
        self._settings = settings
        self._part = part

    def read(self, item: Item, limit_s: float | None = None) -> ReadAlignment:
        """Decode an item's audio and take its text apart."""
        if item.text is None:
            raise TranscriptError(f"{item.place or item.id}: has no text to align; give its text")
        own = replace(self._settings, language=item.language or self._settings.language)
        checkpoint = self._aligner.checkpoint
        waveform, load_s = _whole_recording(
            item, self._part, self._aligner.sample_rate_hz, checkpoint.geometry.fewest_samples
        )
        if not waveform.samples.any():
            raise SilentAudioError(
                f"{waveform.source}: every sample is zero, so that no text can be found in it; "
                "record or export it again"
            )
        prepared = prepare_input(waveform, item.transcript, checkpoint, own)
        return ReadAlignment(replace(prepared, audio_load_time=load_s), own)

    def hear(
        self,
        inputs: Iterable[tuple[Item, ReadAlignment]],
        stop: threading.Event,
        on_windows: Callable[[], None] = _unwatched,
    ) -> Iterator[tuple[Item, Outcome[Finish]]]:
        """Run the model, and yield what searches for the text in what it heard."""
        if self.streams > 1:
            use_threads(self._threads)
        begun: dict[Item, ReadAlignment] = {}

        def taken() -> Iterator[tuple[Item, AlignmentInput]]:
            for item, read in inputs:
                begun[item] = read
                yield item, read.prepared

        for item, heard in self._aligner.hear_many(
            taken(), self._settings, stop, _Watch(on_windows)
        ):
            document = partial(self._document, begun.pop(item), heard.result)
            yield item, Outcome(document, heard.error)

    def _document(self, read: ReadAlignment, emissions: Emissions) -> Document:
        return self._aligner.decode(read.prepared, emissions, read.settings).to_dict()


@dataclass(frozen=True)
class ReadTranscription:
    """An item to transcribe, read.

    Attributes:
        prepared: its audio, the first minutes of it read, and where in it somebody speaks.
        settings: of this item.
    """

    prepared: PreparedAudio
    settings: TranscriptionSettings

    @property
    def audio_s(self) -> float:
        """Seconds of audio, as its header has them or, where that lacks them, that were read."""
        return self.prepared.expected_s or self.prepared.duration_s


class TranscriptionModel:
    """A transcriber at work on a corpus; see :class:`CorpusModel`.

    Args:
        transcriber: loaded.
        settings: how to transcribe; an item's own language goes before theirs.
        part: of each recording; an item's own times go before its.
    """

    def __init__(
        self, transcriber: Transcriber, settings: TranscriptionSettings, part: AudioPart = WHOLE
    ) -> None:
        self.device_label = transcriber.device.label
        self.streams = 1  # a decoder keeps the state of its batch
        self._transcriber = transcriber
        self._settings = settings
        self._part = part

    def read(self, item: Item, limit_s: float | None = None) -> ReadTranscription:
        """Begin to decode an item's audio, and to find speech in it."""
        own = replace(self._settings, language=item.language or self._settings.language)
        source = AudioSource(item.audio_path, part=item.part(self._part))
        prepared = self._transcriber.prepare(source, own, _check_whole, limit_s)
        return ReadTranscription(prepared, own)

    def hear(
        self,
        inputs: Iterable[tuple[Item, ReadTranscription]],
        stop: threading.Event,
        on_windows: Callable[[], None] = _unwatched,
    ) -> Iterator[tuple[Item, Outcome[Finish]]]:
        """Run the model, and yield what gives its document."""
        heard = self._transcriber.transcribe_prepared_many(
            ((item, read.prepared, read.settings) for item, read in inputs),
            stop,
            on_window=lambda window: on_windows(),
        )
        for item, outcome in heard:
            result = outcome.result
            yield item, Outcome(result and result.to_dict, outcome.error)


def _whole_recording(
    item: Item, part: AudioPart, rate_hz: int, min_samples: int
) -> tuple[Waveform, float]:
    """Return an item's audio and the seconds that loading it took."""
    started = time.perf_counter()
    source = AudioSource(item.audio_path, part=item.part(part))
    waveform = load_audio(source, rate_hz, min_samples)
    _check_whole(waveform)
    return waveform, time.perf_counter() - started


def _check_whole(recording: Waveform | RecordingFacts) -> None:
    """Raise an error where a recording is cut short."""
    if recording.is_cut_short:
        raise TruncatedAudioError(
            f"{recording.warnings[0]}; in a corpus that is a failure: copy or download it again"
        )
