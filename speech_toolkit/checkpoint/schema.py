"""What the JSON files of a checkpoint may hold: a schema for each kind of file.

Only what the toolkit or transformers reads at inference is named; any other key may stand there.
The ranges are far wider than any published model, and narrow enough that no value can make a
computation overflow. Null is taken where transformers takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.checkpoint.rules import RULES
from speech_toolkit.errors import CheckpointError
from speech_toolkit.files.json_input import check_schema, shown_path, shown_value

Schema = dict[str, Any]

_ADVICE = "download it again"
_LARGEST_SIZE = 1 << 20
_LARGEST_ID = 10**9
# The names that transformers 4.57 to 5.x have in common and that need no CUDA extension.
_ACTIVATION_NAMES = (
    *("gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python"),
    *("gelu_pytorch_tanh", "laplace", "leaky_relu", "linear", "mish", "prelu", "quick_gelu"),
    *("relu", "relu2", "relu6", "sigmoid", "silu", "swish", "tanh"),
)


def _whole(low: int, high: int) -> Schema:
    return {
        "type": "integer",
        "minimum": low,
        "maximum": high,
        "description": f"a whole number from {low} to {high}",
    }


def _number(low: float, high: float) -> Schema:
    return {
        "type": "number",
        "minimum": low,
        "maximum": high,
        "description": f"a number from {low:g} to {high:g}",
    }


def _list(items: Schema, description: str, *, fewest: int = 0, most: int = 1_000_000) -> Schema:
    return {
        "type": "array",
        "items": items,
        "minItems": fewest,
        "maxItems": most,
        "description": description,
    }


def _or_null(schema: Schema) -> Schema:
    """Allow null, which configs write for "not set"."""
    described = f"{schema['description']}, or null" if "description" in schema else None
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*types, "null"]} | ({"description": described} if described else {})


_SIZE = _whole(1, _LARGEST_SIZE)
_HEADS = _whole(1, 1000)
_LAYERS = _whole(0, 1000)
_MEL_BINS = _whole(1, 1024)
_RATE = _number(0, 1)
_FLAG = {"type": "boolean"}
_TEXT = {"type": "string"}
_ACTIVATION = {"enum": list(_ACTIVATION_NAMES)}
_WIDTHS = _list(_SIZE, f"a list of whole numbers from 1 to {_LARGEST_SIZE}", fewest=1, most=64)
# Some published configs write -1 for an id that they do not use.
_ID = _whole(-1, _LARGEST_ID)
_IDS = _or_null(_list(_ID, "a list of token ids"))
_END_IDS = {
    "type": ["integer", "array", "null"],
    "items": _ID,
    "minimum": -1,
    "maximum": _LARGEST_ID,
    "description": "a token id, a list of them, or null",
}
_ID_OF_NAME = _or_null(
    {"type": "object", "additionalProperties": _ID, "description": "an object of name to token id"}
)
_SPECIAL_IDS = {
    "bos_token_id": _or_null(_ID),
    "decoder_start_token_id": _or_null(_ID),
    "eos_token_id": _END_IDS,
    "no_timestamps_token_id": _or_null(_ID),
    "pad_token_id": _or_null(_ID),
    "prev_sot_token_id": _or_null(_ID),
}
_FORCED_IDS = _or_null(
    _list(
        {
            "type": "array",
            "prefixItems": [_ID, _or_null(_ID)],
            "minItems": 2,
            "maxItems": 2,
            "description": "a pair [position, token id]",
        },
        "a list of pairs [position, token id]",
    )
)
_DECODING = {
    **_SPECIAL_IDS,
    "begin_suppress_tokens": _IDS,
    "forced_decoder_ids": _FORCED_IDS,
    "suppress_tokens": _IDS,
}

# The keys that shape the model and are handed to transformers; the class fills in the others.
ARCHITECTURE: Mapping[str, Schema] = {
    "wav2vec2": {
        "activation_dropout": _RATE,
        "adapter_attn_dim": _or_null(_SIZE),
        "attention_dropout": _RATE,
        "conv_bias": _FLAG,
        "conv_dim": _WIDTHS,
        "conv_kernel": _WIDTHS,
        "conv_stride": _WIDTHS,
        "do_stable_layer_norm": _FLAG,
        "feat_extract_activation": _ACTIVATION,
        "feat_extract_norm": {"enum": ["group", "layer"]},
        "feat_proj_dropout": _RATE,
        "final_dropout": _RATE,
        "hidden_act": _ACTIVATION,
        "hidden_dropout": _RATE,
        "hidden_size": _SIZE,
        "intermediate_size": _SIZE,
        "layer_norm_eps": _number(0, 1),
        "layerdrop": _RATE,
        "num_attention_heads": _HEADS,
        "num_conv_pos_embedding_groups": _SIZE,
        "num_conv_pos_embeddings": _SIZE,
        "num_hidden_layers": _LAYERS,
        "vocab_size": _whole(1, _LARGEST_ID),
    },
    "whisper": {
        "activation_dropout": _RATE,
        "activation_function": _ACTIVATION,
        "attention_dropout": _RATE,
        "d_model": _SIZE,
        "decoder_attention_heads": _HEADS,
        "decoder_ffn_dim": _SIZE,
        "decoder_layerdrop": _RATE,
        "decoder_layers": _LAYERS,
        "dropout": _RATE,
        "encoder_attention_heads": _HEADS,
        "encoder_ffn_dim": _SIZE,
        "encoder_layerdrop": _RATE,
        "encoder_layers": _LAYERS,
        "max_source_positions": _whole(1, 100_000),
        "max_target_positions": _whole(1, 100_000),
        "num_mel_bins": _MEL_BINS,
        "pad_token_id": _or_null(_ID),
        "scale_embedding": _FLAG,
        "tie_word_embeddings": _FLAG,
        "vocab_size": _whole(1, _LARGEST_ID),
    },
}
_CONFIG = {
    "architectures": _or_null(_list(_TEXT, "a list of class names", most=100)),
    "model_type": _or_null(_TEXT),
    "dtype": {"type": ["string", "null"], "pattern": r"^(torch\.)?b?float[0-9]+\w*$"},
}
_CONFIG["dtype"]["description"] = "a dtype such as 'float32'"
_CONFIG["torch_dtype"] = _CONFIG["dtype"]
_READ_BESIDE: Mapping[str, Schema] = {
    "wav2vec2": {"add_adapter": _or_null(_FLAG), **_SPECIAL_IDS},
    "whisper": _DECODING,
}

_GENERATION = {
    **_DECODING,
    "alignment_heads": _or_null(
        _list(
            _list(_whole(0, 1000), "a pair [layer, head]", fewest=2, most=2),
            "a list of pairs [layer, head]",
        )
    ),
    "condition_on_prev_tokens": _or_null(_FLAG),
    "is_multilingual": _or_null(_FLAG),
    "lang_to_id": _ID_OF_NAME,
    "language": _or_null(_TEXT),
    "max_initial_timestamp_index": _or_null(_whole(0, _LARGEST_ID)),
    "task": _or_null(_TEXT),
    "task_to_id": _ID_OF_NAME,
}

# The settings of a feature extractor; the others that it saves follow from these.
FEATURES: Mapping[str, Schema] = {
    "chunk_length": _whole(1, 600),
    "dither": _number(0, 1),
    "do_normalize": _FLAG,
    "feature_size": _MEL_BINS,
    "hop_length": _whole(1, 8192),
    "n_fft": {
        **_whole(2, 8192),
        "multipleOf": 2,  # an odd one makes a frame less than the encoder takes
        "description": "an even whole number from 2 to 8192",
    },
    "padding_side": {"enum": ["left", "right"]},
    "padding_value": _number(-1e6, 1e6),
    "return_attention_mask": _or_null(_FLAG),
    "sampling_rate": _whole(1000, 192_000),
}

# Older files write a token as its text, newer ones as an object that says how it joins its
# neighbours.
_TOKEN = {
    "type": ["string", "object", "null"],
    "required": ["content"],
    "properties": {"content": _TEXT},
    "description": "a token's text, an object with its 'content', or null",
}
_TOKEN_ROLES = ("bos", "cls", "eos", "mask", "pad", "sep", "unk", "word_delimiter")
_SPECIAL_TOKENS = {f"{role}_token": _TOKEN for role in _TOKEN_ROLES}
_TOKENIZER = {
    **_SPECIAL_TOKENS,
    "added_tokens_decoder": {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{1,9}$", "description": "a token id"},
        "additionalProperties": {
            "type": "object",
            "required": ["content"],
            "properties": {"content": _TEXT},
            "description": "an object with the token's 'content'",
        },
        "description": "an object of token id to token",
    },
}
_SHARDS = {
    "weight_map": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "string",
            "pattern": r"^[^/\\\x00]+\.(safetensors|bin)$",
            "description": "the name of a weight file in the same directory",
        },
        "description": "an object of tensor name to weight file",
    },
    "metadata": {"type": "object"},
}


def _object(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


_SCHEMAS: Mapping[str, Schema] = {
    "generation_config.json": _object(_GENERATION),
    "preprocessor_config.json": _object(FEATURES),
    "processor_config.json": _object({"feature_extractor": _or_null(_object(FEATURES))}),
    "special_tokens_map.json": _object(_SPECIAL_TOKENS),
    "tokenizer_config.json": _object(_TOKENIZER),
    "model.safetensors.index.json": _object(_SHARDS, ("weight_map",)),
    "pytorch_model.bin.index.json": _object(_SHARDS, ("weight_map",)),
}


def check_content(path: Path, content: Mapping[str, Any]) -> None:
    """Hold what a file of a checkpoint says against the schema of its kind.

    Args:
        path: the file; its name tells its kind. A file of no known kind is not checked.
        content: what was read of it.

    Raises:
        CheckpointError: a value is not what is expected; the message names file, key and value.
    """
    source = shown_path(path)
    if check_large := _LARGE_FILES.get(path.name):
        if wrong := check_large(content):
            raise CheckpointError(f"{source}: {wrong}; {_ADVICE}")
        return
    family = config_family(content) if path.name == "config.json" else None
    if path.name == "config.json":
        schema = _object(_CONFIG | ARCHITECTURE.get(family, {}) | _READ_BESIDE.get(family, {}))
    else:
        schema = _SCHEMAS.get(path.name, {})
    check_schema(content, schema, source, error=CheckpointError, advice=_ADVICE)
    for rule in RULES.get(family, ()):
        if wrong := rule(content):
            raise CheckpointError(f"{source}: {wrong}; {_ADVICE}")


def config_family(config: Mapping[str, Any]) -> str | None:
    """Return which of the two families a ``config.json`` is of; None for another's."""
    stated = config.get("model_type")
    if stated is None and isinstance(config.get("architectures"), list):
        names = {"Wav2Vec2ForCTC": "wav2vec2", "WhisperForConditionalGeneration": "whisper"}
        found = (names.get(name) for name in config["architectures"] if isinstance(name, str))
        return next(found, None)
    return stated if isinstance(stated, str) and stated in ARCHITECTURE else None


def _wrong_ids(content: Mapping[str, Any]) -> str | None:
    """Check token to id, up to hundreds of thousands of entries: a schema would take seconds."""
    for token, index in content.items():
        if not _is_id(index):
            return f"{shown_value(token)} is {shown_value(index)}, not a token id"
    return None


def _wrong_vocabulary(content: Mapping[str, Any]) -> str | None:
    """Like :func:`_wrong_ids`, of vocabularies with one part for each language too."""
    nested = {key: value for key, value in content.items() if isinstance(value, dict)}
    flat = {key: value for key, value in content.items() if key not in nested}
    return next(filter(None, map(_wrong_ids, (flat, *nested.values()))), None)


def _wrong_tokenizer(content: Mapping[str, Any]) -> str | None:
    if not isinstance(content.get("model"), dict):
        return "holds no tokenizer"
    added = content.get("added_tokens", [])
    if not isinstance(added, list):
        return f"added_tokens is {shown_value(added)}, not a list"
    for place, token in enumerate(added):
        if not isinstance(token, dict) or not isinstance(token.get("content"), str):
            return (
                f"added_tokens[{place}] is {shown_value(token)}, not an object with its 'content'"
            )
        if not _is_id(token.get("id")):
            return f"added_tokens[{place}].id is {shown_value(token.get('id'))}, not a token id"
    return None


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= _LARGEST_ID


_LARGE_FILES = {
    "added_tokens.json": _wrong_ids,
    "tokenizer.json": _wrong_tokenizer,
    "vocab.json": _wrong_vocabulary,
}
