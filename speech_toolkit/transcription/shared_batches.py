"""Windows of several files in one batch, so that short files keep a device as busy as long ones.

Each file that is open asks for its next windows; those of the oldest files go first. What a file
yields is its own: the others decide on nothing but the rounding of the sums in a shared batch. What
fails with a batch is tried window by window, so that it costs only the file that is to blame.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from speech_toolkit.device import Device
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.transcription.long_form import Course, Heard, LongForm, WindowRequest
from speech_toolkit.transcription.prepared import PreparedAudio
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.stage_clock import StageClock

K = TypeVar("K")
_FEW_WINDOWS = 2  # that a file may still need where the run is to end soon


class OpenFile(Generic[K]):
    """A file whose windows are being heard.

    Attributes:
        key: by which its owner knows it.
        audio: see there.
        settings: how it is transcribed.
        long_form: its course.
        waiting: windows that it wants heard.
        has_begun: whether one has been heard.
        error: why it failed; None as long as it has not.
        stage_times_s: seconds per stage of the model, of a batch its share of the windows.
        transcribe_s: seconds that it took of the run, likewise: what is read while the windows
            before it are heard costs those for which they wait for it.
    """

    def __init__(
        self,
        key: K,
        audio: PreparedAudio,
        settings: TranscriptionSettings,
        long_form: LongForm,
        batch_size: int,
    ) -> None:
        self.key = key
        self.audio = audio
        self.settings = settings
        self.long_form = long_form
        self.waiting: deque[WindowRequest] = deque()
        self.has_begun = False
        self.error: Exception | None = None
        self.stage_times_s: dict[str, float] = {}
        self.transcribe_s = audio.find_speech_s  # in what was read of it before
        self._asked = 0
        self._heard: list[Heard] = []
        self._course = long_form.course(batch_size)
        started = time.perf_counter()
        self._ask(None)
        self.transcribe_s += time.perf_counter() - started

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left to hear, or it failed."""
        return self.error is not None or not self._asked

    @property
    def needs_little(self) -> bool:
        """Whether some windows more will do."""
        return self.long_form.speech_left_s <= _FEW_WINDOWS * self.settings.chunk_length_s

    def hear(self, outcome: Outcome[Heard]) -> None:
        """Take what became of the next of its windows."""
        self.has_begun = True
        if self.error or outcome.result is None:
            self.error = self.error or outcome.error
            self.waiting.clear()
            return
        self._heard.append(outcome.result)
        if len(self._heard) == self._asked:
            heard, self._heard = self._heard, []
            self._ask(heard)

    def spend(self, seconds: float, stage_times_s: Mapping[str, float]) -> None:
        """Add its share of the time that a batch took."""
        self.transcribe_s += seconds
        for stage, stage_s in stage_times_s.items():
            self.stage_times_s[stage] = self.stage_times_s.get(stage, 0.0) + stage_s

    def _ask(self, heard: Sequence[Heard] | None) -> None:
        asked = outcome_of(partial(_resumed, self._course, heard))
        self.error = asked.error
        self.waiting.extend(asked.result or ())
        self._asked = len(self.waiting)


class SharedBatches(Generic[K]):
    """The open files, and the batches of their windows; out of memory halves these for good.

    Args:
        device: where they are heard.
        clock: seconds per stage there.
        hear: hears a batch.
        batch_size: the most windows in one.
        ahead: whether features are begun before their batch, so that files are opened for two.

    Attributes:
        files: open, in the order in which they were opened.
    """

    def __init__(
        self,
        device: Device,
        clock: StageClock,
        hear: Callable[[Sequence[WindowRequest]], list[Heard]],
        batch_size: int,
        *,
        ahead: bool,
    ) -> None:
        self.files: list[OpenFile[K]] = []
        self._device = device
        self._clock = clock
        self._hear = hear
        self._batches_ahead = 2 if ahead else 1
        self._in_batch: list[OpenFile[K]] = []
        self._batches = HalvingBatches(
            device, batch_size, "use --dtype float16, or free the device", self._warn
        )

    @property
    def batch_size(self) -> int:
        """The most windows in a batch from now on."""
        return self._batches.size

    @property
    def want_files(self) -> bool:
        """Whether the windows that wait do not fill the next batches."""
        waiting = sum(len(file.waiting) for file in self.files)
        return waiting < self._batches_ahead * self.batch_size

    def run(self) -> None:
        """Hear one batch of the windows that wait."""
        started = time.perf_counter()
        asked = [(file, request) for file in self.files for request in file.waiting][
            : self.batch_size
        ]
        self._in_batch = [file for file, _ in asked]
        for file in self._in_batch:
            file.waiting.popleft()
        requests = [request for _, request in asked]
        outcomes = self._outcomes(requests)
        for file, outcome in zip(self._in_batch, outcomes, strict=True):
            file.hear(outcome)
            if file.long_form.batch_size is not None:
                file.long_form.batch_size = self.batch_size
        self._share_times(time.perf_counter() - started, requests)

    def take_done(self) -> list[OpenFile[K]]:
        """Return the files that are through, or failed; they are open no more."""
        done = [file for file in self.files if file.is_done]
        self._keep([file for file in self.files if not file.is_done])
        return done

    def wind_up(self) -> None:
        """Drop the files that have not begun, and those that need long beside the oldest one."""
        begun = [file for file in self.files if file.has_begun]
        self._keep([file for file in begun if file is begun[0] or file.needs_little])

    def __enter__(self) -> SharedBatches[K]:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop reading what is left."""
        self._keep([])

    def _keep(self, files: list[OpenFile[K]]) -> None:
        for file in self.files:
            if file not in files:
                file.audio.close()
        self.files = files

    def _outcomes(self, requests: Sequence[WindowRequest]) -> list[Outcome[Heard]]:
        """Hear windows together; where that fails and they are of several files, one by one."""
        outcome = outcome_of(partial(self._batches.run, self._hear, requests))
        if outcome.error is None:
            return [Outcome(heard) for heard in outcome.result or ()]
        if len({request.long_form for request in requests}) == 1:
            return [Outcome(error=outcome.error)] * len(requests)
        self._device.empty_cache()
        return [each for request in requests for each in self._outcomes([request])]

    def _share_times(self, seconds: float, requests: Sequence[WindowRequest]) -> None:
        stage_times_s = self._clock.take()
        for file, request in zip(self._in_batch, requests, strict=True):
            shared_s = {stage: s / len(requests) for stage, s in stage_times_s.items()}
            own_s = 0.0 if file.error else request.features().seconds
            features_s = own_s + shared_s.get("features", 0.0)
            file.spend(seconds / len(requests), shared_s | {"features": features_s})

    def _warn(self, warning: str) -> None:
        for long_form in {file.long_form for file in self._in_batch}:
            long_form.warnings.append(warning)


def _resumed(course: Course, heard: Sequence[Heard] | None) -> list[WindowRequest]:
    """Return what a file asks for next, nothing where it is through."""
    try:
        return course.send(heard)  # None begins it
    except StopIteration:
        return []
