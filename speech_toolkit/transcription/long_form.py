"""One file of any length, window by window: in order with the text before as prompt, or in lots.

It asks for windows and is told what was heard in them; who hears them, and beside which windows of
other files, is not its concern.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from speech_toolkit.checkpoint.not_finite import redone_warning
from speech_toolkit.transcription.decoded import DecodedWindow, TranscribedWindow, WindowWord
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.prompts import Prompts
from speech_toolkit.transcription.retakes import Retakes
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.text.segments import resume_s, split_segments, whole_segment
from speech_toolkit.transcription.windows.features import FeatureMaker, PendingWindow, lookahead
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.window import Window

_MISSED_S = 5.0  # of a window behind the last segment
_MISSED_SPEECH_S = 1.0  # of them at least


@dataclass(frozen=True, eq=False)
class WindowRequest:
    """A window that a file wants heard.

    Attributes:
        long_form: of the file.
        window: which of its audio.
        features: waits for the window to be prepared for them.
        history: tokens that stand before the start of the transcript.
    """

    long_form: LongForm
    window: Window
    features: PendingWindow
    history: tuple[int, ...]


@dataclass(frozen=True)
class Heard:
    """What the model made of a window.

    Attributes:
        decoded: what it wrote.
        words: with times in the window, where those were asked for.
    """

    decoded: DecodedWindow
    words: tuple[WindowWord, ...] = ()


Course: TypeAlias = Generator[list[WindowRequest], Sequence[Heard], None]


class LongForm:
    """Leads one file's windows to a decoder, and keeps what comes back.

    Attributes:
        language: code; None until it has been detected, or for a model without languages.
        task: "transcribe" or "translate".
        language_probability: None where the language was given.
        conditions: whether in mode "transcribe" the text before a window prompts it.
        batch_size: windows that may run together in mode "chunked"; None in the other.
        warnings: what the user should know.
        found: the windows so far, in order.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        features: FeatureMaker,
        settings: TranscriptionSettings,
        planner: WindowPlanner,
        on_progress: Callable[[Window], None] = lambda window: None,
    ) -> None:
        """Begin with a file.

        Args:
            decoder: that will hear it.
            features: makes those of its windows.
            settings: how it is transcribed.
            planner: where the windows lie, and what they hold.
            on_progress: called with each window when it has been heard.
        """
        self.language_probability: float | None = None
        self.warnings: list[str] = []
        self.batch_size: int | None = None
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
        self._redone: set[float] = set()
        self.language = self._known_language()
        self.task = settings.task or decoder.checkpoint.default_task

    def _known_language(self) -> str | None:
        """Return the language that needs no detecting."""
        if self._settings.language:
            return self._checkpoint.language_code(self._settings.language)
        return self._checkpoint.default_language

    def course(self, batch_size: int) -> Course:
        """Ask for windows until the file is through; is sent what was heard in each.

        Args:
            batch_size: B, the most windows asked for at once; in mode "transcribe" it is one.
        """
        if self._settings.mode == "transcribe":
            return self._sequential()
        self.batch_size = batch_size
        return self._chunked(batch_size)

    def _sequential(self) -> Course:
        """Take the windows in order, each prompted with the text before it.

        A window whose end cuts through speech is taken up again where its last complete segment
        ends, and one whose text stops long before its speech does where that text ends.
        """
        history = self._prompts.first()
        start, index = 0, 0
        retakes = Retakes(self._planner, self._checkpoint.sample_rate_hz)
        while True:
            for window, features in self._begun(self._planner.windows(start, index), 1):
                (heard,) = yield [WindowRequest(self, window, features, history)]
                found = _stopping_short(self._judge(window, heard, retakes), self._planner)
                if found.stops_short_s and retakes.allow(window, found.stops_short_s):
                    found = replace(found, used_s=found.stops_short_s, stops_short_s=None)
                if found.used_s < found.window_s:
                    retakes.note(window, found.used_s)
                history = self._prompts.after(history, found)
                self.found.append(found)
                start, index = _next_sample(found), found.window.index + 1
                self._planner.release(start)
                if start < found.window.end_sample:
                    break
            else:
                return

    def _chunked(self, batch_size: int) -> Course:
        """Take the windows in lots, none prompted with the text before it."""
        history = self._prompts.first()
        begun = self._begun(self._planner.windows(), batch_size)
        while lot := list(islice(begun, batch_size)):
            self._planner.release(lot[-1][0].end_sample)
            heard = yield [WindowRequest(self, *each, history) for each in lot]
            self.found += [
                _stopping_short(self._judge(window, item), self._planner)
                for (window, _), item in zip(lot, heard, strict=True)
            ]

    @property
    def speech_left_s(self) -> float:
        """Seconds of speech behind the windows that have been heard."""
        heard_samples = _next_sample(self.found[-1]) if self.found else 0
        return self._planner.speech_left_s(heard_samples)

    def prompt(self, history: Sequence[int]) -> tuple[int, ...]:
        """Return what the decoder is given before it writes; the language must be known by now."""
        with_times = self._settings.timestamps != "none"
        return (*history, *self._checkpoint.sot_sequence(self.language, self.task, with_times))

    def note_overflow(self, window: Window) -> None:
        """Keep that a window was run again in float32."""
        self._redone.add(window.start_s)

    def overflow_warnings(self) -> list[str]:
        """Return which windows overflowed, in the encoder or in the decoder."""
        if not self._redone:
            return []
        return [redone_warning(self._decoder.dtype, sorted(self._redone), len(self.found))]

    def _begun(
        self, windows: Iterable[Window], depth: int
    ) -> Iterator[tuple[Window, PendingWindow]]:
        """Yield windows, prepared before those of ``depth`` more are asked for."""
        begun = (
            (window, self._features.begin(self._planner.samples(window))) for window in windows
        )
        return lookahead(begun, depth if self._features.ahead else 0)

    def _judge(
        self, window: Window, heard: Heard, retakes: Retakes | None = None
    ) -> TranscribedWindow:
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
        resumed_s = resume_s(segments) if window.cut and retakes else None
        if resumed_s is not None and retakes.allow(window, resumed_s):
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
    """Note the second where the text of a window stops, if that is long before its speech does."""
    window, segments = found.window, found.segments
    is_complete = not segments or not segments[-1].closed or found.used_s < found.window_s
    if is_complete or found.cut_off_s is not None:
        return found
    end_s = segments[-1].end_s
    if found.window_s - end_s <= _MISSED_S:
        return found
    missed_s = planner.speech_s(window.to_file_sample(end_s), window.end_sample)
    return replace(found, stops_short_s=end_s) if missed_s >= _MISSED_SPEECH_S else found


def _next_sample(found: TranscribedWindow) -> int:
    """Return the sample of the file from which the next window is planned."""
    if found.used_s >= found.window_s:
        return found.window.end_sample
    return found.window.to_file_sample(found.used_s)
