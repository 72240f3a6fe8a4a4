"""The folder of an export: what an earlier one left there and this one has no more is removed.

A list in it names what exports wrote, each file before it is written. What others put beside is
left alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from speech_toolkit.corpus.export.table import Table, TableWriter
from speech_toolkit.errors import UsageError
from speech_toolkit.files.lines import numbered_lines
from speech_toolkit.files.writing import not_written, utf8, write_bytes

LIST_NAME = ".exported"


class ExportFolder:
    """A folder that an export is written to.

    Attributes:
        path: of the folder, which is there.

    Raises:
        UsageError: it cannot be made, or its list not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._list = path / LIST_NAME
        self._lock = threading.Lock()
        self._tables: dict[Table, TableWriter] = {}
        self._now: set[str] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(path, error) from error

    def will_hold(self, names: Iterable[str]) -> None:
        """Note files that are about to be written, or that stay; threads may do so together.

        Raises:
            UsageError: the list cannot be written.
        """
        with self._lock:
            new = [name for name in names if name not in self._now]
            self._now.update(new)
            try:
                with self._list.open("ab") as file:
                    file.write(utf8("".join(f"{name}\n" for name in new)))
            except OSError as error:
                raise not_written(self._list, error) from error

    def write(self, name: str, text: str) -> None:
        """Write a file of text, unless it is there and the same.

        Raises:
            UsageError: it cannot be written.
        """
        self.will_hold([name])
        target, content = self.path / name, utf8(text)
        with suppress(OSError):
            if target.stat().st_size == len(content) and target.read_bytes() == content:
                return
        write_bytes(target, content, sole_writer=True)

    def link(self, name: str, path: str) -> None:
        """Make a link to a file, unless it is there.

        Raises:
            UsageError: it cannot be made.
        """
        target = self.path / name
        part = target.with_name(f".{target.name}.part")
        try:
            if target.is_symlink() and str(target.readlink()) == path:
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            part.symlink_to(path)
            part.replace(target)
        except OSError as error:
            raise not_written(target, error) from error

    def add(self, table: Table, line: str) -> None:
        """Write a line of a table, without its end.

        Raises:
            UsageError: it cannot be written.
        """
        if table not in self._tables:
            self._tables[table] = TableWriter(table, self.path)
        self._tables[table].add(line)

    def finish(self) -> None:
        """Put the tables in their place, and remove what only earlier exports have.

        Raises:
            UsageError: a table or the list cannot be written.
        """
        for table, writer in self._tables.items():
            if table.as_many_as and writer.count < self._tables[table.as_many_as].count:
                writer.discard()
            else:
                self.will_hold([table.name])
                writer.finish()
        listed = numbered_lines(self._list, error=UsageError, advice="remove it")
        for _, name in listed if self._list.exists() else ():
            if name not in self._now and _is_inside(name):
                self._remove(name)
        names = "".join(f"{name}\n" for name in sorted(self._now))
        write_bytes(self._list, utf8(names), sole_writer=True)

    def discard(self) -> None:
        """Remove tables that were not finished."""
        for writer in self._tables.values():
            writer.discard()

    def _remove(self, name: str) -> None:
        file = self.path / name
        with suppress(OSError):
            file.with_name(f".{file.name}.part").unlink(missing_ok=True)  # of a killed export
            file.unlink(missing_ok=True)
            for folder in PurePosixPath(name).parents[:-1]:
                (self.path / folder).rmdir()  # stops at one that is not empty


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not PurePosixPath(name).is_absolute() and ".." not in parts
