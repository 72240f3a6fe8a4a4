"""Key/value cache of fixed shape, in the form that transformers' decoder layers ask for.

B windows in a batch, H heads, D width of a head, P positions of the decoder, F frames of the
encoder.

transformers' own caches grow with every token or copy the cross-attention's keys, and their
interface differs between its versions 4 and 5. Of it, a decoder layer of Whisper uses the few
names below, the same in both.
"""

from __future__ import annotations

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


class _SelfAttention:
    """Writes new keys and values at ``positions`` and returns those of the first positions."""

    def __init__(self) -> None:
        self.positions: torch.Tensor
        self.written: list[KeysValues] = []
        self.attended: list[KeysValues] = []

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, options: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store keys and values of shape (B, H, new positions, D)."""
        written, attended = self.written[layer], self.attended[layer]
        written.keys.index_copy_(2, self.positions, keys)
        written.values.index_copy_(2, self.positions, values)
        return attended.keys, attended.values


class _CrossAttention:
    """Holds the keys and values of the encoder's frames."""

    def __init__(self) -> None:
        self.layers: list[KeysValues] = []


class StaticCache(EncoderDecoderCache):
    """Memory for the largest batch so far; smaller batches use the first part of it.

    Attributes:
        capacity: windows that fit in.
        is_updated: tells every layer that the encoder's keys and values are there.
        self_attention_cache: as a decoder layer expects it.
        cross_attention_cache: likewise.
    """

    def __init__(self, config: WhisperConfig, like: torch.Tensor) -> None:
        self.capacity = 0
        self.is_updated = dict.fromkeys(range(config.decoder_layers), True)
        self.self_attention_cache = _SelfAttention()
        self.cross_attention_cache = _CrossAttention()
        self._config = config
        self._like = like
        self._text = self._speech = like.new_zeros((0, 2, 0))  # replaced by `reserve`

    def reserve(self, batch_size: int) -> bool:
        """Make room for a batch; tell whether memory was taken anew."""
        if batch_size <= self.capacity:
            return False
        self.release()
        config = self._config
        heads = config.decoder_attention_heads
        pairs = (config.decoder_layers, 2, batch_size, heads)  # 2: keys and values
        width = config.d_model // heads
        self._text = self._like.new_zeros((*pairs, config.max_target_positions, width))
        self._speech = self._like.new_zeros((*pairs, config.max_source_positions, width))
        self.capacity = batch_size
        return True

    def release(self) -> None:
        """Give the memory back."""
        self.capacity = 0
        self._text = self._speech = self._like.new_zeros((0, 2, 0))
        own = self.self_attention_cache
        own.written, own.attended, self.cross_attention_cache.layers = [], [], []

    def select(self, batch_size: int, length: int, positions: torch.Tensor) -> None:
        """Set what the layers see next.

        Args:
            batch_size: B.
            length: positions that a token may attend to; the mask sorts out which.
            positions: int64 of shape (new positions,) on the device: where they are written.
        """
        own = self.self_attention_cache
        own.written = [KeysValues(*layer[:, :batch_size]) for layer in self._text]
        own.attended = [KeysValues(*layer[:, :batch_size, :, :length]) for layer in self._text]
        own.positions = positions
        self.cross_attention_cache.layers = [
            KeysValues(*layer[:, :batch_size]) for layer in self._speech
        ]

    def load_speech(self, layers: list[WhisperDecoderLayer], states_BFE: torch.Tensor) -> None:
        """Compute every layer's keys and values of the encoder's states, once for a window.

        Args:
            layers: the decoder's.
            states_BFE: the encoder's output of shape (B, F, width of the model).
        """
        batch_size = len(states_BFE)
        for layer, cached in zip(layers, self._speech, strict=True):
            attention = layer.encoder_attn
            for project, target_BHFD in zip(
                (attention.k_proj, attention.v_proj), cached[:, :batch_size], strict=True
            ):
                split_BFHD = project(states_BFE).unflatten(-1, (target_BHFD.shape[1], -1))
                target_BHFD.copy_(split_BFHD.transpose(1, 2))

    def forget_text(self) -> None:
        """Clear the text's keys and values: what is masked must still be finite."""
        self._text.zero_()
