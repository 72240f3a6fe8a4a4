"""Which tokens may come next: Whisper's rules, for a whole batch, on the device, in place.

B windows in a batch, V vocabulary, S timestamps.

The rules are those of openai/whisper (decoding.py: SuppressBlank, SuppressTokens,
ApplyTimestampRules) as transformers applies them, without their loops over the batch: what
they need of the tokens so far is kept in three small tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import torch

from speech_toolkit.transcription.whisper_checkpoint import WhisperCheckpoint


@dataclass(frozen=True)
class TimestampState:
    """What the rules need to know of the tokens so far; all tensors have shape (B, 1).

    Attributes:
        last_is_timestamp: whether the last token is one.
        second_last_is_timestamp: likewise; true where only one token has been generated.
        last_timestamp: id of the last timestamp; the id before the first timestamp for none.
    """

    last_is_timestamp: torch.Tensor
    second_last_is_timestamp: torch.Tensor
    last_timestamp: torch.Tensor

    @classmethod
    def allocate(cls, batch_size: int, device: torch.device) -> TimestampState:
        """Make the tensors, to be filled by :meth:`reset`."""
        flags = torch.zeros((2, batch_size, 1), dtype=torch.bool, device=device)
        return cls(*flags, torch.zeros((batch_size, 1), dtype=torch.int64, device=device))

    def part(self, batch_size: int) -> TimestampState:
        """Return views of the first windows of the batch."""
        return TimestampState(
            self.last_is_timestamp[:batch_size],
            self.second_last_is_timestamp[:batch_size],
            self.last_timestamp[:batch_size],
        )

    def reset(self, timestamp_begin_id: int) -> None:
        """Forget all tokens. A second-last token that is not there counts as a timestamp."""
        self.last_is_timestamp.fill_(True)
        self.last_timestamp.fill_(timestamp_begin_id - 1)

    def append(self, tokens_B1: torch.Tensor, timestamp_begin_id: int) -> None:
        """Take the next token of each window into account."""
        self.second_last_is_timestamp.copy_(self.last_is_timestamp)
        torch.ge(tokens_B1, timestamp_begin_id, out=self.last_is_timestamp)
        self.last_timestamp.copy_(
            torch.where(self.last_is_timestamp, tokens_B1, self.last_timestamp)
        )


class DecodeRules:
    """The rules of one checkpoint, with or without timestamps."""

    def __init__(
        self, checkpoint: WhisperCheckpoint, timestamps: bool, device: torch.device
    ) -> None:
        self._timestamps = timestamps
        self._eot_id = checkpoint.eot_id
        self._begin_id = checkpoint.timestamp_begin_id
        always = torch.zeros(checkpoint.vocab_size)
        always[list(checkpoint.suppress_ids)] = -inf
        if timestamps:
            always[checkpoint.no_timestamps_id] = -inf
        first = always.clone()
        first[list(checkpoint.begin_suppress_ids)] = -inf
        if timestamps:
            first[: self._begin_id] = -inf
            if checkpoint.max_initial_timestamp_index is not None:
                first[self._begin_id + checkpoint.max_initial_timestamp_index + 1 :] = -inf
        self._always_V, self._first_V = always.to(device), first.to(device)
        self._stamps_S = torch.arange(self._begin_id, checkpoint.vocab_size, device=device)

    def apply_to_first(self, logits_BV: torch.Tensor) -> None:
        """Set to -inf the logits, float32, of what cannot be a window's first token."""
        logits_BV += self._first_V

    def apply(self, logits_BV: torch.Tensor, state: TimestampState) -> None:
        """Set to -inf the logits, float32, of what cannot follow the tokens so far."""
        logits_BV += self._always_V
        if self._timestamps:
            self._apply_to_timestamps(logits_BV, state)

    def _apply_to_timestamps(self, logits_BV: torch.Tensor, state: TimestampState) -> None:
        """Let timestamps come in pairs, never go back, and win when they are likeliest together."""
        text, stamps = logits_BV[:, : self._begin_id], logits_BV[:, self._begin_id :]
        last, second_last = state.last_is_timestamp, state.second_last_is_timestamp
        opens_pair = last & ~second_last
        lowest_B1 = state.last_timestamp + (~opens_pair).long()
        text[:, : self._eot_id].masked_fill_(opens_pair, -inf)
        stamps.masked_fill_((self._stamps_S < lowest_B1) | (last & second_last), -inf)
        is_stamp_B1 = stamps.logsumexp(-1, keepdim=True) > text.amax(-1, keepdim=True)
        text.masked_fill_(is_stamp_B1, -inf)
