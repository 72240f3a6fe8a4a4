"""Where the results of a corpus go: a directory, or an object store behind a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.names import is_reserved
from speech_toolkit.errors import UsageError
from speech_toolkit.files.writing import write_bytes

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://.*", re.DOTALL)


class Store(Protocol):
    """Keeps the files of items."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all; safe in several threads at once.

        Raises:
            UsageError: it cannot be written, a DiskFullError where that is for want of room.
        """

    def holds(self, name: str) -> bool:
        """Tell whether a file is there."""

    def remove(self, name: str) -> None:
        """Remove a file where it is there and can be removed."""

    def refresh(self, own: str) -> None:
        """Bring the journals beside the run's own up to date."""


class DirectoryStore:
    """Keeps files in a directory; see :class:`Store`.

    Args:
        directory: made where it is not there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        write_bytes(self._directory / name, content, sole_writer=True)

    def holds(self, name: str) -> bool:
        """Tell whether a file is there."""
        return (self._directory / name).is_file()

    def remove(self, name: str) -> None:
        """Remove a file where it is there and can be removed."""
        with suppress(OSError):
            (self._directory / name).unlink(missing_ok=True)

    def refresh(self, own: str) -> None:
        """Do nothing: they are."""


def is_url(output: str) -> bool:
    """Tell whether results are to go to a URL, such as ``s3://bucket/prefix``."""
    return _URL.fullmatch(output) is not None


def write_result(item: Item, contents: Mapping[str, bytes], store: Store) -> tuple[str, ...]:
    """Write the files of an item, and return their names.

    Args:
        item: whose they are.
        contents: by their names.
        store: takes them.

    Raises:
        UsageError: one cannot be written, or is in the way of a file of the corpus.
    """
    if taken := next(filter(is_reserved, contents), None):
        raise UsageError(f"id {item.id}: {taken} is a file of the corpus itself; give another id")
    for name, content in contents.items():
        store.write(name, content)
    return tuple(contents)
