"""Models of published shapes with random weights, for benchmarks that cannot have the real ones.

The weights are of a trained model's scale: every product keeps the size of its input, what a layer
adds to the residual stream is small beside it, and the logits spread over some ten nats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ALIGNER, WHISPER = "mms-300m", "distil-large-v3"
LOGITS_SPREAD = 5.0
_SHAPES: dict[str, dict[str, Any]] = {
    ALIGNER: {
        "vocab_size": 31,
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "conv_bias": True,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "num_conv_pos_embeddings": 128,
        "num_conv_pos_embedding_groups": 16,
        "pad_token_id": 0,
    },
    WHISPER: {
        "vocab_size": 51866,
        "num_mel_bins": 128,
        "d_model": 1280,
        "encoder_layers": 32,
        "decoder_layers": 2,
        "encoder_attention_heads": 20,
        "decoder_attention_heads": 20,
        "encoder_ffn_dim": 5120,
        "decoder_ffn_dim": 5120,
    },
}
_LAYERS = {ALIGNER: "num_hidden_layers", WHISPER: "encoder_layers"}
_ADDS_TO_THE_STREAM = ("out_proj", "output_dense", "fc2")


def random_shape(name: str, layers: int | None = None) -> PreTrainedModel:
    """Return the model in float32 on the host, in evaluation mode; always the same weights.

    Args:
        name: ``ALIGNER`` or ``WHISPER``.
        layers: of the encoder; None for as many as the published model has.
    """
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2ForCTC,
        WhisperConfig,
        WhisperForConditionalGeneration,
    )

    classes = {
        ALIGNER: (Wav2Vec2ForCTC, Wav2Vec2Config),
        WHISPER: (WhisperForConditionalGeneration, WhisperConfig),
    }
    model_class, config_class = classes[name]
    sizes = _SHAPES[name] | ({_LAYERS[name]: layers} if layers else {})
    torch.manual_seed(0)
    model = model_class(config_class(**sizes)).eval()
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if parameter.dim() > 1 and not path.endswith("original0"):
                parameter.normal_(0, _deviation(path, parameter, sizes[_LAYERS[name]]))
    return model


def _deviation(path: str, parameter: Any, layers: int) -> float:
    inputs = parameter[0].numel()
    if path.startswith("lm_head") or "embed_tokens" in path:
        return LOGITS_SPREAD * inputs**-0.5
    if any(f".{name}." in path for name in _ADDS_TO_THE_STREAM):
        return (2 * layers * inputs) ** -0.5
    return 1.0 if "embed_positions" in path else inputs**-0.5
