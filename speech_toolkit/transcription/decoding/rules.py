"""Which tokens may come next: Whisper's rules, for a whole batch, on the device, in place.

B windows in a batch, V vocabulary, S timestamps.

The rules are those of openai/whisper (decoding.py: SuppressBlank, SuppressTokens,
ApplyTimestampRules) as transformers applies them, without their loops over the batch: what
they need of the tokens so far is kept in three small tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import torch

from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint


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

    def each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> TimestampState:
        """Return what a function makes of the tensors."""
        return TimestampState(*map(change, vars(self).values()))

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

    def likeliest(
        self, logits_BV: torch.Tensor, state: TimestampState
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what :meth:`apply` leaves the likeliest, in fewer passes over the vocabulary.

        Args:
            logits_BV: float32, to which nothing was applied; changed in place.
            state: of the tokens before.

        Returns:
            The tokens and their log-probabilities, (B, 1) each.
        """
        logits_BV += self._always_V
        if not self._timestamps:
            best_B1, tokens_B1 = logits_BV.max(-1, keepdim=True)
            return tokens_B1, best_B1 - logits_BV.logsumexp(-1, keepdim=True)
        self._keep_in_order(logits_BV, state)
        text, stamps = logits_BV[:, : self._begin_id], logits_BV[:, self._begin_id :]
        best_text_B1, text_B1 = text.max(-1, keepdim=True)
        best_stamp_B1, stamp_B1 = stamps.max(-1, keepdim=True)
        all_text_B1 = text.logsumexp(-1, keepdim=True)
        all_stamps_B1 = stamps.logsumexp(-1, keepdim=True)
        only_stamps_B1 = all_stamps_B1 > best_text_B1
        is_stamp_B1 = only_stamps_B1 | (best_stamp_B1 > best_text_B1)
        both_B1 = torch.logaddexp(all_text_B1, all_stamps_B1)
        return (
            torch.where(is_stamp_B1, stamp_B1 + self._begin_id, text_B1),
            torch.where(is_stamp_B1, best_stamp_B1, best_text_B1)
            - torch.where(only_stamps_B1, all_stamps_B1, both_B1),
        )

    def leads(
        self, logits_BV: torch.Tensor, state: TimestampState, tokens_B1: torch.Tensor
    ) -> torch.Tensor:
        """Return how far ahead given tokens are of the best that would be chosen in their place.

        Timestamps stand together against all text, as they do when a token is chosen.

        Args:
            logits_BV: float32, to which nothing was applied; changed in place.
            state: of the tokens before.
            tokens_B1: the given ones.

        Returns:
            Nats, (B,): negative where another token would be chosen; infinite where the rules
            leave no choice.
        """
        logits_BV += self._always_V
        if self._timestamps:
            self._keep_in_order(logits_BV, state)
        return self._leads(logits_BV, tokens_B1)

    def first_leads(self, logits_BV: torch.Tensor, tokens_B1: torch.Tensor) -> torch.Tensor:
        """Return the leads of a window's first tokens; see :meth:`leads`."""
        self.apply_to_first(logits_BV)
        return self._leads(logits_BV, tokens_B1)

    def _leads(self, logits_BV: torch.Tensor, tokens_B1: torch.Tensor) -> torch.Tensor:
        given_B1 = logits_BV.gather(1, tokens_B1)
        best_other_B = logits_BV.scatter(1, tokens_B1, -inf)
        if not self._timestamps:
            return given_B1[:, 0] - best_other_B.amax(-1)
        text_B = logits_BV[:, : self._begin_id].amax(-1)
        stamps_B = logits_BV[:, self._begin_id :].logsumexp(-1)
        among_text_B = given_B1[:, 0] - best_other_B[:, : self._begin_id].amax(-1)
        among_stamps_B = given_B1[:, 0] - best_other_B[:, self._begin_id :].amax(-1)
        is_stamp_B = tokens_B1[:, 0] >= self._begin_id
        return torch.where(
            is_stamp_B,
            torch.minimum(among_stamps_B, stamps_B - text_B),
            torch.minimum(among_text_B, given_B1[:, 0] - stamps_B),
        )

    def _apply_to_timestamps(self, logits_BV: torch.Tensor, state: TimestampState) -> None:
        """Let timestamps come in pairs, never go back, and win when they are likeliest together."""
        self._keep_in_order(logits_BV, state)
        text, stamps = logits_BV[:, : self._begin_id], logits_BV[:, self._begin_id :]
        is_stamp_B1 = stamps.logsumexp(-1, keepdim=True) > text.amax(-1, keepdim=True)
        text.masked_fill_(is_stamp_B1, -inf)

    def _keep_in_order(self, logits_BV: torch.Tensor, state: TimestampState) -> None:
        """Let timestamps come in pairs and never go back."""
        text, stamps = logits_BV[:, : self._begin_id], logits_BV[:, self._begin_id :]
        last, second_last = state.last_is_timestamp, state.second_last_is_timestamp
        opens_pair = last & ~second_last
        lowest_B1 = state.last_timestamp + (~opens_pair).long()
        text[:, : self._eot_id].masked_fill_(opens_pair, -inf)
        stamps.masked_fill_((self._stamps_S < lowest_B1) | (last & second_last), -inf)
