"""The decoder's work: prompts at once, then one token of every window a step.

B windows in a batch, L tokens of a prompt, P positions of the decoder, V vocabulary, E width of
the model.

All that a step reads and writes is allocated once and changed in place, so that a step can be
recorded as a graph and memory stays flat over many files. Each window is in a slot of its own and
has its own position, so that one may begin while others are under way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import embedding

from speech_toolkit.checkpoint.overflow import OverflowWatch
from speech_toolkit.transcription.decoding.batch_state import (
    BatchState,
    Generated,
    Start,
    StepMode,
)
from speech_toolkit.transcription.decoding.cache import (
    KeysValues,
    ReadingCache,
    SlotCache,
    project_speech,
)
from speech_toolkit.transcription.decoding.choice import TokenChoice
from speech_toolkit.transcription.decoding.graph import DecodeGraphs
from speech_toolkit.transcription.decoding.layers import SingleTokenLayers
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import WhisperAttention, WhisperDecoder

_LENGTH_STEP = 128  # in these the positions that a graph attends to grow, so that few are recorded


@dataclass(frozen=True)
class Speech:
    """The speech of B windows as the decoder's layers look at it.

    Attributes:
        layers: keys and values of each layer.
        is_sound_B: whether they were computed without an overflow; None where nobody looked.
    """

    layers: list[KeysValues]
    is_sound_B: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.layers[0].keys)


class DecodeLoop:
    """The decoder of one model with the memory for the windows that it writes.

    Args:
        decoder: on its device.
        project: from its output to logits.
        checkpoint: the model's.
        graphs: records the steps, or does not.
        watch: looks at the decoder where an overflow would not show in its output.

    Attributes:
        device: where the model is.
        dtype: in which it computes.
        lease: another number whenever the memory is given to other windows, or back.
    """

    def __init__(
        self,
        decoder: WhisperDecoder,
        project: torch.nn.Linear,
        checkpoint: WhisperCheckpoint,
        graphs: DecodeGraphs,
        watch: OverflowWatch | None = None,
    ) -> None:
        self._decoder = decoder
        self._project = project
        self._checkpoint = checkpoint
        self._graphs = graphs
        self._watch = watch
        self.device, self.dtype = decoder.device, decoder.dtype
        self.lease = 0
        self._cache = SlotCache(decoder.config, like=decoder.embed_positions.weight)
        self._mask_is_bool = decoder.config._attn_implementation != "eager"
        self._positions_P = torch.arange(checkpoint.max_positions, device=decoder.device)
        self._seen = True if self._mask_is_bool else 0.0
        self._choice = TokenChoice(checkpoint, decoder.device)
        self._room: BatchState | None = None
        is_plain = decoder.config._attn_implementation == "sdpa" and watch is None
        self._single = SingleTokenLayers(decoder) if is_plain else None

    def speech(self, states_BFE: torch.Tensor) -> Speech:
        """Return what the decoder looks at of the encoder's states."""
        with self._watching(len(states_BFE)):
            layers = project_speech(list(self._decoder.layers), states_BFE.to(self.dtype))
        return Speech(layers, self._watch.is_sound() if self._watch else None)

    def read(self, tokens_BL: torch.Tensor, speech: Speech) -> tuple[torch.Tensor, torch.Tensor]:
        """Let the decoder read whole sequences over speech.

        Returns:
            Its output (B, L, E), and of which windows nothing overflowed, as far as anybody
            looked, bool (B,).
        """
        with self._watching(len(tokens_BL)):
            states_BLE = self._read(tokens_BL, ReadingCache(speech.layers))
        return states_BLE, self._noted(speech, len(tokens_BL))

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return float32 logits (..., V) of the decoder's output."""
        return self._project(states).float()

    def cross_attention(self, layer: int) -> WhisperAttention:
        """Return the module with which a layer attends to the speech."""
        return self._decoder.layers[layer].encoder_attn

    def reserve(self, slots: int) -> None:
        """Make room for windows; those that were there are lost."""
        self.lease += 1
        slots = self._graphs.room_for(slots)
        if self._cache.reserve(slots):
            self._graphs.clear()
            unseen = self._as_mask(self._positions_P[:1] < 0)
            self._room = BatchState(slots, self._checkpoint.max_positions, unseen)

    def release(self) -> None:
        """Give all memory of the batches back."""
        self.lease += 1
        self._graphs.clear()
        self._cache.release()
        self._room = None

    def begin(
        self, slots: Sequence[int], starts: Sequence[Start], speech: Speech, mode: StepMode
    ) -> None:
        """Put windows into slots, read their prompts and choose their first tokens.

        Prompts of other lengths are filled up behind their ends, where no token looks.
        """
        lengths = [len(start.prompt) for start in starts]
        eot_id, longest = self._checkpoint.eot_id, max(lengths)
        padded = [[*s.prompt, *[eot_id] * (longest - len(s.prompt))] for s in starts]
        tokens_BL = torch.tensor(padded, device=self.device)
        state = self._started(tokens_BL, lengths, starts)
        cache = ReadingCache(speech.layers)
        with self._watching(len(starts)):
            states_BLE = self._read(tokens_BL, cache)
        state.is_sound_B1[:, 0] = self._noted(speech, len(starts))
        logits_BV = self._first_logits(states_BLE, starts, state)
        self._choice.choose_first(logits_BV, state, mode)
        slots_B = torch.tensor(slots, device=self.device)
        self._cache.fill(slots_B, speech.layers, cache.self_attention_cache.layers)
        self._room.put(slots_B, state)

    def steps(self, count: int, slots: int, last: Sequence[int], mode: StepMode) -> None:
        """Take some steps with the first slots; they are launched, not waited for.

        Args:
            count: of the steps.
            slots: how many slots are in use.
            last: the position of the last token in each of them.
            mode: see there.
        """
        longest, is_even = max(last), min(last) == max(last)
        with self._watching(slots):
            for ahead in range(count):
                attended = min(longest + ahead + 1, self._checkpoint.max_positions)
                self._step_for(slots, attended, is_even, mode)()

    def finished(self, slots: int) -> list[bool]:
        """Tell which of the first slots have come to the end of their text."""
        return self._room.finished_B1[:slots, 0].tolist()

    def generated(self, slots: Sequence[int]) -> Generated:
        """Return what some slots have generated."""
        rows_B = torch.tensor(slots, device=self.device)
        room = self._room
        has_no_speech = self._checkpoint.no_speech_id is not None
        return Generated(
            tokens_BP=room.tokens_BP[rows_B].cpu(),
            log_probs_BP=room.log_probs_BP[rows_B].cpu(),
            margins_BP=room.margins_BP[rows_B].cpu(),
            no_speech_probs_B=room.no_speech_B1[rows_B, 0].cpu() if has_no_speech else None,
            is_sound_B=room.is_sound_B1[rows_B, 0].cpu(),
        )

    def move(self, source: int, target: int) -> None:
        """Let a window go on in another slot."""
        self._cache.move(source, target)
        self._room.move(source, target)

    def _started(
        self, tokens_BL: torch.Tensor, lengths: Sequence[int], starts: Sequence[Start]
    ) -> BatchState:
        """Return the state of windows whose last token is that of their prompts."""
        checkpoint = self._checkpoint
        unseen = self._as_mask(self._positions_P[:1] < 0)
        state = BatchState(len(starts), checkpoint.max_positions, unseen)
        state.tokens_BP[:, : tokens_BL.shape[1]] = tokens_BL
        lengths_B1 = torch.tensor(lengths, device=self.device)[:, None]
        state.mask_BP.copy_(self._as_mask(self._positions_P < lengths_B1))
        state.position_B1.copy_(lengths_B1 - 1)
        state.timestamps.reset(checkpoint.timestamp_begin_id)
        if any(start.temperature for start in starts):
            temperatures = torch.tensor([[start.temperature] for start in starts])
            state.temperature_B1.copy_(temperatures)
            drawn = [row for row, start in enumerate(starts) if start.draws_P is not None]
            draws = torch.stack([starts[row].draws_P for row in drawn])
            state.draws_BP[drawn] = draws.to(self.device)
        return state

    def _first_logits(
        self, states_BLE: torch.Tensor, starts: Sequence[Start], state: BatchState
    ) -> torch.Tensor:
        """Return the logits (B, V) behind the prompts; note the no-speech probabilities."""
        sot_id, no_speech_id = self._checkpoint.sot_id, self._checkpoint.no_speech_id
        sots_B1 = torch.tensor([[list(start.prompt).index(sot_id)] for start in starts])
        places_B2 = torch.cat((sots_B1.to(self.device), state.position_B1), dim=1)
        index_B2E = places_B2[:, :, None].expand(-1, -1, states_BLE.shape[-1])
        logits_B2V = self.logits(states_BLE.gather(1, index_B2E))
        if no_speech_id is not None:
            state.no_speech_B1[:, 0] = logits_B2V[:, 0].softmax(-1)[:, no_speech_id]
        return logits_B2V[:, 1].clone()

    def _read(self, tokens_BL: torch.Tensor, cache: ReadingCache) -> torch.Tensor:
        positions_L = self._positions_P[: tokens_BL.shape[1]]
        mask = self._as_mask(positions_L <= positions_L[:, None])
        return self._states(tokens_BL, positions_L, mask[None, None], cache)

    def _step_for(
        self, slots: int, attended: int, is_even: bool, mode: StepMode
    ) -> Callable[[], None]:
        """Return what runs the next step; a graph takes some slots and positions more."""
        if self._graphs.enabled:
            attended = min(-(-attended // _LENGTH_STEP) * _LENGTH_STEP, len(self._positions_P))
        key = (attended, mode)
        size = self._graphs.size_for(key, slots, self._cache.capacity)
        is_all_seen = is_even and not self._graphs.enabled  # nobody looks at less than there is

        def step() -> None:  # a replay needs none of these views, some hundreds in many layers
            state = self._room.part(size)
            mask = None if is_all_seen else state.mask_BP[:, None, None, :attended]
            self._cache.select(size, attended)
            self._step(state, mask, mode)

        return self._graphs.prepare(key, size, step, lambda: self._undoing(size))

    def _undoing(self, size: int) -> Callable[[], None]:
        """Return what undoes the steps that are taken from now on."""
        state = self._room.part(size)
        before = state.copy()
        return lambda: state.restore(before)

    def _step(self, state: BatchState, mask: torch.Tensor | None, mode: StepMode) -> None:
        """Feed the last token of every window to the decoder and choose the next."""
        if self._watch:
            self._watch.batch_size = len(state.tokens_BP)
        state.mask_BP.scatter_(1, state.position_B1, self._seen)
        self._cache.write_at(state.position_B1)
        tokens_B1 = state.tokens_BP.gather(1, state.position_B1)
        states_B1E = self._states(tokens_B1, state.position_B1, mask, self._cache)
        if self._watch:
            state.is_sound_B1 &= self._watch.is_sound()[:, None]
        logits_BV = self.logits(states_B1E[:, 0])
        self._choice.choose(logits_BV, state, mode)

    def _states(
        self,
        tokens_BL: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        cache: ReadingCache | SlotCache,
    ) -> torch.Tensor:
        """Return the decoder's output (B, L, E) for tokens at positions (L,) or (B, L)."""
        decoder = self._decoder
        places = embedding(positions, decoder.embed_positions.weight)
        states = decoder.embed_tokens(tokens_BL) + places
        if self._single and isinstance(cache, SlotCache):
            return decoder.layer_norm(self._single(states, mask, cache))
        for layer in decoder.layers:
            states = layer(
                states,
                attention_mask=mask,
                encoder_hidden_states=states,  # only asked whether it is there: the cache answers
                past_key_values=cache,
            )
            if isinstance(states, tuple):  # transformers 4
                states = states[0]
        return decoder.layer_norm(states)

    def _watching(self, batch_size: int) -> AbstractContextManager[None]:
        return self._watch.watching(batch_size) if self._watch else nullcontext()

    def _noted(self, speech: Speech, batch_size: int) -> torch.Tensor:
        """Return which windows overflowed neither in their speech nor since, bool (B,)."""
        if self._watch is None:
            return torch.ones(batch_size, dtype=torch.bool, device=self.device)
        is_sound_B = self._watch.is_sound()
        return is_sound_B if speech.is_sound_B is None else is_sound_B & speech.is_sound_B

    def _as_mask(self, is_seen: torch.Tensor) -> torch.Tensor:
        """Return a mask as the attention kernel wants it: bool, or what is added to its scores."""
        if self._mask_is_bool:
            return is_seen
        return torch.zeros_like(is_seen, dtype=self.dtype).masked_fill_(~is_seen, -inf)
