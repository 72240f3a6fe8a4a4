"""The decoder's work on one batch: the prompt at once, then one token of every window a step.

B windows in a batch, L tokens of a prompt, P positions of the decoder, V vocabulary, E width of
the model.

All that a step reads and writes is allocated once, for the largest batch so far, and changed in
place, so that a step can be recorded as a graph and memory stays flat over many files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import TYPE_CHECKING

import torch

from speech_toolkit.checkpoint.overflow import OverflowWatch
from speech_toolkit.device.names import is_card
from speech_toolkit.transcription.decoding.batch_state import (
    BatchState,
    Draws,
    Generated,
    StepMode,
)
from speech_toolkit.transcription.decoding.cache import StaticCache
from speech_toolkit.transcription.decoding.graph import DecodeGraphs
from speech_toolkit.transcription.decoding.rules import DecodeRules
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint
from speech_toolkit.transcription.stage_clock import StageClock

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import WhisperAttention, WhisperDecoder

_LENGTH_STEP = 64  # attended positions grow in these steps, so that few shapes occur
_STEPS_BETWEEN_CHECKS = 8  # looking means waiting for the device; a CPU is never ahead of itself
_BELOW_ONE = 1 - 2**-20  # float32 sums of probabilities are no more exact than this


class DecodeLoop:
    """The decoder of one model with the memory for its batches.

    Args:
        decoder: on its device.
        project: from its output to logits.
        checkpoint: the model's.
        graphs: records the steps, or does not.
        clock: seconds per stage.
        watch: looks at the decoder where an overflow would not show in its output.

    Attributes:
        device: where the model is.
        dtype: in which it computes.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        project: torch.nn.Linear,
        checkpoint: WhisperCheckpoint,
        graphs: DecodeGraphs,
        clock: StageClock,
        watch: OverflowWatch | None = None,
    ) -> None:
        self._decoder = decoder
        self._project = project
        self._checkpoint = checkpoint
        self._graphs = graphs
        self._clock = clock
        self._watch = watch
        self.device, self.dtype = decoder.device, decoder.dtype
        self._check_every = _STEPS_BETWEEN_CHECKS if is_card(decoder.device.type) else 1
        self._cache = StaticCache(decoder.config, like=decoder.embed_positions.weight)
        self._mask_is_bool = decoder.config._attn_implementation != "eager"
        self._positions_P = torch.arange(checkpoint.max_positions, device=decoder.device)
        self._seen = True if self._mask_is_bool else 0.0
        self._mask_P = self._as_mask(self._positions_P < 0)
        self._step_mask = self._mask_P[None, None, None]
        self._rules: dict[bool, DecodeRules] = {}
        self._room: BatchState | None = None
        self._speech: object = None

    def load_speech(self, states_BFE: torch.Tensor) -> None:
        """Let the decoder attend to the encoder's states; nothing is done for the last ones again.

        Args:
            states_BFE: the encoder's output, kept unchanged by the caller.
        """
        self._reserve(self._padded(len(states_BFE)))
        if self._speech is states_BFE:
            return
        with self._watching(len(states_BFE)):
            self._cache.load_speech(list(self._decoder.layers), states_BFE.to(self.dtype))
        if self._watch:
            self._room.is_sound_B1.fill_(True)
            self._note_overflows(len(states_BFE))
        self._speech = states_BFE

    def is_sound(self, batch_size: int) -> list[bool]:
        """Tell which of the first windows overflowed nowhere since their speech was loaded.

        What no watch looks at is taken to be sound: its results show whether it is.
        """
        if self._watch is None:
            return [True] * batch_size
        return self._room.is_sound_B1[:batch_size, 0].tolist()

    def release(self) -> None:
        """Give all memory of the batches back."""
        self._graphs.clear()
        self._cache.release()
        self._room = self._speech = None

    def prompt_states(self, tokens_BL: torch.Tensor) -> torch.Tensor:
        """Return the decoder's output (B, L, E) for whole sequences, over the loaded speech."""
        with self._watching(len(tokens_BL)):
            return self._prompt_states(tokens_BL)

    def _prompt_states(self, tokens_BL: torch.Tensor) -> torch.Tensor:
        batch_size, length = tokens_BL.shape
        attended = self._attended(length)
        positions_L = self._positions_P[:length]
        is_seen = self._positions_P[:attended] <= positions_L[:, None]
        self._cache.select(batch_size, attended, positions_L)
        return self._states(tokens_BL, positions_L, self._as_mask(is_seen)[None, None])

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return float32 logits (..., V) of the decoder's output."""
        return self._project(states).float()

    def cross_attention(self, layer: int) -> WhisperAttention:
        """Return the module with which a layer attends to the speech."""
        return self._decoder.layers[layer].encoder_attn

    def speech_keys(self, layer: int) -> torch.Tensor:
        """Return the keys (B, heads, frames, width of a head) of the loaded speech."""
        return self._cache.cross_attention_cache.layers[layer].keys

    def generate(
        self, prompts: Sequence[Sequence[int]], limit: int, mode: StepMode, draws: Draws | None
    ) -> Generated:
        """Generate for the loaded speech until every window is finished or the limit is reached.

        Args:
            prompts: B sequences of equal length.
            limit: most tokens generated for a window, EOT included; at least 1.
            mode: see there.
            draws: what tokens are drawn with where the mode says so.
        """
        batch_size, length = len(prompts), len(prompts[0])
        state = self._room.part(self._padded(batch_size))
        with self._clock.stage("prompt"):
            with self._watching(len(state.tokens_BP)):
                advance = self._prepare(state, mode)
            with self._watching(batch_size):
                no_speech = self._start(state.part(batch_size), prompts, mode, draws)
            state.finished_B1[batch_size:] = True
            state.tokens_BP[batch_size:] = self._checkpoint.eot_id
        with self._clock.stage("tokens"):
            with self._watching(len(state.tokens_BP)):
                count = self._run(state, length, limit, advance)
            made = slice(length, length + count)
            return Generated(
                tokens=state.tokens_BP[:batch_size, made].cpu(),
                log_probs=state.log_probs_BP[:batch_size, made].cpu(),
                margins=state.margins_BP[:batch_size, made].cpu(),
                no_speech_probs=None if no_speech is None else no_speech.cpu(),
            )

    def _prepare(self, state: BatchState, mode: StepMode) -> Callable[[], None]:
        """Return what runs a step; a graph attends to all positions and is recorded once."""

        def step() -> None:
            self._step(state, mode)

        if not self._graphs.enabled:
            return step
        batch_size = len(state.tokens_BP)
        state.position_1.zero_()
        self._select_for_step(state, self._checkpoint.max_positions)
        is_sound_B1 = state.is_sound_B1.clone()
        replay = self._graphs.prepare((batch_size, mode), step)
        state.is_sound_B1.copy_(is_sound_B1)  # a step is recorded on whatever is there
        return replay

    def _start(
        self,
        state: BatchState,
        prompts: Sequence[Sequence[int]],
        mode: StepMode,
        draws: Draws | None,
    ) -> torch.Tensor | None:
        """Take the prompts in, choose the first tokens, return the no-speech probabilities (B,)."""
        length = len(prompts[0])
        prompts_BL = torch.tensor(prompts, device=self.device)
        state.reset(prompts_BL, draws, self._checkpoint.timestamp_begin_id)
        self._mask_P.copy_(self._as_mask(self._positions_P < length))
        self._cache.forget_text()
        states_BLE = self._prompt_states(prompts_BL)
        sot = prompts[0].index(self._checkpoint.sot_id)
        logits_B2V = self.logits(torch.stack((states_BLE[:, sot], states_BLE[:, -1]), dim=1))
        no_speech_id = self._checkpoint.no_speech_id
        no_speech = None if no_speech_id is None else logits_B2V[:, 0].softmax(-1)[:, no_speech_id]
        logits_BV = logits_B2V[:, 1].clone()
        self._rules_for(mode).apply_to_first(logits_BV)
        self._choose(logits_BV, state, mode)
        return no_speech

    def _run(self, state: BatchState, length: int, limit: int, advance: Callable[[], None]) -> int:
        """Run steps; return how many tokens each window has now."""
        attended = 0
        for count in range(1, limit):
            if count % self._check_every == 0 and bool(state.finished_B1.all()):
                return count
            if not self._graphs.enabled and length + count > attended:
                attended = self._attended(length + count)
                self._select_for_step(state, attended)
            advance()
        return limit

    def _step(self, state: BatchState, mode: StepMode) -> None:
        """Feed the last token of every window to the decoder and choose the next."""
        self._mask_P.index_fill_(0, state.position_1, self._seen)
        tokens_B1 = state.tokens_BP.index_select(1, state.position_1)
        states_B1E = self._states(tokens_B1, state.position_1, self._step_mask)
        logits_BV = self.logits(states_B1E[:, 0])
        self._rules_for(mode).apply(logits_BV, state.timestamps)
        self._choose(logits_BV, state, mode)

    def _choose(self, logits_BV: torch.Tensor, state: BatchState, mode: StepMode) -> None:
        """Pick the next token of every window and write it down; finished ones get EOT."""
        position = state.position_1.add_(1)
        if mode.sampled:
            draws_B1 = state.draws_BP.index_select(1, position)
            picked_B1 = _draw(logits_BV / state.temperature_1, draws_B1)
        else:
            picked_B1 = logits_BV.argmax(-1, keepdim=True)
        eot_id = self._checkpoint.eot_id
        tokens_B1 = picked_B1.masked_fill(state.finished_B1, eot_id)
        log_probs_B1 = logits_BV.gather(1, tokens_B1) - logits_BV.logsumexp(-1, keepdim=True)
        state.tokens_BP.index_copy_(1, position, tokens_B1)
        state.log_probs_BP.index_copy_(1, position, log_probs_B1)
        if mode.margins:
            best_B2 = logits_BV.topk(2).values
            state.margins_BP.index_copy_(1, position, best_B2[:, :1] - best_B2[:, 1:])
        state.finished_B1 |= tokens_B1 == eot_id
        if mode.timestamps:
            state.timestamps.append(tokens_B1, self._checkpoint.timestamp_begin_id)

    def _states(
        self, tokens_BL: torch.Tensor, positions_L: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """Return the decoder's output (B, L, E) for tokens at given positions."""
        decoder = self._decoder
        places_LE = decoder.embed_positions.weight.index_select(0, positions_L)
        states = decoder.embed_tokens(tokens_BL) + places_LE
        for layer in decoder.layers:
            states = layer(
                states,
                attention_mask=mask,
                encoder_hidden_states=states,  # only asked whether it is there: the cache answers
                past_key_values=self._cache,
            )
            if isinstance(states, tuple):  # transformers 4
                states = states[0]
        states = decoder.layer_norm(states)
        self._note_overflows(len(states))
        return states

    def _watching(self, batch_size: int) -> AbstractContextManager[None]:
        return self._watch.watching(batch_size) if self._watch else nullcontext()

    def _note_overflows(self, batch_size: int) -> None:
        """Keep on the device which windows overflowed since this was last done."""
        if self._watch:
            self._room.is_sound_B1[:batch_size] &= self._watch.is_sound()[:, None]

    def _select_for_step(self, state: BatchState, attended: int) -> None:
        self._cache.select(len(state.tokens_BP), attended, state.position_1)
        self._step_mask = self._mask_P[None, None, None, :attended]

    def _attended(self, length: int) -> int:
        """Return how many positions of the cache are looked at when ``length`` are in use."""
        return min(-(-length // _LENGTH_STEP) * _LENGTH_STEP, self._checkpoint.max_positions)

    def _as_mask(self, is_seen: torch.Tensor) -> torch.Tensor:
        """Return a mask as the attention kernel wants it: bool, or what is added to its scores."""
        if self._mask_is_bool:
            return is_seen
        return torch.zeros_like(is_seen, dtype=self.dtype).masked_fill_(~is_seen, -inf)

    def _rules_for(self, mode: StepMode) -> DecodeRules:
        if mode.timestamps not in self._rules:
            self._rules[mode.timestamps] = DecodeRules(
                self._checkpoint, mode.timestamps, self.device
            )
        return self._rules[mode.timestamps]

    def _padded(self, batch_size: int) -> int:
        """Return the batch size a graph is recorded for: a power of two, so that few are."""
        return 1 << (batch_size - 1).bit_length() if self._graphs.enabled else batch_size

    def _reserve(self, batch_size: int) -> None:
        if self._cache.reserve(batch_size):
            self._graphs.clear()
            self._room = BatchState(batch_size, self._checkpoint.max_positions, self.device)
            self._speech = None


def _draw(logits_BV: torch.Tensor, draws_B1: torch.Tensor) -> torch.Tensor:
    """Draw a token (B, 1) of each window by inverting its cumulative distribution."""
    cumulated_BV = logits_BV.softmax(-1).cumsum(-1)
    aim_B1 = draws_B1 * _BELOW_ONE * cumulated_BV[:, -1:]
    passed_B1 = (cumulated_BV <= aim_B1).sum(-1, keepdim=True)
    return passed_B1.clamp_(max=logits_BV.shape[1] - 1)
