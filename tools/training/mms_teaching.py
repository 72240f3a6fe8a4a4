"""The small aligner, and what it is taught.

B rows, N samples, T frames of 20 ms, V letters of the vocabulary, P phones, S slots of 5 ms.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from training_data import BLANK, NO_PHONE, PHONES, SLOTS_PER_FRAME, VOCABULARY

PHONE_LAYER = 3
_SLOT_WEIGHTS = (0.1, 0.2, 0.2, 0.2, 0.2, 0.1)  # from 5 ms before a frame to 5 ms after it


class TeachingModel(nn.Module):
    """The aligner and the phone head that is dropped at export."""

    def __init__(self, aligner: nn.Module) -> None:
        super().__init__()
        self.aligner = aligner
        width = aligner.config.hidden_size
        self.phone_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(PHONES)))
        layers = aligner.wav2vec2.encoder.layers
        layers[PHONE_LAYER - 1].register_forward_hook(self._keep_middle)

    def forward(
        self, samples: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Samples (B, N) to letter logits (B, T, V) and phone logits (B, T, P)."""
        encoder = self.aligner.wav2vec2
        features = encoder.feature_extractor(samples).transpose(1, 2)
        hidden, _ = encoder.feature_projection(features)
        if mask is not None:
            hidden = hidden * mask[:, : hidden.shape[1], None]
        letters = self.aligner.lm_head(encoder.encoder(hidden).last_hidden_state)
        return letters, self.phone_head(self._middle)

    def _keep_middle(self, layer: nn.Module, inputs: object, output: object) -> None:
        self._middle = output[0] if isinstance(output, tuple) else output


def build_aligner() -> nn.Module:
    """A new Wav2Vec2ForCTC of 3 million parameters."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(
        vocab_size=len(VOCABULARY),
        hidden_size=192,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=768,
        conv_dim=(24, 32, 48, 64, 96, 128, 160),
        conv_kernel=(10, 3, 3, 3, 3, 2, 2),
        conv_stride=(5, 2, 2, 2, 2, 2, 2),
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=64,
        num_conv_pos_embedding_groups=16,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        mask_time_prob=0.0,
        mask_feature_prob=0.0,
        pad_token_id=BLANK,
        bos_token_id=None,
        eos_token_id=VOCABULARY["</s>"],
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
    )
    config._attn_implementation = "eager"
    return Wav2Vec2ForCTC(config)


def letter_loss(log_probs: torch.Tensor, letters: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every frame with the letters heard in its 30 ms.

    Args:
        log_probs: float (B, T, V).
        letters: int64 (B, S), S slots of 5 ms, four to a frame.
    """
    frames = log_probs.shape[1]
    padded = functional.pad(letters, (1, SLOTS_PER_FRAME + 1))
    slots = padded.unfold(1, len(_SLOT_WEIGHTS), SLOTS_PER_FRAME)[:, :frames]
    weights = log_probs.new_tensor(_SLOT_WEIGHTS)
    return -(log_probs.gather(2, slots) * weights).sum(2).mean()


def phone_loss(logits: torch.Tensor, phones: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every frame with the phone in its middle; phones are int64 (B, S)."""
    middle = phones[:, SLOTS_PER_FRAME // 2 :: SLOTS_PER_FRAME][:, : logits.shape[1]]
    return functional.cross_entropy(logits.float().transpose(1, 2), middle, ignore_index=NO_PHONE)


def row_ctc_loss(log_probs: torch.Tensor, letter_starts: torch.Tensor) -> torch.Tensor:
    """CTC over whole rows, per letter; `letter_starts` holds an id where a letter begins."""
    counts = (letter_starts > 0).sum(1)
    frames = torch.full((len(log_probs),), log_probs.shape[1])
    targets = letter_starts[letter_starts > 0]
    loss = functional.ctc_loss(
        log_probs.transpose(0, 1), targets, frames, counts, BLANK, "sum", zero_infinity=True
    )
    return loss / counts.sum().clamp(min=1)


def draw_mask(
    rows: int, frames: int, spans: int, longest: int, generator: torch.Generator
) -> torch.Tensor:
    """Draw which frames are silenced inside the model.

    Args:
        rows: B.
        frames: T.
        spans: How many spans a row loses.
        longest: Frames that a span stays below.
        generator: Source of chance.

    Returns:
        float (B, T), 0 where a frame is silenced, else 1.
    """
    mask = torch.ones(rows, frames)
    for row in mask:
        for start in torch.randint(frames, (spans,), generator=generator).tolist():
            length = torch.randint(1, longest, (), generator=generator)
            row[start : start + int(length)] = 0
    return mask
