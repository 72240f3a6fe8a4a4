"""A file whose windows are being heard."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Generic, TypeVar

from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.transcription.long_form.one_file import Heard, LongForm, WindowRequest
from speech_toolkit.transcription.prepared import PreparedAudio
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.stage_clock import add_up

K = TypeVar("K")
_FEW_WINDOWS = 2  # that a file may still need where the run is to end soon


class OpenFile(Generic[K]):
    """A file whose windows are being heard.

    Attributes:
        key: by which its owner knows it.
        audio: see there.
        settings: how it is transcribed.
        long_form: its course.
        has_begun: whether a window has been heard.
        error: why it failed; None as long as it has not.
        stage_times_s: seconds per stage of the model, of what was done for several files its
            share.
        transcribe_s: seconds that it took of the run, likewise: what is read while the windows
            before it are heard costs those for which they wait for it.
    """

    def __init__(
        self,
        key: K,
        audio: PreparedAudio,
        settings: TranscriptionSettings,
        long_form: LongForm,
    ) -> None:
        self.key = key
        self.audio = audio
        self.settings = settings
        self.long_form = long_form
        self.has_begun = False
        self.error: Exception | None = None
        self.stage_times_s: dict[str, float] = {}
        self.transcribe_s = audio.find_speech_s  # in what was read of it before

    def finish(self) -> bool:
        """Tell whether it is over; it fails here where what is left of it cannot be read."""
        if self.error:
            return True
        is_through = outcome_of(lambda: self.long_form.is_through)
        self.error = is_through.error
        return bool(is_through.result or is_through.error)

    @property
    def needs_little(self) -> bool:
        """Whether some windows more will do."""
        return self.long_form.speech_left_s <= _FEW_WINDOWS * self.settings.chunk_length_s

    def plan(self, count: int) -> int:
        """Begin with features of windows to come; return how many there are, at most so many."""
        planned = outcome_of(partial(self.long_form.plan, count))
        self.error = self.error or planned.error
        return planned.result or 0

    def ask(self, most: int) -> list[WindowRequest]:
        """Return windows that may be heard now, at most so many; none where it failed."""
        if self.error:
            return []
        asked = outcome_of(partial(self.long_form.ask, most))
        self.error = asked.error
        return asked.result or []

    def hear(self, request: WindowRequest, outcome: Outcome[Heard]) -> None:
        """Take what became of one of its windows, unless nobody waits for that any more."""
        self.has_begun = True
        if request.is_void or self.error:
            return
        self.error = outcome.error
        if outcome.result is not None:
            self.long_form.hear(request, outcome.result)

    def fit(self, batch_size: int) -> None:
        """Let no more windows of it run together than there is memory for."""
        if self.long_form.batch_size:
            self.long_form.batch_size = batch_size

    def spend(self, seconds: float, stage_times_s: Mapping[str, float]) -> None:
        """Add its share of the time that something took."""
        self.transcribe_s += seconds
        add_up(self.stage_times_s, stage_times_s)
