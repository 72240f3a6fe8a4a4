"""Keys and values of the decoder's attention in memory of fixed shape, as decoder layers ask for.

B windows in a batch, L tokens of a prompt, S slots, H heads, D width of a head, P positions of the
decoder, F frames of the encoder.

transformers' own caches grow with every token or copy the cross-attention's keys, and their
interface differs between its versions 4 and 5. Of it, a decoder layer of Whisper uses the few
names below, the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import EncoderDecoderCache

if TYPE_CHECKING:
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperDecoderLayer


@dataclass(frozen=True)
class KeysValues:
    """Keys and values of one layer.

    Attributes:
        keys: shape (B, H, positions or frames, D).
        values: likewise.
    """

    keys: torch.Tensor
    values: torch.Tensor


def project_speech(
    layers: Sequence[WhisperDecoderLayer], states_BFE: torch.Tensor
) -> list[KeysValues]:
    """Compute every layer's keys and values of the encoder's states.

    Args:
        layers: the decoder's.
        states_BFE: the encoder's output of shape (B, F, width of the model).
    """
    found = []
    for layer in layers:
        attention = layer.encoder_attn
        heads = (attention.num_heads, -1)
        projected = (attention.k_proj(states_BFE), attention.v_proj(states_BFE))
        found.append(KeysValues(*(each.unflatten(-1, heads).transpose(1, 2) for each in projected)))
    return found


class _SelfAttention:
    """Writes the keys and values of one token of each slot and returns those so far.

    Attributes:
        rows: where they are written, int64 of shape (B x H,): rows of all slots' positions.
        written: memory of each layer, its first three dimensions taken as one.
        attended: the positions that are looked at, by layer.
    """

    def __init__(self) -> None:
        self.rows: torch.Tensor
        self.written: list[KeysValues] = []
        self.attended: list[KeysValues] = []

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, options: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store keys and values of shape (B, H, 1, D)."""
        written, attended = self.written[layer], self.attended[layer]
        written.keys.index_copy_(0, self.rows, keys.reshape(-1, keys.shape[-1]))
        written.values.index_copy_(0, self.rows, values.reshape(-1, values.shape[-1]))
        return attended.keys, attended.values


class _ReadText:
    """Keeps the keys and values of text that is read at once, which attends to nothing before."""

    def __init__(self) -> None:
        self.layers: list[KeysValues] = []

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, options: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep keys and values of shape (B, H, L, D)."""
        self.layers.append(KeysValues(keys, values))
        return keys, values


class _CrossAttention:
    """Holds the keys and values of the encoder's frames."""

    def __init__(self, layers: list[KeysValues]) -> None:
        self.layers = layers


class ReadingCache(EncoderDecoderCache):
    """What the layers ask for while text is read at once.

    Args:
        speech: what the text was spoken in, by layer.

    Attributes:
        is_updated: tells every layer that the encoder's keys and values are there.
        self_attention_cache: the text's keys and values, as a decoder layer expects it.
        cross_attention_cache: the speech, likewise.
    """

    def __init__(self, speech: list[KeysValues]) -> None:
        self.is_updated = dict.fromkeys(range(len(speech)), True)
        self.self_attention_cache = _ReadText()
        self.cross_attention_cache = _CrossAttention(speech)


class SlotCache(EncoderDecoderCache):
    """Memory for S windows that are written at once, each in a slot of its own.

    Attributes:
        capacity: S.
        is_updated: tells every layer that the encoder's keys and values are there.
        self_attention_cache: as a decoder layer expects it.
        cross_attention_cache: likewise.
    """

    def __init__(self, config: WhisperConfig, like: torch.Tensor) -> None:
        self.capacity = 0
        self.is_updated = dict.fromkeys(range(config.decoder_layers), True)
        self.self_attention_cache = _SelfAttention()
        self.cross_attention_cache = _CrossAttention([])
        self._config = config
        self._like = like
        self.release()

    def reserve(self, slots: int) -> bool:
        """Make room for S slots; tell whether memory was taken anew, and what was there is lost."""
        if slots <= self.capacity:
            return False
        self.release()
        config = self._config
        heads, width = config.decoder_attention_heads, config.d_model
        shape = (config.decoder_layers, 2, slots, heads)  # 2: keys and values
        positions, frames = config.max_target_positions, config.max_source_positions
        self._text = self._like.new_zeros((*shape, positions, width // heads))
        self._speech = self._like.new_zeros((*shape, frames, width // heads))
        rows = torch.arange(slots * heads, device=self._like.device) * positions
        self._first_rows_SH = rows.view(slots, heads)
        self.self_attention_cache.written = [
            KeysValues(*layer.flatten(1, 3)) for layer in self._text
        ]
        self.capacity = slots
        return True

    def release(self) -> None:
        """Give the memory back."""
        self.capacity = 0
        self._text = self._speech = self._first_rows_SH = self._like.new_zeros((0, 2, 0))
        self.self_attention_cache = _SelfAttention()
        self.cross_attention_cache = _CrossAttention([])

    def select(self, slots: int, length: int) -> None:
        """Let the layers see the first slots, and of these the first ``length`` positions."""
        self.self_attention_cache.attended = [
            KeysValues(*layer[:, :slots, :, :length]) for layer in self._text
        ]
        self.cross_attention_cache.layers = [
            KeysValues(*layer[:, :slots]) for layer in self._speech
        ]

    def write_at(self, positions_B1: torch.Tensor) -> None:
        """Set at which position of each of the first slots the layers write."""
        rows_BH = self._first_rows_SH[: len(positions_B1)] + positions_B1
        self.self_attention_cache.rows = rows_BH.view(-1)

    def fill(self, slots_B: torch.Tensor, speech: list[KeysValues], text: list[KeysValues]) -> None:
        """Put windows and the first tokens of their text, which have been read, into slots.

        What is behind those tokens is masked, and must still be finite: a window before may have
        left anything.
        """
        self._text.index_fill_(2, slots_B, 0)
        for memory, layers in ((self._speech, speech), (self._text, text)):
            for kept, layer in zip(memory, layers, strict=True):
                length = layer.keys.shape[2]
                kept[0, :, :, :length].index_copy_(0, slots_B, layer.keys)
                kept[1, :, :, :length].index_copy_(0, slots_B, layer.values)

    def move(self, source: int, target: int) -> None:
        """Copy what one slot holds into another."""
        self._text[:, :, target] = self._text[:, :, source]
        self._speech[:, :, target] = self._speech[:, :, source]
