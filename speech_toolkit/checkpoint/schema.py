"""What the JSON files of a checkpoint may hold: a schema for each kind of file.

Only what the toolkit or transformers reads at inference is named; any other key may stand there.
The ranges are far wider than any published model, and narrow enough that no value can make a
computation overflow. Null is taken where transformers takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.checkpoint.architectures import ARCHITECTURE, config_family
from speech_toolkit.checkpoint.rules import RULES
from speech_toolkit.checkpoint.schema_parts import FLAG, ID, LARGEST_ID, MEL_BINS, TEXT
from speech_toolkit.errors import CheckpointError
from speech_toolkit.files.json_input import check_schema, shown_path, shown_value
from speech_toolkit.files.schema_parts import Schema, list_of, number, object_of, or_null, whole

_ADVICE = "download it again"

_IDS = or_null(list_of(ID, "a list of token ids"))
_END_IDS = {
    "type": ["integer", "array", "null"],
    "items": ID,
    "minimum": -1,
    "maximum": LARGEST_ID,
    "description": "a token id, a list of them, or null",
}
_ID_OF_NAME = or_null(
    {"type": "object", "additionalProperties": ID, "description": "an object of name to token id"}
)
_SPECIAL_IDS = {
    "bos_token_id": or_null(ID),
    "decoder_start_token_id": or_null(ID),
    "eos_token_id": _END_IDS,
    "no_timestamps_token_id": or_null(ID),
    "pad_token_id": or_null(ID),
    "prev_sot_token_id": or_null(ID),
}
_FORCED_IDS = or_null(
    list_of(
        {
            "type": "array",
            "prefixItems": [ID, or_null(ID)],
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

_CONFIG = {
    "architectures": or_null(list_of(TEXT, "a list of class names", most=100)),
    "model_type": or_null(TEXT),
    "dtype": {"type": ["string", "null"], "pattern": r"^(torch\.)?b?float[0-9]+\w*$"},
}
_CONFIG["dtype"]["description"] = "a dtype such as 'float32'"
_CONFIG["torch_dtype"] = _CONFIG["dtype"]
_READ_BESIDE: Mapping[str, Schema] = {
    "wav2vec2": {"add_adapter": or_null(FLAG), **_SPECIAL_IDS},
    "hubert": _SPECIAL_IDS,
    "wavlm": {"add_adapter": or_null(FLAG), **_SPECIAL_IDS},
    "whisper": _DECODING,
}

_GENERATION = {
    **_DECODING,
    "alignment_heads": or_null(
        list_of(
            list_of(whole(0, 1000), "a pair [layer, head]", fewest=2, most=2),
            "a list of pairs [layer, head]",
        )
    ),
    "condition_on_prev_tokens": or_null(FLAG),
    "is_multilingual": or_null(FLAG),
    "lang_to_id": _ID_OF_NAME,
    "language": or_null(TEXT),
    "max_initial_timestamp_index": or_null(whole(0, LARGEST_ID)),
    "task": or_null(TEXT),
    "task_to_id": _ID_OF_NAME,
}

# The settings of a feature extractor; the others that it saves follow from these.
FEATURES: Mapping[str, Schema] = {
    "chunk_length": whole(1, 600),
    "dither": number(0, 1),
    "do_normalize": FLAG,
    "feature_size": MEL_BINS,
    "hop_length": whole(1, 8192),
    "n_fft": {
        **whole(2, 8192),
        "multipleOf": 2,  # an odd one makes a frame less than the encoder takes
        "description": "an even whole number from 2 to 8192",
    },
    "padding_side": {"enum": ["left", "right"]},
    "padding_value": number(-1e6, 1e6),
    "preemphasis": or_null(number(0, 1)),
    "return_attention_mask": or_null(FLAG),
    "sampling_rate": whole(1000, 192_000),
    "win_length": whole(1, 8192),
}

# Older files write a token as its text, newer ones as an object that says how it joins its
# neighbours.
_TOKEN = {
    "type": ["string", "object", "null"],
    "required": ["content"],
    "properties": {"content": TEXT},
    "description": "a token's text, an object with its 'content', or null",
}
_TOKEN_ROLES = ("bos", "cls", "eos", "mask", "pad", "sep", "unk", "word_delimiter")
_SPECIAL_TOKENS = {f"{role}_token": _TOKEN for role in _TOKEN_ROLES}
_TOKENIZER = {
    **_SPECIAL_TOKENS,
    "target_lang": or_null(TEXT),
    "added_tokens_decoder": {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{1,9}$", "description": "a token id"},
        "additionalProperties": {
            "type": "object",
            "required": ["content"],
            "properties": {"content": TEXT},
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


_SCHEMAS: Mapping[str, Schema] = {
    "generation_config.json": object_of(_GENERATION),
    "preprocessor_config.json": object_of(FEATURES),
    "processor_config.json": object_of({"feature_extractor": or_null(object_of(FEATURES))}),
    "special_tokens_map.json": object_of(_SPECIAL_TOKENS),
    "tokenizer_config.json": object_of(_TOKENIZER),
    "model.safetensors.index.json": object_of(_SHARDS, ("weight_map",)),
    "pytorch_model.bin.index.json": object_of(_SHARDS, ("weight_map",)),
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
        schema = object_of(_CONFIG | ARCHITECTURE.get(family, {}) | _READ_BESIDE.get(family, {}))
    else:
        schema = _SCHEMAS.get(path.name, {})
    check_schema(content, schema, source, error=CheckpointError, advice=_ADVICE)
    for rule in RULES.get(family, ()):
        if wrong := rule(content):
            raise CheckpointError(f"{source}: {wrong}; {_ADVICE}")


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
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= LARGEST_ID


_LARGE_FILES = {
    "added_tokens.json": _wrong_ids,
    "tokenizer.json": _wrong_tokenizer,
    "vocab.json": _wrong_vocabulary,
}
