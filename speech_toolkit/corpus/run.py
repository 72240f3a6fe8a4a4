"""The items of a corpus, done by an engine: each result is written, recorded and told.

An item's files are whole before its line is in the journal. So whatever ends a run, and whenever,
each item is either recorded with its files, or done again by the next run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.digests import item_digest
from speech_toolkit.corpus.engine import Engine
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import Journal
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome, ItemResult
from speech_toolkit.corpus.store import write_result
from speech_toolkit.errors import DISK_FULL, DiskFullError, StoreError, first_line
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.interrupts import interrupt_deferred


def items_left(items: Iterable[Item], journal: Journal) -> tuple[list[Item], int]:
    """Return the items of a run's shard that are to be done, and how many are done already.

    Args:
        items: the corpus.
        journal: open.
    """
    own = [item for item in items if journal.shard.owns(item.id)]
    left = [item for item in own if journal.recorded(item) is None]
    return left, len(own) - len(left)


def all_done(items: Iterable[Item], journal: Journal) -> bool:
    """Tell whether every item of a run's shard has its results.

    Args:
        items: the corpus.
        journal: open.
    """
    own = (journal.outcomes.get(item.id) for item in items if journal.shard.owns(item.id))
    return all(outcome is not None and outcome.ok for outcome in own)


def run_items(
    left: Iterable[Item], engine: Engine, journal: Journal, progress: Progress = UNWATCHED
) -> Iterator[ItemOutcome]:
    """Do what is left of a corpus, and yield each outcome when it is recorded.

    An item that fails does not stop the others. An interrupt lets the items in work be finished,
    recorded and yielded, and is raised then; a second one is raised at once.

    Args:
        left: what :func:`items_left` returned; those with a fault are recorded as failed.
        engine: does them.
        journal: open.
        progress: told of what fails, save for faults.

    Raises:
        DiskFullError: there is no room left; the items before are recorded.
        StoreError: the object store that takes the results fails.
        KeyboardInterrupt: the run was interrupted.
        UsageError: the journal cannot be written.
    """
    digests: dict[str, str] = {}
    stop = threading.Event()

    def handed_out() -> Iterator[Item]:
        for item in sound:
            digests[item.id] = item_digest(item, journal.digest_of_settings)
            yield item

    def end_soon() -> None:
        stop.set()
        progress.info("Interrupted: what is in work is being finished; once more stops at once")

    faulty, sound = _parted(left)
    with interrupt_deferred(end_soon):
        for item in faulty:
            yield _recorded_fault(item, journal)
        for item, done in engine(handed_out(), stop):
            outcome = record(item, digests.pop(item.id), done, journal)
            if not outcome.ok:
                progress.warning(f"{item.place or item.id}: {outcome.error.message}")
            yield outcome


def record(item: Item, digest: str, done: Outcome[ItemResult], journal: Journal) -> ItemOutcome:
    """Write an item's files, and then its line in the journal.

    Files of an earlier try that this one does not have are removed.

    Args:
        item: of the corpus.
        digest: of its input as it was before the work began.
        done: its result, or why there is none.
        journal: open.

    Raises:
        DiskFullError: there is no room for them.
        UsageError: the journal cannot be written.
    """
    entry = outcome_of(lambda: _written(item, done, journal))
    if entry.error is not None:
        _refuse_to_go_on(entry.error)
        return _recorded(ItemOutcome(item.id, digest, error=ItemError.of(entry.error)), journal)
    return _recorded(ItemOutcome(item.id, digest, **entry.result), journal)


def _recorded_fault(item: Item, journal: Journal) -> ItemOutcome:
    """Record an item that cannot be worked on."""
    digest = item_digest(item, journal.digest_of_settings)
    error = ItemError(item.fault.kind, item.fault.message)
    return _recorded(ItemOutcome(item.id, digest, error=error), journal)


def _recorded(outcome: ItemOutcome, journal: Journal) -> ItemOutcome:
    """Write an outcome into the journal, as the next try of its item, and return it so."""
    attempt = journal.attempts(outcome.id, outcome.input_digest) + 1
    outcome = replace(outcome, attempt=attempt)
    _remove_outdated(journal, outcome)
    journal.append(outcome)
    return outcome


def _parted(items: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    """Return the items that have a fault, and those that have none."""
    faulty, sound = [], []
    for item in items:
        (sound if item.fault is None else faulty).append(item)
    return faulty, sound


def _written(item: Item, done: Outcome[ItemResult], journal: Journal) -> dict[str, Any]:
    """Write the files of a result, and return what the journal keeps of it."""
    if done.error is not None:
        raise done.error
    written = write_result(item, done.result.contents, journal.store)
    return {**done.result.figures, "outputs": (*done.result.written, *written)}


def _refuse_to_go_on(error: Exception) -> None:
    """Raise where all further items would meet the same error: there is no room left."""
    if isinstance(error, StoreError):
        raise StoreError(f"{first_line(error)}; what is done stays done") from error
    if isinstance(error, DiskFullError) or getattr(error, "errno", None) in DISK_FULL:
        raise DiskFullError(
            f"{first_line(error)}; free some space and start the same run again: what is done "
            "stays done"
        ) from error


def _remove_outdated(journal: Journal, outcome: ItemOutcome) -> None:
    """Remove the files of an item's earlier result that are not those of its new one."""
    for name in set(journal.files(outcome.id)) - set(outcome.outputs):
        if not Path(name).is_absolute() and ".." not in Path(name).parts:
            journal.store.remove(name)
