"""What a window is told of the text before it.

As in openai/whisper (transcribe.py): the tokens of the segments so far, with the timestamps that
open and close each, behind the user's own. Where transformers' `generate` differs, openai/whisper
is followed: text of a high temperature prompts no later window (there, all but the next one), and
segments without text prompt none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from speech_toolkit.transcription.decoded import TranscribedWindow
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder

_UNTRUSTED_TEMPERATURE = 0.5  # text decoded above it prompts nothing


class Prompts:
    """Makes the prompts of one file.

    A history is what stands before the start of a window's transcript: nothing, or the mark of
    earlier text and as much of it as may stand there.
    """

    def __init__(self, decoder: WhisperDecoder, users_text: str | None, conditions: bool) -> None:
        """Begin with a file.

        Args:
            decoder: that will be prompted.
            users_text: what the user wants every file to be prompted with.
            conditions: whether a window is prompted with the text before it; else each is
                prompted with the user's text alone.
        """
        self._decoder = decoder
        self._users_text = users_text
        self._conditions = conditions

    def first(self) -> tuple[int, ...]:
        """Return the history of the first window: the user's text, as earlier text would stand."""
        if not self._users_text:
            return ()
        text = " " + self._users_text.strip()
        ids = self._decoder.tokenizer(text, add_special_tokens=False)["input_ids"]
        return self._history(ids)

    def after(self, history: Sequence[int], found: TranscribedWindow) -> tuple[int, ...]:
        """Return the history of the window that follows.

        Args:
            history: with which ``found`` was decoded.
            found: what was found, after what is taken up again was taken away.
        """
        if not self._conditions:
            return self.first()
        if found.silent:
            return tuple(history)
        if found.decoded.temperature > _UNTRUSTED_TEMPERATURE:
            return ()
        return self._history([*history[1:], *self._kept_tokens(found)])

    def _kept_tokens(self, found: TranscribedWindow) -> Iterator[int]:
        """Yield the tokens of the segments that hold text, from timestamp to timestamp."""
        if not found.segments:
            return
        last, begin_id = found.segments[-1], self._decoder.checkpoint.timestamp_begin_id
        tokens = found.decoded.tokens[: last.last + last.closed]
        pairs = pairwise(enumerate(tokens))
        opens = [i for (_, before), (i, token) in pairs if min(before, token) >= begin_id]
        for first, end in pairwise([0, *opens, len(tokens)]):
            if self._decoder.text(tokens[first:end]):
                yield from tokens[first:end]

    def _history(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Keep the last half of what the decoder has room for, after its own mark."""
        checkpoint = self._decoder.checkpoint
        if checkpoint.prev_sot_id is None or not ids:
            return ()
        room = checkpoint.max_positions // 2 - 1
        return (checkpoint.prev_sot_id, *ids[-room:])
