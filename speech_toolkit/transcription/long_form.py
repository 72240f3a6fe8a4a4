"""Audio of any length, window by window: in order with the text before as prompt, or in batches.

B windows in a batch, M mel bins, F mel frames of a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import inf, isfinite

import numpy as np
import torch

from speech_toolkit.checkpoint.not_finite import redone_warning, refuse_output
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.transcription.decoded import (
    DecodedBatch,
    DecodedWindow,
    TranscribedWindow,
    WindowWord,
)
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.decoding.fallback import decode_with_fallback
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.text.segments import resume_s, split_segments, whole_segment
from speech_toolkit.transcription.windows.features import FeatureExtractor, prefetch
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.window import Window

_MISSED_S = 5.0  # of a window behind the last segment
_MISSED_SPEECH_S = 1.0  # of them at least
_LEAST_PROGRESS_S = 10.0  # of one of two windows in a row that go back
_UNTRUSTED_TEMPERATURE = 0.5  # text decoded above it prompts nothing, as in openai/whisper


class LongForm:
    """Takes one file's windows through a decoder.

    Attributes:
        language: code; None until it has been detected, or for a model without languages.
        task: "transcribe" or "translate".
        language_probability: None where the language was given.
        conditions: whether :meth:`sequential` prompts a window with the text before it.
        batch_size: windows that :meth:`chunked` lets run together, at its end; None without it.
        warnings: what the user should know.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        extractor: FeatureExtractor,
        settings: TranscriptionSettings,
        on_progress: Callable[[Window], None] = lambda window: None,
        on_batch: Callable[[DecodedBatch], None] = lambda batch: None,
    ) -> None:
        self.language_probability: float | None = None
        self.warnings: list[str] = []
        self.batch_size: int | None = None
        wanted = settings.condition_on_previous_text
        self.conditions = decoder.checkpoint.suits_previous_text if wanted is None else wanted
        self._decoder = decoder
        self._checkpoint = decoder.checkpoint
        self._extractor = extractor
        self._settings = settings
        self._on_progress = on_progress
        self._on_batch = on_batch
        self._redone: set[float] = set()
        self.language = self._known_language()
        self.task = settings.task or decoder.checkpoint.default_task

    def _known_language(self) -> str | None:
        """Return the language that needs no detecting."""
        if self._settings.language:
            return self._checkpoint.language_code(self._settings.language)
        return self._checkpoint.default_language

    def sequential(
        self, samples: np.ndarray, planner: WindowPlanner
    ) -> Iterator[TranscribedWindow]:
        """Take the windows in order, each prompted with the text before it.

        A window whose end cuts through speech is taken up again where its last complete segment
        ends, and one whose text stops long before its speech does where that text ends. What is
        taken up again so is not taken up once more, save where a cut one is after much progress:
        over music, an invented line would else step through the file.

        Args:
            samples: float32 of shape (N,), the whole file.
            planner: where the windows lie.
        """
        history = self._initial_prompt()
        start, index = 0, 0
        was_retaken = False
        while True:
            for windows, features in self._features(samples, planner.windows(start, index), 1):
                least_progress_s = _LEAST_PROGRESS_S if was_retaken else 0.0
                (found,) = self._take(windows, features, [history], least_progress_s)
                found = _stopping_short(found, planner)
                if not was_retaken and found.stops_short_s:
                    found = replace(found, used_s=found.stops_short_s, stops_short_s=None)
                    was_retaken = True
                else:
                    was_retaken = found.used_s < min(found.window_s, _LEAST_PROGRESS_S)
                history = self._extend(history, found)
                yield found
                start, index = _next_sample(found), found.window.index + 1
                if start < found.window.end_sample:
                    break
            else:
                return

    def chunked(
        self, samples: np.ndarray, planner: WindowPlanner, batch_size: int
    ) -> Iterator[TranscribedWindow]:
        """Take the windows in batches; out of memory on the device halves the batch.

        Args:
            samples: float32 of shape (N,), the whole file.
            planner: where the windows lie.
            batch_size: B, windows that run together.
        """
        prompt = self._initial_prompt()
        self.batch_size = batch_size
        batches = HalvingBatches(
            self._decoder.device,
            batch_size,
            "use --dtype float16, or free the device",
            self.warnings.append,
        )

        def take(part: Sequence[tuple[Window, torch.Tensor]]) -> list[TranscribedWindow]:
            windows, features = zip(*part, strict=True)
            return self._take(windows, torch.stack(features), [prompt] * len(part))

        for windows, features_BMF in self._features(samples, planner.windows(), batch_size):
            found = batches.run(take, list(zip(windows, features_BMF, strict=True)))
            yield from (_stopping_short(item, planner) for item in found)
            self.batch_size = batches.size

    def overflow_warnings(self, windows: int) -> list[str]:
        """Return which of this many windows overflowed, in the encoder or in the decoder."""
        if not self._redone:
            return []
        return [redone_warning(self._decoder.dtype, sorted(self._redone), windows)]

    def _features(
        self, samples: np.ndarray, windows: Iterable[Window], batch_size: int
    ) -> Iterator[tuple[list[Window], torch.Tensor]]:
        """Yield batches of windows with their features, made while a card works on those before.

        A CPU would work on both at once, in no less time and more memory.
        """
        clock = self._decoder.clock
        ahead = self._decoder.device.is_card and not clock.exact

        def batches() -> Iterator[tuple[list[Window], torch.Tensor]]:
            remaining = iter(windows)
            while batch := list(islice(remaining, batch_size)):
                with clock.stage("features"):
                    features_BMF = self._extractor.extract([w.samples(samples) for w in batch])
                yield batch, features_BMF

        return prefetch(batches()) if ahead else batches()

    def _take(
        self,
        windows: Sequence[Window],
        features_BMF: torch.Tensor,
        histories: Sequence[Sequence[int]],
        least_progress_s: float = inf,
    ) -> list[TranscribedWindow]:
        """Encode and decode a batch; a cut window goes back to no earlier second than the last."""
        encoded = self._decoder.encode(features_BMF)
        self._redone |= {windows[index].start_s for index in encoded.redone}
        if self.language is None and self._checkpoint.languages:
            self.language, self.language_probability = self._decoder.detect_language(encoded[:1])[0]
        sot = self._checkpoint.sot_sequence(
            self.language, self.task, self._settings.timestamps != "none"
        )
        prompts = [[*history, *sot] for history in histories]
        decoded = decode_with_fallback(self._decoder, encoded, prompts, self._settings)
        in_float32 = (w for w, item in zip(windows, decoded, strict=True) if item.in_float32)
        self._redone |= {window.start_s for window in in_float32}
        _refuse_non_finite(decoded, windows, self._decoder)
        self._on_batch(
            DecodedBatch(tuple(windows), encoded, tuple(map(tuple, prompts)), tuple(decoded))
        )
        words: Sequence[Sequence[WindowWord]] = [()] * len(windows)
        if self._settings.timestamps == "word":
            words = self._decoder.word_times(
                encoded, prompts, decoded, [w.num_samples for w in windows], self.language
            )
        return [
            self._judge(window, item, item_words, least_progress_s)
            for window, item, item_words in zip(windows, decoded, words, strict=True)
        ]

    def _judge(
        self,
        window: Window,
        decoded: DecodedWindow,
        words: Sequence[WindowWord],
        least_progress_s: float,
    ) -> TranscribedWindow:
        """Split a window into segments, unless it holds no speech."""
        self._on_progress(window)
        window_s = window.num_samples / self._checkpoint.sample_rate_hz
        if self._is_silent(decoded):
            return TranscribedWindow(window, decoded, (), (), window_s, silent=True)
        split = whole_segment if self._settings.timestamps == "none" else split_segments
        segments = split(decoded.tokens, self._checkpoint, window_s)
        used_s = window_s
        resumed_s = resume_s(segments) if window.cut else None
        if resumed_s is not None and resumed_s >= least_progress_s:
            segments, used_s = segments[:-1], resumed_s
            words = [word for word in words if word.first < segments[-1].last]
        cut_off_s = None
        if not decoded.finished and used_s == window_s:
            complete_s = max((s.end_s for s in segments if s.closed), default=0.0)
            cut_off_s = complete_s if complete_s < window_s else None
        return TranscribedWindow(
            window, decoded, segments, tuple(words), used_s, silent=False, cut_off_s=cut_off_s
        )

    def _is_silent(self, decoded: DecodedWindow) -> bool:
        settings = self._settings
        if settings.no_speech_threshold is None or decoded.no_speech_prob is None:
            return False
        unsure = (
            settings.logprob_threshold is None or decoded.avg_logprob < settings.logprob_threshold
        )
        return unsure and decoded.no_speech_prob > settings.no_speech_threshold

    def _initial_prompt(self) -> list[int]:
        """Return the tokens of the user's prompt, as those of earlier text would stand there."""
        if not self._settings.prompt:
            return []
        text = " " + self._settings.prompt.strip()
        ids = self._decoder.tokenizer(text, add_special_tokens=False)["input_ids"]
        return self._as_history(ids)

    def _extend(self, history: list[int], found: TranscribedWindow) -> list[int]:
        """Return the prompt for the window after ``found``."""
        if not self.conditions:
            return self._initial_prompt()
        if found.silent or not found.segments:
            return history
        if found.decoded.temperature > _UNTRUSTED_TEMPERATURE:
            return []
        last = found.segments[-1]
        text = found.decoded.tokens[: last.last + last.closed]
        return self._as_history([*history[1:], *text])

    def _as_history(self, ids: Sequence[int]) -> list[int]:
        """Keep the last half of what the decoder has room for, after its own mark."""
        marker = self._checkpoint.prev_sot_id
        if marker is None or not ids:
            return []
        room = self._checkpoint.max_positions // 2 - 1
        return [marker, *ids[-room:]]


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


def _refuse_non_finite(
    decoded: Sequence[DecodedWindow], windows: Sequence[Window], decoder: WhisperDecoder
) -> None:
    """Raise when the model's output holds NaN or Inf, with the first window's time.

    Raises:
        CheckpointError: the weights themselves do.
        DeviceError: the computation made them.
    """
    for item, window in zip(decoded, windows, strict=True):
        if not isfinite(item.avg_logprob):
            where = f"in the window from {window.start_s:.2f} s on"
            refuse_output(decoder.model, decoder.device, decoder.dtype, where)
