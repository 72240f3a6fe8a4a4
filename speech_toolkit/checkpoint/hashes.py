"""Hashes that say which file, and which weights, something was made with."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from speech_toolkit.checkpoint.files import weight_files
from speech_toolkit.checkpoint.model_path import DESCRIPTION_NAMES


def file_hash(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_hash(directory: Path) -> str | None:
    """Return one SHA-256 for the weights of a checkpoint, None where it has none.

    Of several sets in one directory the one that transformers loads counts.
    """
    files = weight_files(directory)
    return _hash_of(files) if files else None


def description_hash(directory: Path) -> str:
    """Return one SHA-256 for the vocabulary and the settings of a checkpoint."""
    files = (directory / name for name in sorted(DESCRIPTION_NAMES))
    return _hash_of(file for file in files if file.is_file())


def _hash_of(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file_hash(file)}\n".encode())
    return digest.hexdigest()
