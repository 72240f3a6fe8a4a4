"""Names and ids of a tokenizer's special tokens, read from whichever file has them."""

from __future__ import annotations

from pathlib import Path

from speech_toolkit.checkpoint import read_json
from speech_toolkit.errors import CheckpointError

_SOURCES = ("added_tokens.json", "tokenizer_config.json", "vocab.json", "tokenizer.json")
_TOLD_BY = "<|startoftranscript|>"


def read_special_tokens(directory: Path) -> dict[str, int]:
    """Return name to id of the tokens that are written ``<|name|>``.

    Small files are read first; the large ones only where the start of a transcript is not yet
    known.

    Raises:
        CheckpointError: the directory has no tokenizer, or a file of it is damaged.
    """
    if not any((directory / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise CheckpointError(
            f"{directory}: has neither tokenizer.json nor vocab.json, so its tokenizer is "
            "missing; download the whole checkpoint again"
        )
    found: dict[str, int] = {}
    for name in _SOURCES:
        if _TOLD_BY not in found and (directory / name).is_file():
            found |= _read(directory / name)
    return found


def _read(path: Path) -> dict[str, int]:
    """Return the special tokens that one file of a tokenizer declares."""
    content = read_json(path)
    if path.name == "tokenizer_config.json":
        declared = content.get("added_tokens_decoder", {})
        pairs = [(entry["content"], int(index)) for index, entry in declared.items()]
    elif path.name == "tokenizer.json":
        pairs = [(entry["content"], entry["id"]) for entry in content.get("added_tokens", ())]
    else:
        pairs = list(content.items())
    return {token: i for token, i in pairs if token.startswith("<|") and token.endswith("|>")}
