"""How decided a model is at each token of given text: what it reads, it does not choose.

B windows in a batch, L tokens, E width of the model, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from speech_toolkit.transcription.decoding.rules import DecodeRules, TimestampState
from speech_toolkit.transcription.decoding.step import DecodeLoop, Speech
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint


class LeadReader:
    """Reads given tokens with a model's decoder, all at once."""

    def __init__(self, loop: DecodeLoop, checkpoint: WhisperCheckpoint) -> None:
        self._loop = loop
        self._checkpoint = checkpoint

    def leads(
        self,
        speech: Speech,
        prompts: Sequence[Sequence[int]],
        tokens: Sequence[Sequence[int]],
        timestamps: bool,
    ) -> tuple[list[list[float]], list[bool]]:
        """Return the lead of each token over the best that could stand in its place, in nats.

        A lead is below 0 where the model would choose another token after those before, infinite
        where the rules leave it no choice.

        Args:
            speech: B windows.
            prompts: of each window.
            tokens: of each window, the end of text included where it was reached.
            timestamps: whether the rules for timestamps apply.

        Returns:
            The leads of each window, and whether nothing overflowed meanwhile.
        """
        rules = DecodeRules(self._checkpoint, timestamps, torch.device("cpu"))
        rows = [[*prompt, *given] for prompt, given in zip(prompts, tokens, strict=True)]
        length = max(map(len, rows))
        padded = [row + [self._checkpoint.eot_id] * (length - len(row)) for row in rows]
        tokens_BL = torch.tensor(padded, device=self._loop.device)
        states_BLE, is_sound_B = self._loop.read(tokens_BL, speech)
        found = []
        for states_LE, prompt, given in zip(states_BLE, prompts, tokens, strict=True):
            first = len(prompt) - 1
            logits_LV = self._loop.logits(states_LE[first : first + len(given)]).cpu()
            found.append(self._leads(logits_LV, given, rules))
        return found, is_sound_B.tolist()

    def _leads(
        self, logits_LV: torch.Tensor, given: Sequence[int], rules: DecodeRules
    ) -> list[float]:
        if not given:
            return []
        tokens_L1 = torch.tensor(given)[:, None]
        first = rules.first_leads(logits_LV[:1], tokens_L1[:1])
        state = self._state(tokens_L1[:-1])
        others = rules.leads(logits_LV[1:], state, tokens_L1[1:])
        return torch.cat((first, others)).tolist()

    def _state(self, past_L1: torch.Tensor) -> TimestampState:
        """Return what the rules know after each of the tokens, as if each were a window's last."""
        begin = self._checkpoint.timestamp_begin_id
        is_stamp_L1 = past_L1 >= begin
        before_L1 = torch.cat((torch.ones_like(is_stamp_L1[:1]), is_stamp_L1[:-1]))
        numbered_L1 = torch.where(is_stamp_L1, torch.arange(len(past_L1))[:, None], -1)
        last_L1 = numbered_L1.cummax(0).values
        stamps_L1 = past_L1.gather(0, last_L1.clamp_min(0))
        return TimestampState(
            is_stamp_L1, before_L1, torch.where(last_L1 < 0, begin - 1, stamps_L1)
        )
