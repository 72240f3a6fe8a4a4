"""Files one after the other, as many open at once as it takes to fill the model's batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.transcription.decoded import DecodedBatch
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.listening import Listener
from speech_toolkit.transcription.long_form import LongForm
from speech_toolkit.transcription.prepared import PreparedInput
from speech_toolkit.transcription.request import check_settings
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.shared_batches import OpenFile, SharedBatches
from speech_toolkit.transcription.windows.features import FeatureMaker
from speech_toolkit.transcription.windows.window import Window

K = TypeVar("K", bound=Hashable)


class ManyFiles(Generic[K]):
    """One run of files through a model.

    Args:
        decoder: the model.
        settings: of every file, save for the language.
        stop: ends the run early once it is set.
        has_room: whether a file may be opened beside those that are open.
        on_progress: called with each window when it has been heard.
        on_batch: called with each batch of windows when it has been decoded.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        settings: TranscriptionSettings,
        *,
        stop: threading.Event | None = None,
        has_room: Callable[[], bool] = lambda: True,
        on_progress: Callable[[Window], None] = lambda window: None,
        on_batch: Callable[[DecodedBatch], None] = lambda batch: None,
    ) -> None:
        device, clock = decoder.device, decoder.clock
        self._decoder = decoder
        self._settings = settings
        self._stop = stop or threading.Event()
        self._has_room = has_room
        self._on_progress = on_progress
        self._features_ahead = device.is_card and not clock.exact
        self._shared = SharedBatches[K](
            device,
            clock,
            Listener(decoder, settings, on_batch).hear,
            settings.batch_size or device.default_batch_size,
            ahead=self._features_ahead,
        )

    def run(self, inputs: Iterable[PreparedInput[K]]) -> Iterator[tuple[K, Outcome[OpenFile[K]]]]:
        """Yield the files as they are through, or why they failed.

        Args:
            inputs: taken one by one, each when the windows of those before it fill no batch.
        """
        self._decoder.clock.take()
        source, shared = iter(inputs), self._shared
        with FeatureMaker(self._decoder.extractor, ahead=self._features_ahead) as features, shared:
            while True:
                if self._stop.is_set():
                    source = iter(())
                    shared.wind_up()
                taken = next(source, None) if shared.want_files and self._has_room() else None
                if taken is not None:
                    opened = outcome_of(partial(self._open, taken, features))
                    if opened.result is None:
                        yield taken.key, opened
                    else:
                        shared.files.append(opened.result)
                elif shared.files:
                    shared.run()
                else:
                    return
                for file in shared.take_done():
                    yield file.key, Outcome(error=file.error) if file.error else Outcome(file)

    def _open(self, taken: PreparedInput[K], features: FeatureMaker) -> OpenFile[K]:
        """Begin with a file.

        Raises:
            Exception: what its audio failed with.
            UsageError: the model lacks what the settings ask for.
            ValueError: they are not those of the run.
        """
        settings, audio = taken.settings, taken.audio.unwrap()
        if replace(settings, language=None) != replace(self._settings, language=None):
            raise ValueError("files of one run may differ in the language alone")
        check_settings(self._decoder.checkpoint, settings)
        batch_size = self._shared.batch_size
        planner = audio.planner(
            settings.chunk_length_s, batch_size if settings.mode == "chunked" else 1
        )
        long_form = LongForm(self._decoder, features, settings, planner, self._on_progress)
        return OpenFile(taken.key, audio, settings, long_form, batch_size)
