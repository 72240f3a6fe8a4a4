"""Hashes that say which file, and which weights, something was made with."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from speech_toolkit.checkpoint.files import weight_files


def file_hash(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_hash(directory: Path) -> str | None:
    """Return one SHA-256 for the weights of a checkpoint, None where it has none.

    Of several sets in one directory the one that transformers loads counts.
    """
    files = weight_files(directory)
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file_hash(file)}\n".encode())
    return digest.hexdigest()
