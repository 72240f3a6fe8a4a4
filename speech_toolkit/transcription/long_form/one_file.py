"""One file of any length, window by window: in order with the text before as prompt, or in any.

It asks for windows and is told what was heard in them; who hears them, and beside which windows of
other files, is not its concern.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from speech_toolkit.checkpoint.not_finite import redone_warning
from speech_toolkit.transcription.decoded import (
    DecodedWindow,
    EncodedWindows,
    TranscribedWindow,
    WindowWord,
)
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.long_form.prompts import Prompts
from speech_toolkit.transcription.long_form.retakes import Retakes
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.text.segments import resume_s, split_segments, whole_segment
from speech_toolkit.transcription.windows.features import FeatureMaker, PendingWindow
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.window import Window

_MISSED_S = 5.0  # of a window behind the last segment
_MISSED_SPEECH_S = 1.0  # of them at least


@dataclass(eq=False)
class PlannedWindow:
    """A window that will be asked for, unless the one before it is taken up again.

    Attributes:
        window: which of the file's audio.
        features: waits for the window to be prepared for them; None once it is encoded.
        encoded: the batch in which it was encoded, and its row there; None before that, and when
            it has been heard.
        in_float32: whether it was encoded so, because the model's own dtype overflowed.
    """

    window: Window
    features: PendingWindow | None
    encoded: tuple[EncodedWindows, int] | None = None
    in_float32: bool = False

    def keep(self, encoded: EncodedWindows, row: int) -> None:
        """Keep what the encoder made of it, in place of its features."""
        self.features, self.encoded = None, (encoded, row)
        self.in_float32 = row in encoded.redone


@dataclass(eq=False)
class WindowRequest:
    """A window that a file wants heard.

    Attributes:
        long_form: of the file.
        planned: which window.
        history: tokens that stand before the start of the transcript.
        is_void: whether nobody waits for it any more.
    """

    long_form: LongForm
    planned: PlannedWindow
    history: tuple[int, ...]
    is_void: bool = False

    @property
    def window(self) -> Window:
        """Which of the file's audio."""
        return self.planned.window


@dataclass(frozen=True)
class Heard:
    """What the model made of a window.

    Attributes:
        decoded: what it wrote.
        words: with times in the window, where those were asked for.
    """

    decoded: DecodedWindow
    words: tuple[WindowWord, ...] = ()


class LongForm:
    """Leads one file's windows to a decoder, and keeps what comes back.

    Attributes:
        language: code; None until it has been detected, or for a model without languages.
        task: "transcribe" or "translate".
        language_probability: None where the language was given.
        conditions: whether in mode "transcribe" the text before a window prompts it.
        batch_size: windows that may run together; None where each is prompted with the text before
            it.
        warnings: what the user should know.
        found: the windows so far, in order.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        features: FeatureMaker,
        settings: TranscriptionSettings,
        planner: WindowPlanner,
        batch_size: int,
        on_progress: Callable[[Window], None] = lambda window: None,
    ) -> None:
        """Begin with a file.

        Args:
            decoder: that will hear it.
            features: makes those of its windows.
            settings: how it is transcribed.
            planner: where the windows lie, and what they hold.
            batch_size: the most windows that run together.
            on_progress: called with each window when it has been heard.
        """
        self.language_probability: float | None = None
        self.warnings: list[str] = []
        self.found: list[TranscribedWindow] = []
        wanted = settings.condition_on_previous_text
        self.conditions = decoder.checkpoint.suits_previous_text if wanted is None else wanted
        self._decoder = decoder
        self._checkpoint = decoder.checkpoint
        self._features = features
        self._settings = settings
        self._planner = planner
        self._on_progress = on_progress
        self._prompts = Prompts(decoder, settings.prompt, self.conditions)
        self._redone: list[float] = []
        self._in_order = settings.mode == "transcribe"
        self.batch_size = None if self._in_order and self.conditions else batch_size
        self._retakes = Retakes(planner, self._checkpoint.sample_rate_hz)
        self._history = self._prompts.first()
        self._next_start: int | None = 0  # sample from which is planned; None where all is
        self._next_index = 0
        self._planned: deque[PlannedWindow] = deque()
        self._rests: deque[WindowRequest] = deque()
        self._under_way: deque[WindowRequest] = deque()
        self._heard: dict[WindowRequest, Heard] = {}
        self.language = self._known_language()
        self.task = settings.task or decoder.checkpoint.default_task

    def _known_language(self) -> str | None:
        """Return the language that needs no detecting."""
        if self._settings.language:
            return self._checkpoint.language_code(self._settings.language)
        return self._checkpoint.default_language

    @property
    def is_through(self) -> bool:
        """Whether no window is left to be heard."""
        return not self._under_way and not self._has_next()

    @property
    def ahead(self) -> Sequence[PlannedWindow]:
        """Windows that will probably be asked for next."""
        return self._planned

    def ask(self, most: int) -> list[WindowRequest]:
        """Return windows that may be heard now, at most so many.

        In order, a window that is cut is the last of them until it has been heard: it is likely
        that it will be taken up again, and where the next one begins is not known before.

        Raises:
            AudioError: the file cannot be read any further.
        """
        asked = [self._rests.popleft() for _ in range(min(most, len(self._rests)))]
        while len(asked) < most and self._may_ask() and self._has_next():
            request = WindowRequest(self, self._planned.popleft(), self._history)
            self._under_way.append(request)
            asked.append(request)
        return asked

    def plan(self, count: int) -> int:
        """Plan windows ahead and begin with their features; return how many wait to be asked for.

        Raises:
            AudioError: the file cannot be read any further.
        """
        while len(self._planned) < count and self._next_start is not None:
            window = self._planner.next(self._next_start, self._next_index)
            self._next_start = window and window.end_sample
            if window:
                self._next_index += 1
                self._planned.append(self._begin(window))
        return len(self._planned)

    def _begin(self, window: Window) -> PlannedWindow:
        return PlannedWindow(window, self._features.begin(self._planner.samples(window)))

    def hear(self, request: WindowRequest, heard: Heard) -> None:
        """Take what was heard in a window; they may come in any order.

        One that is early may wait for long: it keeps no batch of the encoder alive.
        """
        request.planned.encoded = None
        self._heard[request] = heard
        while self._under_way and self._under_way[0] in self._heard:
            first = self._under_way.popleft()
            self._take(first.planned, self._heard.pop(first))

    def give_up(self) -> None:
        """Let nobody hear any more windows."""
        self._void()
        self._next_start = None

    def _may_ask(self) -> bool:
        if not self._in_order or not self._under_way:
            return True
        return len(self._under_way) < (self.batch_size or 1) and not self._under_way[-1].window.cut

    def _has_next(self) -> bool:
        return self.plan(1) > 0

    def _take(self, planned: PlannedWindow, heard: Heard) -> None:
        """Judge a window; those before it have been judged."""
        if planned.in_float32 or heard.decoded.in_float32:
            self._redone.append(planned.window.start_s)
        window = planned.window
        found = _stopping_short(self._judge(window, heard), self._planner)
        rest_s = found.stops_short_s if self._settings.hear_rests else None
        if rest_s and self._retakes.allow(window, rest_s):
            found = replace(found, used_s=rest_s, stops_short_s=None)
        self.found.append(found)
        if self._in_order:
            self._history = self._prompts.after(self._history, found)
        if found.used_s < found.window_s:
            self._retakes.note(window, found.used_s)
            self._take_up_again(found)
        self._planner.release(_next_sample(found))

    def _take_up_again(self, found: TranscribedWindow) -> None:
        """Let the rest of a window be heard: in order in the one that follows, else by itself."""
        window = found.window
        if self._in_order:
            self._void()
            self._next_start, self._next_index = _next_sample(found), window.index + 1
        else:
            rest = self._begin(window.rest(found.used_s, self._next_index))
            self._next_index += 1
            request = WindowRequest(self, rest, self._history)
            self._under_way.appendleft(request)
            self._rests.append(request)

    def _void(self) -> None:
        """Forget what was asked for and planned: it is not what comes next."""
        for request in self._under_way:
            request.is_void = True
        for queue in (self._rests, self._under_way, self._heard, self._planned):
            queue.clear()

    @property
    def speech_left_s(self) -> float:
        """Seconds of speech behind the windows that have been heard."""
        heard_samples = _next_sample(self.found[-1]) if self.found else 0
        return self._planner.speech_left_s(heard_samples)

    def prompt(self, history: Sequence[int]) -> tuple[int, ...]:
        """Return what the decoder is given before it writes; the language must be known by now."""
        with_times = self._settings.timestamps != "none"
        return (*history, *self._checkpoint.sot_sequence(self.language, self.task, with_times))

    def overflow_warnings(self) -> list[str]:
        """Return which windows overflowed, in the encoder or in the decoder."""
        if not self._redone:
            return []
        return [redone_warning(self._decoder.dtype, self._redone, len(self.found))]

    def _judge(self, window: Window, heard: Heard) -> TranscribedWindow:
        """Split a window into segments, unless it holds no speech.

        The last of one that is cut is left away where it may be taken up again.
        """
        self._on_progress(window)
        decoded, words = heard.decoded, heard.words
        window_s = window.num_samples / self._checkpoint.sample_rate_hz
        if self._is_silent(decoded):
            return TranscribedWindow(window, decoded, (), (), window_s, silent=True)
        split = whole_segment if self._settings.timestamps == "none" else split_segments
        segments = split(decoded.tokens, self._checkpoint, window_s)
        used_s = window_s
        resumed_s = resume_s(segments) if window.cut and self._in_order else None
        if resumed_s is not None and self._retakes.allow(window, resumed_s):
            segments, used_s = segments[:-1], resumed_s
            words = tuple(word for word in words if word.first < segments[-1].last)
        cut_off_s = None
        if not decoded.finished and used_s == window_s:
            complete_s = max((s.end_s for s in segments if s.closed), default=0.0)
            cut_off_s = complete_s if complete_s < window_s else None
        return TranscribedWindow(
            window, decoded, segments, words, used_s, silent=False, cut_off_s=cut_off_s
        )

    def _is_silent(self, decoded: DecodedWindow) -> bool:
        settings = self._settings
        if settings.no_speech_threshold is None or decoded.no_speech_prob is None:
            return False
        unsure = (
            settings.logprob_threshold is None or decoded.avg_logprob < settings.logprob_threshold
        )
        return unsure and decoded.no_speech_prob > settings.no_speech_threshold


def _stopping_short(found: TranscribedWindow, planner: WindowPlanner) -> TranscribedWindow:
    """Note the second where the text of a window stops, if that is long before its speech does.

    Where the model opened another segment and wrote nothing in it, any speech there is missed.
    """
    window, segments = found.window, found.segments
    is_complete = not segments or not segments[-1].closed or found.used_s < found.window_s
    if is_complete or found.cut_off_s is not None:
        return found
    end_s = segments[-1].end_s
    is_opened = segments[-1].last + 1 < len(found.decoded.tokens)  # behind the end, another start
    if found.window_s - end_s <= _MISSED_S and not is_opened:
        return found
    missed_s = planner.speech_s(window.to_file_sample(end_s), window.end_sample)
    return replace(found, stops_short_s=end_s) if missed_s >= _MISSED_SPEECH_S else found


def _next_sample(found: TranscribedWindow) -> int:
    """Return the sample of the file from which the next window is planned."""
    if found.used_s >= found.window_s:
        return found.window.end_sample
    return found.window.to_file_sample(found.used_s)
