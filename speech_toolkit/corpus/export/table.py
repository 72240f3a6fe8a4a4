"""Tables of an export, written line by line, so that memory does not grow with the corpus."""

from __future__ import annotations

import filecmp
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from speech_toolkit.files.writing import not_written, utf8


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        name: of its file.
        header: its first line, its end included.
        is_sorted: whether its lines are to be sorted by their keys, the bytes before a space.
        is_merged: whether lines of one key that follow each other become one.
        as_many_as: table of which it must have every key; else it is left out.
    """

    name: str
    header: str = ""
    is_sorted: bool = False
    is_merged: bool = False
    as_many_as: Table | None = None


class TableWriter:
    """A table that is being written, and is in its place once it is finished.

    Attributes:
        table: which.
        count: its lines so far.

    Raises:
        UsageError: it cannot be written, from all methods too.
    """

    def __init__(self, table: Table, folder: Path) -> None:
        self.table = table
        self.count = 0
        self._target = folder / table.name
        self._part = folder / f".{table.name}.part"
        self._key = b""
        self._is_in_order = True
        try:
            self._file: BinaryIO = self._part.open("w+b")
        except OSError as error:
            raise not_written(self._target, error) from error
        self._write(utf8(table.header))

    def add(self, line: str) -> None:
        """Write a line, without its end."""
        data = utf8(line)
        key, _, rest = data.partition(b" ")
        if self.table.is_merged and self.count and key == self._key:
            self._write(b" " + rest)
            return
        self._is_in_order = self._is_in_order and key >= self._key
        self._write(b"\n" + data if self.count else data)
        self._key = key
        self.count += 1

    def finish(self) -> None:
        """Put the table in its place, unless the same one is there."""
        try:
            self._file.write(b"\n" if self.count else b"")
            if self.table.is_sorted and not self._is_in_order:
                self._sort()
            self._file.close()
            if self._target.is_file() and filecmp.cmp(self._part, self._target, shallow=False):
                self._part.unlink()
            else:
                self._part.replace(self._target)
        except OSError as error:
            raise not_written(self._target, error) from error

    def discard(self) -> None:
        """Remove what was not finished."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _sort(self) -> None:
        """Sort the lines, which come in order but for ids that look like others with times."""
        self._file.seek(0)
        lines = sorted(self._file, key=lambda line: line.partition(b" ")[0])
        self._file.seek(0)
        self._file.writelines(lines)

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise not_written(self._target, error) from error
