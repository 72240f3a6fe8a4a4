"""Windows through the model: encoder, language, text, words.

The windows may be of several files. Each file keeps its own language and its own prompts; all are
written in one batch, which is refilled. What a window yields is its own: the others decide on
nothing but the rounding of the sums in a shared batch. What fails for several is tried one by one,
so that it costs only the file that is to blame.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import TypeAlias, TypeVar

from speech_toolkit.checkpoint.not_finite import refuse_output
from speech_toolkit.device.batching import HalvingBatches
from speech_toolkit.errors import OutOfMemoryError
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.transcription.decoded import (
    DecodedBatch,
    DecodedWindow,
    DecodingOptions,
    WindowWord,
    gathered,
)
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.decoding.fallback import needs_fallback
from speech_toolkit.transcription.decoding.refill import DecodingJob, RefilledBatch
from speech_toolkit.transcription.long_form.one_file import Heard, WindowRequest
from speech_toolkit.transcription.long_form.window_encoder import WindowEncoder
from speech_toolkit.transcription.settings import TranscriptionSettings

HeardWindows: TypeAlias = list[tuple[WindowRequest, Outcome[Heard]]]
T = TypeVar("T")
_MEMORY_ADVICE = "use --dtype float16, or free the device"


@dataclass(frozen=True, eq=False)
class _Attempt:
    """One of the temperatures at which a window is tried.

    Attributes:
        request: the window, which has been encoded.
        prompt: tokens before its text.
        temperatures: this one, and those that follow where its text is not to be trusted.
    """

    request: WindowRequest
    prompt: tuple[int, ...]
    temperatures: tuple[float, ...]


@dataclass(frozen=True)
class _Written:
    attempt: _Attempt
    decoded: DecodedWindow


class Listener:
    """Hears windows, as many at once as there are and memory permits.

    Args:
        decoder: the model.
        settings: of every file, save for the language.
        batch_size: the most windows at once.
        on_batch: called with windows when they have been written.
        on_time: called with seconds, those of each stage, and the windows for which they were
            spent.

    Attributes:
        batch_size: the most windows at once from now on.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        settings: TranscriptionSettings,
        batch_size: int,
        on_batch: Callable[[DecodedBatch], None] | None = None,
        on_time: Callable[[float, Mapping[str, float], Sequence[WindowRequest]], None]
        | None = None,
    ) -> None:
        self._decoder = decoder
        self._settings = settings
        self._on_batch = on_batch
        self._on_time = on_time
        self._batches = HalvingBatches(decoder.device, batch_size, _MEMORY_ADVICE, self._warn)
        self._encoder = WindowEncoder(decoder, self._batches)
        self._batch: RefilledBatch | None = None
        self._waiting: deque[_Attempt] = deque()
        self._suspects: deque[_Attempt] = deque()
        self._under_way: dict[DecodingJob, _Attempt] = {}
        self._concerned: dict[WindowRequest, None] = {}
        self._failed: HeardWindows = []

    @property
    def batch_size(self) -> int:
        """The most windows at once from now on: fewer once the device was out of memory."""
        return self._batches.size

    def hear(self, take: Callable[[int], list[WindowRequest] | None]) -> Iterator[HeardWindows]:
        """Hear all windows; a file's language is set with its first one.

        Args:
            take: returns windows that wait to be heard, at most so many; none where others must
                be heard first; None where there will be no more.

        Yields:
            Windows as they are heard, with what was heard or why nothing was: CheckpointError for
            weights that hold NaN or infinity, DeviceError where the device ran out of memory, an
            operator failed, or what the model makes of a window is not finite, UsageError where
            the prompt leaves no room for a token.
        """
        written: list[_Written] = []
        while True:
            started = time.perf_counter()
            self._recover()  # the model may have heard something else since the last yield
            is_over = self._begin_more(take)
            if self._under_way:
                self._guarded(self._batch.launch)
            heard = self._finished(written)  # while a card is at work on what was launched
            written = self._harvested()
            if not self._decoder.device.is_card:
                heard += self._finished(written)
                written = []
            heard += self._failed
            self._failed = []
            self._share_time(time.perf_counter() - started)
            if heard or not self._under_way:
                yield heard
            left = (heard, written, self._under_way, self._waiting, self._suspects)
            if is_over and not any(left):
                return

    def _begin_more(self, take: Callable[[int], list[WindowRequest] | None]) -> bool:
        """Begin with as many windows as there is room for; tell whether there are no more.

        A window of a batch that failed is begun by itself.
        """
        is_over = False
        self._drop_void()
        room = self._batch.room if self._batch else self.batch_size
        if self._suspects:
            attempts = [] if self._under_way else [self._suspects.popleft()]
        else:
            is_over = room > 0 and self._encode_more(room, take)
            room = min(room, self.batch_size - len(self._under_way))
            attempts = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        if attempts:
            self._guarded(partial(self._begin, attempts))
        return is_over

    def _encode_more(self, wanted: int, take: Callable[[int], list[WindowRequest] | None]) -> bool:
        """Let so many encoded windows wait; tell whether there are no more."""
        together = self._decoder.windows_encoded_together(self.batch_size)
        while len(self._waiting) < wanted and not self._failed:
            requests = take(together)
            if not requests:
                return requests is None
            self._encode(requests, together)
        return False

    def _encode(self, requests: Sequence[WindowRequest], together: int) -> None:
        """Encode windows; where that fails for several files, each by itself."""
        self._concerned.update(dict.fromkeys(requests))
        outcome = outcome_of(partial(self._encoder.encode, requests, together))
        self._recover()
        if outcome.error is None:
            for request in requests:
                self._prepare(request)
        elif len({request.long_form for request in requests}) == 1:
            self._failed += [(request, Outcome(error=outcome.error)) for request in requests]
        else:
            self._decoder.device.empty_cache()
            for request in requests:
                self._encode([request], together=1)

    def _prepare(self, request: WindowRequest) -> None:
        """Let an encoded window wait for its turn."""
        prompt = request.long_form.prompt(request.history)
        has_room = outcome_of(partial(self._decoder.check_room, prompt))
        if has_room.error:
            self._failed.append((request, Outcome(error=has_room.error)))
        else:
            self._waiting.append(_Attempt(request, prompt, self._settings.temperatures))

    def _begin(self, attempts: Sequence[_Attempt]) -> None:
        settings, jobs = self._settings, []
        for attempt in attempts:
            options = DecodingOptions(
                timestamps=settings.timestamps != "none",
                max_new_tokens=settings.max_new_tokens,
                temperature=attempt.temperatures[0],
                record_margins=settings.record_margins,
                seed=settings.seed,
            )
            job = DecodingJob(*attempt.request.planned.encoded, attempt.prompt, options)
            self._under_way[job] = attempt
            self._concerned[attempt.request] = None
            jobs.append(job)
        if self._batch is None:
            self._batch = self._decoder.open_batch(self.batch_size)
        self._batch.admit(jobs)

    def _harvested(self) -> list[_Written]:
        """Take out what has been written, save what is tried again at a higher temperature."""
        if not self._under_way:
            return []
        written = []
        for job, decoded in self._guarded(self._batch.harvest) or ():
            attempt = self._under_way.pop(job)
            if not isfinite(decoded.avg_logprob):
                self._failed.append((attempt.request, self._not_finite(attempt.request)))
            elif len(attempt.temperatures) > 1 and needs_fallback(decoded, self._settings):
                hotter = replace(attempt, temperatures=attempt.temperatures[1:])
                self._waiting.appendleft(hotter)
            else:
                written.append(_Written(attempt, decoded))
        return written

    def _drop_void(self) -> None:
        """Leave what nobody waits for any more."""
        for queue in (self._waiting, self._suspects):
            kept = [each for each in queue if not each.request.is_void]
            queue.clear()
            queue.extend(kept)
        void = [job for job, attempt in self._under_way.items() if attempt.request.is_void]
        for job in void:
            del self._under_way[job]
        if self._batch:
            self._batch.drop(void)

    def _not_finite(self, request: WindowRequest) -> Outcome[Heard]:
        where = f"in the window from {request.window.start_s:.2f} s on"
        model, device, dtype = (getattr(self._decoder, n) for n in ("model", "device", "dtype"))
        return outcome_of(partial(refuse_output, model, device, dtype, where))

    def _finished(self, written: Sequence[_Written]) -> HeardWindows:
        """Return what was heard in windows that have been written."""
        heard = []
        for group in _alike(written, lambda each: each.attempt.request.long_form.language):
            outcome = outcome_of(partial(self._with_words, group))
            self._recover()
            if outcome.error is None:
                heard += outcome.result
            elif len(group) == 1:
                heard.append((group[0].attempt.request, Outcome(error=outcome.error)))
            else:
                heard += [each for one in group for each in self._finished([one])]
        return heard

    def _with_words(self, written: Sequence[_Written]) -> HeardWindows:
        """Find the words of windows in one language, where they are asked for."""
        requests = [each.attempt.request for each in written]
        decoded = tuple(each.decoded for each in written)
        prompts = tuple(each.attempt.prompt for each in written)
        words: Sequence[tuple[WindowWord, ...]] = [()] * len(written)
        if self._on_batch or self._settings.timestamps == "word":
            encoded = gathered([request.planned.encoded for request in requests])
            windows = tuple(request.window for request in requests)
            if self._on_batch:
                self._on_batch(DecodedBatch(windows, encoded, prompts, decoded))
            if self._settings.timestamps == "word":
                lengths = [window.num_samples for window in windows]
                language = requests[0].long_form.language
                words = self._decoder.word_times(encoded, prompts, decoded, lengths, language)
        return [
            (request, Outcome(Heard(*each)))
            for request, *each in zip(requests, decoded, words, strict=True)
        ]

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """Work with the batch; where that fails, all that is under way begins anew.

        With less memory it does so in a smaller batch, else one by one where several files are
        concerned; what is left then has failed.
        """
        outcome = outcome_of(work)
        if outcome.error is None:
            return outcome.result
        is_too_large = self._batch is not None and self._batch.slots > self.batch_size
        attempts = self._torn_out()
        self._decoder.release()
        if isinstance(outcome.error, OutOfMemoryError) and (is_too_large or self.batch_size > 1):
            if not is_too_large:  # else the encoder has had too little memory before
                self._batches.halve(self.batch_size)
            self._waiting.extendleft(reversed(attempts))
        elif len({attempt.request.long_form for attempt in attempts}) > 1:
            self._suspects.extend(attempts)
        else:
            failure = Outcome[Heard](error=outcome.error)
            self._failed += [(attempt.request, failure) for attempt in attempts]
        return None

    def _recover(self) -> None:
        """Let begin anew what was under way when its memory went to something else."""
        if self._batch and self._batch.is_lost:
            self._waiting.extendleft(reversed(self._torn_out()))

    def _torn_out(self) -> list[_Attempt]:
        """Take all that is under way out of the batch, which is of no more use."""
        attempts = list(self._under_way.values())
        self._under_way.clear()
        self._batch = None
        return attempts

    def _share_time(self, seconds: float) -> None:
        """Tell for which windows time was spent: those begun, under way, or finished."""
        if self._on_time:
            self._on_time(seconds, self._decoder.clock.take(), list(self._concerned))
        self._concerned = dict.fromkeys(a.request for a in self._under_way.values())

    def _warn(self, warning: str) -> None:
        for long_form in {request.long_form for request in self._concerned}:
            long_form.warnings.append(warning)


def _alike(items: Iterable[T], key: Callable[[T], Hashable]) -> Iterable[list[T]]:
    """Return the items that share a key, key by key."""
    found: dict[Hashable, list[T]] = {}
    for each in items:
        found.setdefault(key(each), []).append(each)
    return found.values()
