"""The decoder's logits -> the next token of every window, on the device.

B windows in a batch, V vocabulary.
"""

from __future__ import annotations

import torch

from speech_toolkit.transcription.decoding.batch_state import BatchState, StepMode
from speech_toolkit.transcription.decoding.rules import DecodeRules
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

_BELOW_ONE = 1 - 2**-20  # float32 sums of probabilities are no more exact than this


class TokenChoice:
    """Chooses tokens by the rules of a checkpoint and writes them into the state of a batch."""

    def __init__(self, checkpoint: WhisperCheckpoint, device: torch.device) -> None:
        self._checkpoint = checkpoint
        self._device = device
        self._rules: dict[bool, DecodeRules] = {}

    def choose_first(self, logits_BV: torch.Tensor, state: BatchState, mode: StepMode) -> None:
        """Choose the first token of every window; the logits, float32, are changed in place."""
        _advance(state)
        self._rules_for(mode).apply_to_first(logits_BV)
        self._write(*self._picked(logits_BV, state, mode), state, mode)

    def choose(self, logits_BV: torch.Tensor, state: BatchState, mode: StepMode) -> None:
        """Choose the next token of every window; the logits, float32, are changed in place."""
        _advance(state)
        rules = self._rules_for(mode)
        if mode.sampled or mode.margins:
            rules.apply(logits_BV, state.timestamps)
            self._write(*self._picked(logits_BV, state, mode), state, mode)
        else:
            self._write(*rules.likeliest(logits_BV, state.timestamps), state, mode)

    def _picked(
        self, logits_BV: torch.Tensor, state: BatchState, mode: StepMode
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the likeliest token of every window, or one that is drawn, and their scores."""
        tokens_B1 = logits_BV.argmax(-1, keepdim=True)
        if mode.sampled:
            is_drawn_B1 = state.temperature_B1 > 0
            scaled_BV = logits_BV / state.temperature_B1.where(is_drawn_B1, 1.0)
            drawn_B1 = _draw(scaled_BV, state.draws_BP.gather(1, state.position_B1))
            tokens_B1 = torch.where(is_drawn_B1, drawn_B1, tokens_B1)
        if mode.margins:
            best_B2 = logits_BV.topk(2).values
            state.margins_BP.scatter_(1, state.position_B1, best_B2[:, :1] - best_B2[:, 1:])
        return tokens_B1, logits_BV.gather(1, tokens_B1) - logits_BV.logsumexp(-1, keepdim=True)

    def _write(
        self,
        picked_B1: torch.Tensor,
        log_probs_B1: torch.Tensor,
        state: BatchState,
        mode: StepMode,
    ) -> None:
        """Write down the next token of every window; finished ones get EOT."""
        eot_id = self._checkpoint.eot_id
        tokens_B1 = picked_B1.masked_fill(state.finished_B1, eot_id)
        state.tokens_BP.scatter_(1, state.position_B1, tokens_B1)
        state.log_probs_BP.scatter_(1, state.position_B1, log_probs_B1)
        state.finished_B1 |= tokens_B1 == eot_id
        if mode.timestamps:
            state.timestamps.append(tokens_B1, self._checkpoint.timestamp_begin_id)

    def _rules_for(self, mode: StepMode) -> DecodeRules:
        if mode.timestamps not in self._rules:
            rules = DecodeRules(self._checkpoint, mode.timestamps, self._device)
            self._rules[mode.timestamps] = rules
        return self._rules[mode.timestamps]


def _advance(state: BatchState) -> None:
    """Go to the position (B, 1) behind the last token of every window, within the decoder's."""
    state.position_B1.add_(1).clamp_(max=state.tokens_BP.shape[1] - 1)


def _draw(logits_BV: torch.Tensor, draws_B1: torch.Tensor) -> torch.Tensor:
    """Draw a token (B, 1) of each window by inverting its cumulative distribution."""
    cumulated_BV = logits_BV.softmax(-1).cumsum(-1)
    aim_B1 = draws_B1 * _BELOW_ONE * cumulated_BV[:, -1:]
    passed_B1 = (cumulated_BV <= aim_B1).sum(-1, keepdim=True)
    return passed_B1.clamp_(max=logits_BV.shape[1] - 1)
