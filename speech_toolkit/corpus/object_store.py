"""Results in an object store: each file one object, put whole, the journal in parts.

What no object store has is a file that grows, and a lock. So the journal grows in a scratch folder
of this machine, and every few seconds its new lines are put as one more part, named by where it
begins. When the run ends, or the parts are many, they are put together. A run that is killed loses
the last lines, whose items the next run does again: the same results in the same objects.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.lease import Lease
from speech_toolkit.corpus.shard import Shard
from speech_toolkit.errors import StoreError, ToolkitError, UsageError, first_line
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.files.scratch import scratch_folder
from speech_toolkit.progress import UNWATCHED, Progress

_SHIPS_EVERY_S = 5.0
_MOST_PARTS = 200
_MOST_UNSHIPPED_S = 60.0  # as long as the lease lasts
_PARTS = ".parts"
_OFFSET_DIGITS = 15


class ObjectStore:
    """Keeps files as objects; see :class:`speech_toolkit.corpus.store.Store`.

    Attributes:
        url: of the prefix that all names begin with.
        directory: of this machine, with the journals.
        failure: why the run may not go on; None where it may.
    """

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url.rstrip("/")
        self.directory = directory
        self.failure: StoreError | None = None
        self._files, self._root = _file_system(self.url)
        self._names: set[str] = set()

    def load(self) -> None:
        """See what is there, and bring the journals."""
        self._names = self._found()
        for name in sorted(filter(_journal_of, self._names)):
            self._fetch(name)

    def refresh(self, own: str) -> None:
        """Bring the journals of other runs again, as far as they are by now.

        Args:
            own: the name of this run's journal.
        """
        others = {name for name in self._found() if _journal_of(name) not in (None, own)}
        for name in map(_journal_of, others):
            (self.directory / name).unlink(missing_ok=True)
        for name in sorted(others):
            self._fetch(name)

    def check(self) -> None:
        """Make sure that the run may go on.

        Raises:
            StoreError: it may not.
        """
        if self.failure is not None:
            raise self.failure

    def write(self, name: str, content: bytes) -> None:
        """Put an object."""
        with self._explained(name):
            self._files.pipe_file(self._path(name), content)
        self._names.add(name)

    def read(self, name: str) -> bytes | None:
        """Return an object; None where there is none."""
        with self._explained(name):
            try:
                return self._files.cat_file(self._path(name))
            except FileNotFoundError:
                return None

    def holds(self, name: str) -> bool:
        """Tell whether an object was there when the run began, or is of this run."""
        return name in self._names

    def remove(self, name: str) -> None:
        """Remove an object where it is there and can be removed."""
        with suppress(ToolkitError), self._explained(name), suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))
        self._names.discard(name)

    def names_of(self, suffix: str) -> Iterator[str]:
        """Yield the names of objects without "/" that end so."""
        with self._explained():
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._root, detail=False)
            except FileNotFoundError:
                found = []
        yield from (name for name in map(self._name, found) if name.endswith(suffix))

    def parts_of(self, journal_name: str) -> list[str]:
        """Return the names of a journal's parts, the first first."""
        names = self._names.copy()  # in one step: others write at the same time
        return sorted(name for name in names if name.startswith(journal_name + _PARTS))

    def forget(self, journal_name: str) -> None:
        """Remove a journal, and its parts before it."""
        for name in (*self.parts_of(journal_name), journal_name):
            self.remove(name)
        (self.directory / journal_name).unlink(missing_ok=True)

    def _fetch(self, name: str) -> None:
        """Bring a journal, or a part of one, to where its bytes belong."""
        content = self.read(name) or b""
        journal_name, _, offset = name.partition(f"{_PARTS}/")
        with (self.directory / journal_name).open("ab") as file:
            missing = file.tell() - int(offset or 0)
            if missing >= 0:  # a part before it can be lost only with the store itself
                file.write(content[missing:])

    def _found(self) -> set[str]:
        """Return the names of all objects that are there now."""
        with self._explained():
            self._files.invalidate_cache()
            try:
                return set(map(self._name, self._files.find(self._root)))
            except FileNotFoundError:
                return set()

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/")

    @contextmanager
    def _explained(self, name: str = "") -> Iterator[None]:
        """Turn what a client of a store raises into a line of ours."""
        try:
            yield
        except ToolkitError:
            raise
        except Exception as error:
            shown = f"{self.url}/{name}" if name else self.url
            raise StoreError(
                f"{shown}: the object store fails ({type(error).__name__}: {first_line(error)}); "
                "see to its address, keys and rights"
            ) from error


@contextmanager
def object_store(
    url: str, shard: Shard, *, resume: bool, progress: Progress = UNWATCHED
) -> Iterator[ObjectStore]:
    """Give an object store that no other run of the same items writes to.

    Whatever stands in its directory when the block ends is put into the store, too.

    Args:
        url: such as ``s3://bucket/prefix``.
        shard: the share that this run works on.
        resume: whether what was done is kept.
        progress: told where the store does not answer.

    Raises:
        UsageError: it cannot be reached, or another run is at work there.
    """
    with scratch_folder() as directory:
        store, name = ObjectStore(url, directory), shard.journal_name
        lease = Lease(store, shard)
        lease.take()
        try:
            store.load()
            if not resume:
                store.forget(name)
            shipping = _Shipping(store, lease, name, progress)
            try:
                yield store
            except UsageError as error:  # of a journal, where it is on this machine
                raise type(error)(str(error).replace(str(directory), store.url)) from error
            finally:
                shipping.end()
        finally:
            lease.give_back()


class _Shipping:
    """A thread that puts the new lines of a journal, and keeps the lease."""

    def __init__(
        self, store: ObjectStore, lease: Lease, journal_name: str, progress: Progress
    ) -> None:
        self._store = store
        self._lease = lease
        self._name = journal_name
        self._path = store.directory / journal_name
        self._progress = progress
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._shipped_bytes = self._path.stat().st_size if self._path.exists() else 0
        self._thread.start()

    def end(self) -> None:
        """Put all that is left, as one journal, and what stands beside it.

        Raises:
            StoreError: it cannot be put, or another run has taken the store.
        """
        self._has_ended.set()
        self._thread.join()
        self._lease.renew()
        self._put_together()
        for path in self._store.directory.iterdir():
            if path.is_file() and not path.name.startswith(".") and not _journal_of(path.name):
                self._store.write(path.name, path.read_bytes())

    def _work(self) -> None:
        since_s = time.monotonic()
        while not self._has_ended.wait(_SHIPS_EVERY_S):
            try:
                self._lease.renew()
                self._ship()
                since_s = time.monotonic()
            except StoreError as error:
                if self._lease.is_lost or time.monotonic() - since_s > _MOST_UNSHIPPED_S:
                    self._store.failure = error
                    return
                self._progress.warning(f"{first_line(error)}; trying again")
            except OSError as error:  # of the journal on this machine
                self._store.failure = StoreError(
                    f"{self._store.url}: the journal cannot be read to be put there: {error}; "
                    "start the same run again"
                )
                return

    def _ship(self) -> None:
        """Put the lines that are new as one more part."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._shipped_bytes)
            lines = file.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        if lines:
            part = f"{self._name}{_PARTS}/{self._shipped_bytes:0{_OFFSET_DIGITS}d}"
            self._store.write(part, lines)
            self._shipped_bytes += len(lines)
        if len(self._store.parts_of(self._name)) >= _MOST_PARTS:
            self._put_together()

    def _put_together(self) -> None:
        """Put the whole journal as one object, in the place of its parts."""
        if not self._path.exists():
            return
        parts = self._store.parts_of(self._name)
        content = self._path.read_bytes()
        content = content[: content.rfind(b"\n") + 1]
        self._store.write(self._name, content)
        self._shipped_bytes = len(content)
        for name in parts:
            self._store.remove(name)


def _journal_of(name: str) -> str | None:
    """Return the name of the journal that an object is, or is a part of; None for any other."""
    journal_name = name.partition(f"{_PARTS}/")[0]
    return journal_name if Shard.of_journal(journal_name) else None


def _file_system(url: str) -> tuple[Any, str]:
    """Return what reads and writes a URL's objects, and its path there."""
    from fsspec.core import url_to_fs

    try:
        return url_to_fs(url)
    except ImportError as error:
        raise UsageError(
            f"--output_dir {shown_value(url)} needs a package that cannot be imported "
            f"({first_line(error)}); install it: pip install -r requirements-cluster.txt"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"--output_dir {shown_value(url)}: {first_line(error)}; give a directory, or a URL "
            "such as s3://bucket/prefix"
        ) from error
