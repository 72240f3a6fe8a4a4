"""One batch of windows through the model: encoder, language, text, words.

The windows may be of several files. Each file keeps its own language and its own prompts; the
decoder takes those whose prompts are of one length together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from math import isfinite

from speech_toolkit.checkpoint.not_finite import refuse_output
from speech_toolkit.transcription.decoded import (
    DecodedBatch,
    DecodedWindow,
    EncodedWindows,
    WindowWord,
)
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.decoding.fallback import decode_with_fallback
from speech_toolkit.transcription.long_form import Heard, LongForm, WindowRequest
from speech_toolkit.transcription.settings import TranscriptionSettings


class Listener:
    """Hears batches of windows.

    Args:
        decoder: the model.
        settings: of every file, save for the language.
        on_batch: called with each batch of windows when it has been decoded.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        settings: TranscriptionSettings,
        on_batch: Callable[[DecodedBatch], None] = lambda batch: None,
    ) -> None:
        self._decoder = decoder
        self._settings = settings
        self._on_batch = on_batch

    def hear(self, requests: Sequence[WindowRequest]) -> list[Heard]:
        """Return what is heard in each window; a file's language is set with its first one.

        Raises:
            CheckpointError: the weights hold NaN or infinity.
            DeviceError: out of memory, an operator failed on a card, or what the model makes of a
                window is not finite.
            UsageError: the prompts leave no room for a token.
        """
        encoded = self._encode(requests)
        self._detect_languages(encoded, requests)
        prompts = [request.long_form.prompt(request.history) for request in requests]
        decoded = self._decode(encoded, requests, prompts)
        windows = tuple(request.window for request in requests)
        self._on_batch(DecodedBatch(windows, encoded, tuple(prompts), tuple(decoded)))
        words: Sequence[tuple[WindowWord, ...]] = [()] * len(requests)
        if self._settings.timestamps == "word":
            words = self._word_times(encoded, requests, prompts, decoded)
        self._decoder.device.synchronize()  # what fails late still belongs to this batch
        return list(map(Heard, decoded, words))

    def _encode(self, requests: Sequence[WindowRequest]) -> EncodedWindows:
        encoded = self._decoder.encode_windows([request.features() for request in requests])
        for row in encoded.redone:
            requests[row].long_form.note_overflow(requests[row].window)
        return encoded

    def _detect_languages(self, encoded: EncodedWindows, requests: Sequence[WindowRequest]) -> None:
        """Detect what is spoken in each file of which that is not known, in its first window."""
        if not self._decoder.checkpoint.languages:
            return
        rows: dict[LongForm, int] = {}
        for row, request in enumerate(requests):
            if request.long_form.language is None:
                rows.setdefault(request.long_form, row)
        if rows:
            found = self._decoder.detect_language(_part(encoded, list(rows.values())))
            for long_form, (language, probability) in zip(rows, found, strict=True):
                long_form.language, long_form.language_probability = language, probability

    def _decode(
        self,
        encoded: EncodedWindows,
        requests: Sequence[WindowRequest],
        prompts: Sequence[Sequence[int]],
    ) -> list[DecodedWindow]:
        """Write the text of all windows, and make sure that it is of finite numbers."""
        decoded: dict[int, DecodedWindow] = {}
        for rows in _alike([len(prompt) for prompt in prompts]):
            part = decode_with_fallback(
                self._decoder, _part(encoded, rows), [prompts[r] for r in rows], self._settings
            )
            decoded.update(zip(rows, part, strict=True))
        in_order = [decoded[row] for row in range(len(requests))]
        for item, request in zip(in_order, requests, strict=True):
            if item.in_float32:
                request.long_form.note_overflow(request.window)
        for item, request in zip(in_order, requests, strict=True):
            if not isfinite(item.avg_logprob):
                where = f"in the window from {request.window.start_s:.2f} s on"
                decoder = self._decoder
                refuse_output(decoder.model, decoder.device, decoder.dtype, where)
        return in_order

    def _word_times(
        self,
        encoded: EncodedWindows,
        requests: Sequence[WindowRequest],
        prompts: Sequence[Sequence[int]],
        decoded: Sequence[DecodedWindow],
    ) -> list[tuple[WindowWord, ...]]:
        languages = [request.long_form.language for request in requests]
        lengths = [len(prompt) for prompt in prompts]
        found: dict[int, tuple[WindowWord, ...]] = {}
        for rows in _alike(list(zip(lengths, languages, strict=True))):
            part = self._decoder.word_times(
                _part(encoded, rows),
                [prompts[row] for row in rows],
                [decoded[row] for row in rows],
                [requests[row].window.num_samples for row in rows],
                languages[rows[0]],
            )
            found.update(zip(rows, part, strict=True))
        return [found[row] for row in range(len(requests))]


def _alike(keys: Sequence[Hashable]) -> Iterator[list[int]]:
    """Yield the rows that share a key, key by key."""
    rows: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    yield from rows.values()


def _part(encoded: EncodedWindows, rows: list[int]) -> EncodedWindows:
    """Return some rows of a batch; the batch itself where these are all, which is known by then."""
    return encoded if rows == list(range(len(encoded))) else encoded[rows]
