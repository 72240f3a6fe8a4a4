"""Files through a model, as many open at once as it takes to fill its batches.

Each file that is open asks for its next windows; those of the oldest files go first.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.transcription.decoded import DecodedBatch
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.long_form.listening import Listener
from speech_toolkit.transcription.long_form.one_file import LongForm, WindowRequest
from speech_toolkit.transcription.long_form.open_file import OpenFile
from speech_toolkit.transcription.prepared import PreparedInput
from speech_toolkit.transcription.request import check_settings
from speech_toolkit.transcription.settings import TranscriptionSettings
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
        on_batch: called with windows when they have been written.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        settings: TranscriptionSettings,
        *,
        stop: threading.Event | None = None,
        has_room: Callable[[], bool] = lambda: True,
        on_progress: Callable[[Window], None] = lambda window: None,
        on_batch: Callable[[DecodedBatch], None] | None = None,
    ) -> None:
        device = decoder.device
        self._decoder = decoder
        self._settings = settings
        self._stop = stop or threading.Event()
        self._has_room = has_room
        self._on_progress = on_progress
        ahead = device.is_card and not decoder.clock.exact
        self._features = FeatureMaker(decoder.extractor, ahead=ahead)
        batch_size = settings.batch_size or device.default_batch_size
        self._listener = Listener(decoder, settings, batch_size, on_batch, self._spend)
        self._files: dict[LongForm, OpenFile[K]] = {}
        self._waited_s = 0.0
        self._unopened: list[tuple[K, Outcome[OpenFile[K]]]] = []

    def run(self, inputs: Iterable[PreparedInput[K]]) -> Iterator[tuple[K, Outcome[OpenFile[K]]]]:
        """Yield the files as they are through, or why they failed.

        Args:
            inputs: taken one by one, each when the windows of those before it fill no batch.
        """
        self._decoder.clock.take()
        self._source = iter(inputs)
        with self._features:
            try:
                for heard in self._listener.hear(self._take):
                    for request, outcome in heard:
                        if file := self._files.get(request.long_form):
                            file.hear(request, outcome)
                            file.fit(self._listener.batch_size)
                    yield from self._done()
            finally:
                self._close(self._files.values())

    def _take(self, most: int) -> list[WindowRequest] | None:
        """Return windows that wait to be heard; open files until there are enough."""
        if self._stop.is_set():
            self._wind_up()
        taken: list[WindowRequest] = []
        while True:
            for file in self._files.values():
                taken += file.ask(most - len(taken))
            if len(taken) == most and self._plan_ahead():
                return taken
            if self._unopened or not self._has_room() or not self._open_next():
                self._plan_ahead()
                return taken or ([] if self._files or self._unopened else None)

    def _plan_ahead(self) -> bool:
        """Begin with features for the batch that follows; tell whether they fill it.

        All open files share in it: ahead of each of them lies the less the more there are.
        """
        if not self._features.ahead:
            return True
        wanted, count = self._listener.batch_size, len(self._files)
        return wanted <= sum(file.plan(-(-wanted // count)) for file in self._files.values())

    def _open_next(self) -> bool:
        """Open the next file; tell whether there was one."""
        started = time.perf_counter()
        taken = next(self._source, None)
        self._waited_s += time.perf_counter() - started
        if taken is None:
            return False
        opened = outcome_of(partial(self._open, taken))
        if opened.result is None:
            self._unopened.append((taken.key, opened))
        else:
            self._files[opened.result.long_form] = opened.result
        return True

    def _open(self, taken: PreparedInput[K]) -> OpenFile[K]:
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
        batch_size = self._listener.batch_size
        planner = audio.planner(settings.chunk_length_s, batch_size)
        long_form = LongForm(
            self._decoder, self._features, settings, planner, batch_size, self._on_progress
        )
        return OpenFile(taken.key, audio, settings, long_form)

    def _done(self) -> Iterator[tuple[K, Outcome[OpenFile[K]]]]:
        """Yield the files that are through, or failed; they are open no more."""
        unopened, self._unopened = self._unopened, []
        yield from unopened
        for file in self._close(file for file in self._files.values() if file.finish()):
            yield file.key, Outcome(error=file.error) if file.error else Outcome(file)

    def _wind_up(self) -> None:
        """Take no more files; drop those that have not begun and those that need long.

        Of the latter the oldest one is kept.
        """
        self._source = iter(())
        begun = [file for file in self._files.values() if file.has_begun]
        kept = [file for file in begun if file is begun[0] or file.needs_little]
        self._close(set(self._files.values()).difference(kept))

    def _close(self, files: Iterable[OpenFile[K]]) -> list[OpenFile[K]]:
        """Read no further in some files, and hear no more of them; they are open no more."""
        closed = list(files)
        for file in closed:
            file.long_form.give_up()
            file.audio.close()
            del self._files[file.long_form]
        return closed

    def _spend(
        self, seconds: float, stage_times_s: Mapping[str, float], requests: Sequence[WindowRequest]
    ) -> None:
        """Share time among files, by windows; that of waiting for other files is not theirs."""
        seconds, self._waited_s = seconds - self._waited_s, 0.0
        for long_form, count in Counter(request.long_form for request in requests).items():
            if file := self._files.get(long_form):
                share = count / len(requests)
                file.spend(seconds * share, {k: s * share for k, s in stage_times_s.items()})
