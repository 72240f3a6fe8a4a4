"""The small Whisper model, and what is added to it while it learns.

B rows, T encoder frames of 20 ms, D width, L tokens, P phones, W words of the domain.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from training_data import NO_PHONE, PHONES
from whisper_domain import WORDS
from whisper_tokens import TokenIds

PHONE_LAYER = 1
GUIDED_HEADS = ((1, 0), (1, 1), (2, 0))  # (decoder layer, head) that look at the next word
TRACKING_HEAD = (0, 0)  # looks at the word just written
IGNORED = -100


@dataclass(frozen=True)
class Shape:
    """Sizes of the model: 3.9 million parameters."""

    width: int = 192
    heads: int = 4
    encoder_layers: int = 4
    decoder_layers: int = 3
    encoder_hidden: int = 640
    decoder_hidden: int = 384
    mel_bins: int = 128


def build_whisper(ids: TokenIds, shape: Shape = Shape()) -> nn.Module:
    """A new WhisperForConditionalGeneration for the tokens `ids`."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=ids.count,
        num_mel_bins=shape.mel_bins,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        encoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.encoder_hidden,
        decoder_layers=shape.decoder_layers,
        decoder_attention_heads=shape.heads,
        decoder_ffn_dim=shape.decoder_hidden,
        max_source_positions=1500,
        max_target_positions=448,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        pad_token_id=ids.end,
        bos_token_id=ids.end,
        eos_token_id=ids.end,
        decoder_start_token_id=ids.start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    _look_nearby(model.model.encoder)
    return model


def _look_nearby(encoder: nn.Module) -> None:
    """Start every encoder head as one that looks at a fixed distance, nearer in lower layers.

    Queries and keys pick the fast sines of the position; the query turns them by the distance, so
    that the product peaks there. It saves the model the time to find out that sound is local.
    """
    distances = ((-3, -1, 1, 3), (-7, -3, 3, 7), (-14, -5, 5, 14), (-26, -9, 9, 26))
    width = encoder.layer_norm.normalized_shape[0]
    half = width // 2
    rates = torch.exp(-torch.arange(half) * (torch.log(torch.tensor(10000.0)) / (half - 1)))
    for depth, (layer, heads) in enumerate(zip(encoder.layers, distances, strict=True)):
        attention = layer.self_attn
        pairs = attention.head_dim // 2
        first = 5 * depth
        used = torch.arange(first, first + pairs)
        strength = 1.6
        with torch.no_grad():
            attention.q_proj.weight.mul_(0.3)
            attention.k_proj.weight.mul_(0.3)
            for head, distance in enumerate(heads):
                rows = head * 2 * pairs + torch.arange(pairs)
                turn = rates[used] * distance
                key, query = attention.k_proj.weight, attention.q_proj.weight
                key[rows, used] += strength
                key[rows + pairs, used + half] += strength
                query[rows, used] += strength * turn.cos()
                query[rows, used + half] += strength * turn.sin()
                query[rows + pairs, used + half] += strength * turn.cos()
                query[rows + pairs, used] -= strength * turn.sin()


class TeachingModel(nn.Module):
    """Whisper with heads for phones and words, dropped at export.

    The embeddings of the timestamps are a linear map of the encoder's position sines, so that all
    of them learn from each.
    """

    def __init__(self, whisper: nn.Module, ids: TokenIds) -> None:
        super().__init__()
        self.whisper, self.ids = whisper, ids
        encoder, decoder = whisper.model.encoder, whisper.model.decoder
        encoder.config = copy.deepcopy(encoder.config)
        for layer in encoder.layers:
            layer.self_attn.config = encoder.config
        encoder.config._attn_implementation = "sdpa"
        decoder.config._attn_implementation = "eager"
        width = whisper.config.d_model
        self.phone_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(PHONES)))
        self.context_head = nn.Linear(width, 3 * len(PHONES))
        self.word_head = nn.Linear(width, len(WORDS) + 1)
        self.text_table = nn.Parameter(torch.randn(ids.first_timestamp, width) * 0.05)
        self.time_map = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.time_map.weight)
        self.time_map.weight.data.mul_(0.1)
        decoder.embed_tokens.weight.requires_grad_(False)

    def token_table(self) -> torch.Tensor:
        """Embeddings of all tokens, (V, D)."""
        sines = self.whisper.model.encoder.embed_positions.weight
        sines = torch.cat([sines, sines[-1:]])
        return torch.cat([self.text_table, self.time_map(sines)])

    @torch.no_grad()
    def read(self, folder: Path) -> None:
        """Take the weights of an exported model; the added heads stay as they are."""
        from transformers import WhisperForConditionalGeneration

        self.whisper.load_state_dict(
            WhisperForConditionalGeneration.from_pretrained(folder).state_dict()
        )
        table = self.whisper.model.decoder.embed_tokens.weight
        self.text_table.copy_(table[: self.ids.first_timestamp])
        sines = self.whisper.model.encoder.embed_positions.weight
        stamps = table[self.ids.first_timestamp :][: len(sines)]
        mapped = torch.linalg.lstsq(sines.double(), stamps.double(), rcond=1e-4, driver="gelsd")
        self.time_map.weight.copy_(mapped.solution.T)

    def hear(
        self, mel: torch.Tensor, first_frames: torch.Tensor, apart: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode parts of windows.

        Args:
            mel: float (B, M, 2 T).
            first_frames: int64 (B,), where each begins in its window of 1500 frames.
            apart: The phones teach their head alone, not the layers below.

        Returns:
            The encoder's output (B, T, D) and the phone logits of a middle layer (B, T, P).
        """
        encoder = self.whisper.model.encoder
        hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel))))
        hidden = hidden.transpose(1, 2)
        positions = first_frames[:, None] + torch.arange(hidden.shape[1])
        hidden = hidden + encoder.embed_positions.weight[positions]
        phones = None
        for depth, layer in enumerate(encoder.layers):
            hidden = layer(hidden, None)
            if depth == PHONE_LAYER:
                phones = self.phone_head(hidden.detach() if apart else hidden)
        return encoder.layer_norm(hidden), phones

    def write(
        self, heard: torch.Tensor, tokens: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Logits (B, L, V) of the next tokens and the cross-attention of every layer."""
        table = self.token_table()
        output = self.whisper.model.decoder(
            inputs_embeds=functional.embedding(tokens, table),
            encoder_hidden_states=heard,
            use_cache=False,
            output_attentions=True,
        )
        return output.last_hidden_state @ table.T, output.cross_attentions


def phone_losses(
    middle: torch.Tensor, context: torch.Tensor, phones: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of the phone of every frame, and of it and its neighbours.

    Args:
        middle: Logits (B, T, P) of a middle layer.
        context: Logits (B, T, 3 P) of the last layer.
        phones: int64 (B, 3, T): the phone, the one before and the one after.
    """
    now = functional.cross_entropy(
        middle.float().transpose(1, 2), phones[:, 0], ignore_index=NO_PHONE
    )
    split = context.float().unflatten(2, (3, -1)).permute(0, 3, 2, 1)
    return now, functional.cross_entropy(split, phones, ignore_index=NO_PHONE)


def attention_loss(weights: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """How much of the attention falls outside the frames it should look at.

    Args:
        weights: float (B, L, T), attention of one head.
        spans: int64 (B, L, 2), first frame and the frame after the last; empty where nothing is
            asked.
    """
    asked = spans[..., 1] > spans[..., 0]
    if not asked.any():
        return weights.sum() * 0
    total = functional.pad(weights.float().cumsum(2), (1, 0))
    inside = total.gather(2, spans[..., 1:]) - total.gather(2, spans[..., :1])
    return -(inside[..., 0][asked] + 1e-4).log().mean()
