"""Names and ids of a checkpoint's special tokens, read from whichever file has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json
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
    tokenizer = directory / "tokenizer.json"
    if tokenizer.is_file() and "model" not in read_json(tokenizer):
        raise CheckpointError(f"{tokenizer}: holds no tokenizer; download it again")
    found: dict[str, int] = {}
    for name in _SOURCES:
        if _TOLD_BY not in found and (directory / name).is_file():
            found |= _read(directory / name)
    return found


class TokenIds:
    """Looks up ids of one checkpoint by token name, and by key of its configs."""

    def __init__(
        self,
        directory: Path,
        config: Mapping[str, Any],
        generation: Mapping[str, Any],
        tokens: Mapping[str, int],
        warnings: list[str],
    ) -> None:
        self.vocab_size = positive_int(directory, config, "vocab_size")
        self._directory = directory
        self._sources = {"generation_config.json": generation, CONFIG_NAME: config}
        self._tokens = tokens
        self._warnings = warnings

    def optional(self, token: str, key: str | None = None) -> int | None:
        """Return the id of a token; None where neither its name nor the key is there."""
        file, configured = self._configured(key)
        if isinstance(configured, list):  # several ends of text
            configured = configured[0] if configured else None
        named = self._tokens.get(token)
        if named is not None and configured is not None and named != configured:
            self._warnings.append(
                f"{self._directory}: {file} gives {key} {configured}, the tokenizer gives {token} "
                f"{named}, which is used"
            )
        found = configured if named is None else named
        if found is not None and not (isinstance(found, int) and 0 <= found < self.vocab_size):
            raise CheckpointError(
                f"{self._directory}: {token} has the id {found!r}, beyond config.json's "
                f"vocab_size {self.vocab_size}; the two files are of different checkpoints"
            )
        return found

    def required(self, token: str, key: str) -> int:
        """Return the id of a token without which nothing can be decoded."""
        found = self.optional(token, key)
        if found is None:
            raise CheckpointError(
                f"{self._directory}: neither its tokenizer files name {token} nor do "
                f"generation_config.json or {CONFIG_NAME} give {key}; download the whole "
                "checkpoint again"
            )
        return found

    def listed(self, key: str) -> tuple[int, ...]:
        """Return a list of ids, without those that are no id of the vocabulary.

        As in ``generate``, a generation_config.json that lacks the list stands for an empty one;
        that of config.json counts only where there is no such file.
        """
        listed = next((content for content in self._sources.values() if content), {}).get(key)
        return tuple(sorted({i for i in listed or () if 0 <= i < self.vocab_size}))

    def _configured(self, key: str | None) -> tuple[str | None, Any]:
        """Return the first file that has a value for ``key``, and the value."""
        if key is not None:
            for file, content in self._sources.items():
                if content.get(key) is not None:
                    return file, content[key]
        return None, None


def positive_int(directory: Path, config: Mapping[str, Any], key: str) -> int:
    """Return a number of ``config.json``.

    Raises:
        CheckpointError: it is missing, or no whole number of at least 1.
    """
    value = config.get(key)
    if not isinstance(value, int) or value < 1:
        raise CheckpointError(
            f"{directory / CONFIG_NAME}: {key} is {value!r}, not a whole number of at least 1; "
            "download it again"
        )
    return value


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
