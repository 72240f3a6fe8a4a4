"""The decoder's layers for one token of every window.

transformers' layers take sequences of any length, with or without a cache, and decide anew at every
call what that is. For a single token there is nothing to decide: the operators are the same ones in
the same order, on the weights of the same modules, with a third of the calls around them.

B windows in a batch, H heads, D width of a head, E width of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import layer_norm, linear, scaled_dot_product_attention

from speech_toolkit.device.names import is_card
from speech_toolkit.transcription.decoding.cache import KeysValues, SlotCache

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import (
        WhisperAttention,
        WhisperDecoder,
        WhisperDecoderLayer,
    )


class SingleTokenLayers:
    """The layers of a decoder whose attention runs by torch's own kernel.

    Args:
        decoder: on its device, in evaluation mode.
    """

    def __init__(self, decoder: WhisperDecoder) -> None:
        self._layers = [_Layer(layer) for layer in decoder.layers]

    def __call__(
        self, states_B1E: torch.Tensor, mask: torch.Tensor | None, cache: SlotCache
    ) -> torch.Tensor:
        """Return the last layer's output (B, 1, E).

        Args:
            states_B1E: embedded tokens.
            mask: bool (B, 1, 1, positions), which are attended to; None for all.
            cache: of the text so far and the speech.
        """
        text, speech = cache.self_attention_cache, cache.cross_attention_cache.layers
        for index, layer in enumerate(self._layers):
            states_B1E = layer.attend_to_text(
                states_B1E,
                mask,
                lambda keys, values, index=index: text.update(keys, values, index),
            )
            states_B1E = layer.attend_to_speech(states_B1E, speech[index])
            states_B1E = layer.think(states_B1E)
        return states_B1E


class _Layer:
    """One layer; its modules' parameters are at hand."""

    def __init__(self, layer: WhisperDecoderLayer) -> None:
        self._text = _Attention(layer.self_attn)
        self._speech = _Attention(layer.encoder_attn)
        self._norms = [
            (norm.normalized_shape, norm.weight, norm.bias, norm.eps)
            for norm in (
                layer.self_attn_layer_norm,
                layer.encoder_attn_layer_norm,
                layer.final_layer_norm,
            )
        ]
        self._inner = (layer.fc1.weight, layer.fc1.bias)
        self._outer = (layer.fc2.weight, layer.fc2.bias)
        self._activation = layer.activation_fn

    def attend_to_text(
        self,
        states_B1E: torch.Tensor,
        mask: torch.Tensor | None,
        store: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
    ) -> torch.Tensor:
        normal_B1E = layer_norm(states_B1E, *self._norms[0])
        keys, values = store(*self._text.keys_values(normal_B1E))
        return states_B1E + self._text.attend(normal_B1E, keys, values, mask)

    def attend_to_speech(self, states_B1E: torch.Tensor, speech: KeysValues) -> torch.Tensor:
        normal_B1E = layer_norm(states_B1E, *self._norms[1])
        return states_B1E + self._speech.attend(normal_B1E, speech.keys, speech.values)

    def think(self, states_B1E: torch.Tensor) -> torch.Tensor:
        inner = self._activation(linear(layer_norm(states_B1E, *self._norms[2]), *self._inner))
        return states_B1E + linear(inner, *self._outer)


class _Attention:
    def __init__(self, attention: WhisperAttention) -> None:
        projections = (attention.q_proj, attention.k_proj, attention.v_proj, attention.out_proj)
        self._query, self._key, self._value, self._out = (
            (each.weight, each.bias) for each in projections
        )
        self._scaling = attention.scaling
        self._heads = (-1, attention.num_heads, 1, attention.head_dim)
        weight = attention.q_proj.weight
        self._by_products = not is_card(weight.device.type) and weight.dtype is torch.float32

    def keys_values(self, states_B1E: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and the values (B, H, 1, D) of tokens."""
        keys, values = linear(states_B1E, *self._key), linear(states_B1E, *self._value)
        return keys.view(self._heads), values.view(self._heads)

    def attend(
        self,
        states_B1E: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return what attention adds (B, 1, E).

        The queries are scaled before the product, as in openai/whisper: another order rounds
        otherwise.
        """
        query_BH1D = (linear(states_B1E, *self._query) * self._scaling).view(self._heads)
        if mask is None and self._by_products:
            seen = _by_products(query_BH1D, keys, values)
        else:
            seen = scaled_dot_product_attention(query_BH1D, keys, values, attn_mask=mask, scale=1.0)
        return linear(seen.reshape(states_B1E.shape), *self._out)


def _by_products(
    query_BH1D: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
) -> torch.Tensor:
    """Return the attention of a single query: on a CPU two thirds of the time of torch's kernel."""
    query, keys, values = (each.flatten(0, 1) for each in (query_BH1D, keys, values))
    weights = torch.bmm(query, keys.transpose(1, 2)).softmax(-1)
    return torch.bmm(weights, values).view(query_BH1D.shape)
