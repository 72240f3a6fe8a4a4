"""The keys of a ``config.json`` that shape a model, for each ``model_type`` that can be loaded.

They are handed to transformers, whose class fills in the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speech_toolkit.checkpoint.schema_parts import (
    ACTIVATION,
    FLAG,
    HEADS,
    ID,
    LARGEST_ID,
    LAYERS,
    MEL_BINS,
    RATE,
    SIZE,
    WIDTHS,
)
from speech_toolkit.files.schema_parts import Schema, number, object_of, or_null, whole

_OVER_WAVEFORM = {
    "activation_dropout": RATE,
    "attention_dropout": RATE,
    "conv_bias": FLAG,
    "conv_dim": WIDTHS,
    "conv_kernel": WIDTHS,
    "conv_stride": WIDTHS,
    "do_stable_layer_norm": FLAG,
    "feat_extract_activation": ACTIVATION,
    "feat_extract_norm": {"enum": ["group", "layer"]},
    "feat_proj_dropout": RATE,
    "final_dropout": RATE,
    "hidden_act": ACTIVATION,
    "hidden_dropout": RATE,
    "hidden_size": SIZE,
    "intermediate_size": SIZE,
    "layer_norm_eps": number(0, 1),
    "layerdrop": RATE,
    "num_attention_heads": HEADS,
    "num_conv_pos_embedding_groups": SIZE,
    "num_conv_pos_embeddings": SIZE,
    "num_hidden_layers": LAYERS,
    "vocab_size": whole(1, LARGEST_ID),
}
_PARAKEET_ENCODER = {
    "activation_dropout": RATE,
    "attention_bias": FLAG,
    "attention_dropout": RATE,
    "conv_kernel_size": whole(1, 1023),
    "convolution_bias": FLAG,
    "dropout": RATE,
    "dropout_positions": RATE,
    "hidden_act": ACTIVATION,
    "hidden_size": SIZE,
    "intermediate_size": SIZE,
    "layerdrop": RATE,
    "max_position_embeddings": SIZE,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "num_mel_bins": MEL_BINS,
    "scale_input": FLAG,
    "subsampling_conv_channels": SIZE,
    "subsampling_conv_kernel_size": whole(1, 31),
    "subsampling_conv_stride": whole(1, 16),
    "subsampling_factor": whole(1, 64),
}
ARCHITECTURE: Mapping[str, Mapping[str, Schema]] = {
    "wav2vec2": {**_OVER_WAVEFORM, "adapter_attn_dim": or_null(SIZE)},
    "hubert": {**_OVER_WAVEFORM, "conv_pos_batch_norm": FLAG, "feat_proj_layer_norm": FLAG},
    "wavlm": {
        **_OVER_WAVEFORM,
        "max_bucket_distance": whole(1, LARGEST_ID),
        "num_buckets": whole(4, LARGEST_ID),
    },
    "parakeet_ctc": {
        "encoder_config": object_of(_PARAKEET_ENCODER),
        "pad_token_id": or_null(ID),
        "vocab_size": whole(1, LARGEST_ID),
    },
    "whisper": {
        "activation_dropout": RATE,
        "activation_function": ACTIVATION,
        "attention_dropout": RATE,
        "d_model": SIZE,
        "decoder_attention_heads": HEADS,
        "decoder_ffn_dim": SIZE,
        "decoder_layerdrop": RATE,
        "decoder_layers": LAYERS,
        "dropout": RATE,
        "encoder_attention_heads": HEADS,
        "encoder_ffn_dim": SIZE,
        "encoder_layerdrop": RATE,
        "encoder_layers": LAYERS,
        "max_source_positions": whole(1, 100_000),
        "max_target_positions": whole(1, 100_000),
        "num_mel_bins": MEL_BINS,
        "pad_token_id": or_null(ID),
        "scale_embedding": FLAG,
        "tie_word_embeddings": FLAG,
        "vocab_size": whole(1, LARGEST_ID),
    },
}
_CLASSES = {
    "Wav2Vec2ForCTC": "wav2vec2",
    "HubertForCTC": "hubert",
    "WavLMForCTC": "wavlm",
    "ParakeetForCTC": "parakeet_ctc",
    "WhisperForConditionalGeneration": "whisper",
}


def config_family(config: Mapping[str, Any]) -> str | None:
    """Return the ``model_type`` that a ``config.json`` is of; None for one that is not known."""
    stated = config.get("model_type")
    if stated is None and isinstance(config.get("architectures"), list):
        found = (_CLASSES.get(name) for name in config["architectures"] if isinstance(name, str))
        return next(found, None)
    return stated if isinstance(stated, str) and stated in ARCHITECTURE else None


def shaping_keys(config: Mapping[str, Any], model_type: str) -> dict[str, Any]:
    """Return the part of a ``config.json`` that shapes the model."""
    return _known(config, ARCHITECTURE[model_type])


def _known(content: Mapping[str, Any], properties: Mapping[str, Schema]) -> dict[str, Any]:
    return {
        key: _known(value, properties[key]["properties"]) if isinstance(value, dict) else value
        for key, value in content.items()
        if key in properties
    }
