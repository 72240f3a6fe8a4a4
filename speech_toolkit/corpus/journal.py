"""The record of what was done with a corpus: a line for each item, which no kill can garble.

A line is written in one piece when the item's results are in their files. What a kill leaves of
its line has no newline: the next run cuts it off and does the item again. A later line of an item
takes the place of an earlier one.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.digests import item_digest, settings_differences, settings_digest
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal_lines import Recorded, read_journal, read_settings
from speech_toolkit.corpus.lock import directory_locked, take_lock
from speech_toolkit.corpus.outcome import ItemOutcome
from speech_toolkit.corpus.shard import WHOLE_CORPUS, Shard
from speech_toolkit.corpus.store import DirectoryStore, Store
from speech_toolkit.errors import DISK_FULL, DiskFullError, UsageError
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.progress import UNWATCHED, Progress

SCHEMA_VERSION = "1.0"


class Journal:
    """The journal of a run, open to be added to.

    Attributes:
        directory: where the journal is.
        path: of the journal.
        shard: whose it is.
        digest_of_settings: of the run's settings.
        outcomes: the last of each item, by its id.
        store: keeps the results.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        shard: Shard,
        digest: str,
        recorded: Recorded,
        store: Store,
        files: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.directory = path.parent
        self.store = store
        self.path = path
        self.shard = shard
        self.digest_of_settings = digest
        self.outcomes = dict(recorded.outcomes)
        self._files = dict(files)
        self._descriptor = descriptor
        self._whole_bytes = recorded.whole_bytes

    def recorded(self, item: Item) -> ItemOutcome | None:
        """Return what became of an item, None where it is to be done: again, or at all.

        It is done again where its input has changed, a file of its results is gone, or it failed
        for what may have passed, such as a device out of memory.
        """
        outcome = self.outcomes.get(item.id)
        if outcome is None or not outcome.is_final:
            return None
        if outcome.input_digest != item_digest(item, self.digest_of_settings):
            return None
        there = all(map(self.store.holds, outcome.outputs))
        return outcome if there else None

    def attempts(self, item_id: str, input_digest: str) -> int:
        """Return how often an item was tried in vain with the same input."""
        outcome = self.outcomes.get(item_id)
        if outcome is None or outcome.ok or outcome.input_digest != input_digest:
            return 0
        return outcome.attempt

    def files(self, item_id: str) -> tuple[str, ...]:
        """Return the files of an item's last result, also one that is not gone on from."""
        return self._files.get(item_id, ())

    def append(self, outcome: ItemOutcome) -> None:
        """Record what became of an item, whose results are in their files.

        Raises:
            DiskFullError: there is no room for the line, and nothing of it is left.
            UsageError: the journal cannot be written.
        """
        self._write(outcome.to_dict())
        self.outcomes[outcome.id] = outcome
        self._files[outcome.id] = outcome.outputs

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Write the first line.

        Raises:
            UsageError: as :meth:`append` does.
        """
        self._write(
            {
                "schema_version": SCHEMA_VERSION,
                "shard": str(self.shard),
                "settings": settings,
                "settings_digest": self.digest_of_settings,
            }
        )

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
        data = text.encode("utf-8", "backslashreplace")
        try:
            _write_whole(self._descriptor, data)
        except OSError as error:
            os.ftruncate(self._descriptor, self._whole_bytes)
            raise _not_written(self.path, error) from error
        self._whole_bytes += len(data)


@contextmanager
def open_journal(
    directory: str | os.PathLike[str],
    settings: Mapping[str, Any],
    shard: Shard = WHOLE_CORPUS,
    *,
    resume: bool = True,
    progress: Progress = UNWATCHED,
    store: Store | None = None,
) -> Iterator[Journal]:
    """Open the journal of an output directory, alone, and go on where the last run stopped.

    Args:
        directory: where the results go; made where it is not there.
        settings: ready for JSON: all that results depend on beside the items, such as the model.
        shard: the share that this run works on.
        resume: whether what was done is kept; else all is done again.
        progress: told where the file system has no locks.
        store: keeps the results; None for the directory.

    Raises:
        UsageError: another run is at work there, the directory was begun with other settings or in
            other shards, or the journal is damaged or cannot be written.
    """
    with ExitStack() as held:
        path = Path(directory) / shard.journal_name
        try:
            descriptor = _opened_alone(path, shard, held, progress)
            recorded, files = _resumed(path, descriptor, settings, resume=resume)
            digest = settings_digest(settings)
            keeper = store or DirectoryStore(path.parent)
            journal = Journal(path, descriptor, shard, digest, recorded, keeper, files)
            if recorded.settings is None:
                journal.begin(settings)
        except OSError as error:
            raise _not_written(path, error) from error
        yield journal


def journals_in(directory: str | os.PathLike[str]) -> list[Path]:
    """Return the journals of an output directory: one, or one for each shard that was begun."""
    found = Path(directory).glob("journal*.jsonl")
    shards = {path: Shard.of_journal(path.name) for path in found}
    return sorted((p for p, s in shards.items() if s), key=lambda path: shards[path].number)


def recorded_in(directory: str | os.PathLike[str]) -> Recorded:
    """Return what all journals of an output directory hold together.

    Raises:
        UsageError: one cannot be read.
    """
    settings, outcomes = None, {}
    for path in journals_in(directory):
        recorded = read_journal(path)
        settings = recorded.settings if settings is None else settings
        outcomes |= recorded.outcomes
    return Recorded(settings, outcomes)


def _opened_alone(path: Path, shard: Shard, held: ExitStack, progress: Progress) -> int:
    """Return the descriptor of a journal that no other run writes to while ``held`` is open."""
    directory = path.parent
    directory.mkdir(parents=True, exist_ok=True)
    held.enter_context(directory_locked(directory, shard, progress))
    _refuse_other_shards(directory, shard)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    held.callback(os.close, descriptor)
    if take_lock(descriptor, fcntl.LOCK_EX, path, progress) is False:
        raise UsageError(
            f"{shown_path(path)}: another run works on shard {shard}; wait for its end, or give "
            "another shard"
        )
    _refuse_other_shards(directory, shard)  # one may have begun at the same moment
    return descriptor


def _resumed(
    path: Path, descriptor: int, settings: Mapping[str, Any], *, resume: bool
) -> tuple[Recorded, dict[str, tuple[str, ...]]]:
    """Return what a journal of these settings holds, whose lines are whole from now on.

    Beside it: the files of each item's result, also where all is done again.
    """
    before = _read_before(path, resume=resume)
    files = {name: outcome.outputs for name, outcome in before.outcomes.items()}
    goes_on = resume and bool(files)  # settings with which nothing was done bind nobody
    for each in journals_in(path.parent):
        if goes_on or each != path:
            _refuse_other_settings(each, settings)
    recorded = before if goes_on else Recorded()
    os.ftruncate(descriptor, recorded.whole_bytes)
    return recorded, files


def _read_before(path: Path, *, resume: bool) -> Recorded:
    """Return what a journal holds, nothing of a damaged one where all is done again."""
    try:
        return read_journal(path)
    except UsageError:
        if resume:
            raise
        return Recorded()


def _refuse_other_settings(path: Path, settings: Mapping[str, Any]) -> None:
    before = read_settings(path)
    if before is not None and (differences := settings_differences(before, settings)):
        raise UsageError(
            f"{shown_path(path)}: was begun with other settings ({'; '.join(differences)}): go "
            "back to those, choose another output directory, or start over with --no_resume"
        )


def _refuse_other_shards(directory: Path, shard: Shard) -> None:
    """Raise where a directory was begun in another number of shards: whose is an item then?"""
    for path in journals_in(directory):
        found = Shard.of_journal(path.name)
        if found.count != shard.count and path.stat().st_size:
            begun = "without shards" if found.is_whole else f"in {found.count} shards"
            raise UsageError(
                f"{shown_path(directory)}: was begun {begun} ({path.name}): go on so, or choose "
                "another output directory"
            )


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write bytes, which the system takes in one piece unless the disk is full."""
    while data:
        data = data[os.write(descriptor, data) :]


def _not_written(path: Path, error: OSError) -> UsageError:
    kind = DiskFullError if error.errno in DISK_FULL else UsageError
    return kind(f"{shown_path(path)}: cannot be written: {error.strerror}")
