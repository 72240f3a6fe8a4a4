"""The letters of a checkpoint, from the files of its tokenizer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.alignment.models.phonemes import sign_of_sounds
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json
from speech_toolkit.errors import CheckpointError

VOCABULARY_NAME = "vocab.json"
_TOKENIZER_CONFIG = "tokenizer_config.json"
_MARKED_SPECIAL = (("<", ">"), ("[", "]"))


def letters_of_all(
    directory: Path, config: Mapping[str, Any], entries: Mapping[str, Any]
) -> Vocabulary:
    """Make the vocabulary of a checkpoint that has one for all that it reads.

    Ids at or beyond the width of the logits, which tokenizers add for special tokens, are left
    out. The blank is ``<blank>`` where the vocabulary has one, else the padding token, which is
    what transformers trains as blank.

    Args:
        directory: of the checkpoint.
        config: content of its config.json.
        entries: content of its vocab.json.

    Raises:
        CheckpointError: there is one vocabulary per language, no blank, or labels that are no
            letters.
    """
    if is_of_languages(entries):
        raise CheckpointError(
            f"{directory / VOCABULARY_NAME}: is not a flat vocabulary but one per language, and "
            f"{CONFIG_NAME} names no adapters of languages (adapter_attn_dim); use a checkpoint "
            "with a single vocabulary"
        )
    size = _positive_int(directory / CONFIG_NAME, config, "vocab_size", len(entries))
    vocabulary = _vocabulary(directory, config, entries, size)
    _refuse_sounds(directory, vocabulary.ids, config)
    return vocabulary


def letters_of_one(
    directory: Path, config: Mapping[str, Any], entries: Mapping[str, int]
) -> Vocabulary:
    """Make the vocabulary of one language from its part of ``vocab.json``.

    Raises:
        CheckpointError: the part is empty, or has no blank.
    """
    return _vocabulary(directory, config, entries, max(entries.values(), default=-1) + 1)


def read_entries(directory: Path) -> dict[str, Any]:
    """Read ``vocab.json``: token to id, or language to such an object.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    path = directory / VOCABULARY_NAME
    if not path.is_file():
        raise CheckpointError(
            f"{directory}: has no vocab.json, so its tokenizer is missing; download the whole "
            "checkpoint again"
        )
    return read_json(path)


def is_of_languages(entries: Mapping[str, Any]) -> bool:
    """Whether a vocabulary has parts, one for each language."""
    return any(isinstance(value, dict) for value in entries.values())


def read_tokenizer_config(directory: Path) -> dict[str, Any]:
    """Read ``tokenizer_config.json``, an empty object where there is none.

    Raises:
        CheckpointError: it is damaged.
    """
    path = directory / _TOKENIZER_CONFIG
    return read_json(path) if path.is_file() else {}


def _vocabulary(
    directory: Path, config: Mapping[str, Any], entries: Mapping[str, int], size: int
) -> Vocabulary:
    """Tell the letters of a vocabulary from its other entries; ``size`` is the logits' width."""
    path = directory / VOCABULARY_NAME
    entries = {token: index for token, index in entries.items() if 0 <= index < size}
    blank_id = entries.get("<blank>", config.get("pad_token_id"))
    if not isinstance(blank_id, int) or not 0 <= blank_id < size:
        raise CheckpointError(
            f"{path}: has no <blank>, and config.json names no pad_token_id below vocab_size "
            f"{size} to stand for it; a CTC model needs a blank"
        )
    special = _special_tokens(directory)
    separator = special.get("word_delimiter_token") or "|"
    letters = {
        token: index
        for token, index in entries.items()
        if index != blank_id
        and token != separator
        and token not in special.values()
        and not any(token.startswith(a) and token.endswith(z) for a, z in _MARKED_SPECIAL)
    }
    return Vocabulary(
        ids=letters,
        blank_id=blank_id,
        size=size,
        word_separator_id=entries.get(separator),
    )


def _positive_int(path: Path, content: Mapping[str, Any], key: str, default: int) -> int:
    value = content.get(key, default)
    if not isinstance(value, int) or value < 1:
        raise CheckpointError(
            f"{path}: {key} is {value!r}, not a whole number of at least 1; download it again"
        )
    return value


def _refuse_sounds(directory: Path, labels: Collection[str], config: Mapping[str, Any]) -> None:
    """Raise where the labels are no letters, so that a transcript would be aligned to nonsense."""
    found = sign_of_sounds(labels, read_tokenizer_config(directory), config)
    if found is not None:
        raise CheckpointError(
            f"{directory}: is a model of phonemes or pieces of words ({found}), to which the "
            "letters of a transcript cannot be aligned; use a checkpoint whose labels are letters, "
            "such as MahmoudAshraf/mms-300m-1130-forced-aligner"
        )


def _special_tokens(directory: Path) -> dict[str, str]:
    """Return role -> text of the special tokens that the tokenizer's own files declare."""
    declared: dict[str, str] = {}
    for name in ("special_tokens_map.json", _TOKENIZER_CONFIG):
        path = directory / name
        if not path.is_file():
            continue
        for role, value in read_json(path).items():
            text = value.get("content") if isinstance(value, dict) else value
            if role.endswith("_token") and isinstance(text, str):
                declared[role] = text
    return declared
