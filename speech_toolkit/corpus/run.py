"""The items of a corpus, one after the other: what is done is written, recorded and told.

An item's files are whole before its line is in the journal. So whatever ends a run, and whenever,
each item is either recorded with its files, or done again by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.digests import item_digest
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import Journal
from speech_toolkit.corpus.names import is_reserved
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome, figures
from speech_toolkit.errors import DISK_FULL, DiskFullError, UsageError, first_line
from speech_toolkit.files.writing import utf8, write_bytes
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.interrupts import interrupt_deferred

Document = Mapping[str, Any]
Do = Callable[[Item], Document]
Render = Callable[[Item, Document], Mapping[str, str | bytes]]


def run_items(
    items: Iterable[Item],
    do: Do,
    render: Render,
    journal: Journal,
    progress: Progress = UNWATCHED,
) -> Iterator[ItemOutcome]:
    """Do what is left of a corpus, in order, and yield each outcome when it is recorded.

    An item that fails does not stop the others. An interrupt lets the item in work be finished,
    recorded and yielded, and is raised then; a second one is raised at once.

    Args:
        items: the corpus; those of other shards are passed over.
        do: an item -> the JSON form of its result; what it raises is the item's failure.
        render: an item and its result -> the content of its files, by their names relative to
            the output directory, which are no other item's.
        journal: open.
        progress: shows a bar of files.

    Raises:
        DiskFullError: there is no room left; the items before are recorded.
        KeyboardInterrupt: the run was interrupted.
        UsageError: the journal cannot be written.
    """
    own = [item for item in items if journal.shard.owns(item.id)]
    left = [item for item in own if journal.recorded(item) is None]
    with progress.progress_bar(total=len(own), label="Corpus", unit="file") as bar:
        bar.update(len(own) - len(left))
        for item in left:
            outcome, interrupt = _done_whole(item, do, render, journal, progress)
            bar.update()
            if not outcome.ok:
                progress.warning(f"{item.place or item.id}: {outcome.error.message}")
            yield outcome
            if interrupt is not None:
                raise interrupt


def record(
    item: Item, digest: str, done: Outcome[Document], render: Render, journal: Journal
) -> ItemOutcome:
    """Write an item's files, and then its line in the journal.

    Files of an earlier try that this one does not have are removed.

    Args:
        item: of the corpus.
        digest: of its input as it was before the work began.
        done: its result, or why there is none.
        render: see :func:`run_items`.
        journal: open.

    Raises:
        DiskFullError: there is no room for them.
        UsageError: the journal cannot be written.
    """
    entry = outcome_of(lambda: _written(item, done, render, journal))
    if entry.error is not None:
        _refuse_to_go_on(entry.error)
    attempt = journal.attempts(item.id, digest) + 1
    outcome = (
        ItemOutcome(item.id, digest, **entry.result, attempt=attempt)
        if entry.ok
        else ItemOutcome(item.id, digest, error=ItemError.of(entry.error), attempt=attempt)
    )
    _remove_outdated(journal, outcome)
    journal.append(outcome)
    return outcome


def _done_whole(
    item: Item, do: Do, render: Render, journal: Journal, progress: Progress
) -> tuple[ItemOutcome, KeyboardInterrupt | None]:
    """Return what became of an item, and the interrupt that waited for it."""

    def say_so() -> None:
        progress.info(f"Interrupted: {item.id} is being finished; once more stops at once")

    outcome = None
    try:
        with interrupt_deferred(say_so):
            digest = item_digest(item, journal.digest_of_settings)
            outcome = record(item, digest, outcome_of(lambda: do(item)), render, journal)
    except KeyboardInterrupt as interrupt:
        if outcome is None:
            raise
        return outcome, interrupt
    return outcome, None


def _written(
    item: Item, done: Outcome[Document], render: Render, journal: Journal
) -> dict[str, Any]:
    """Write the files of a result, and return what the journal keeps of it."""
    if done.error is not None:
        raise done.error
    contents = render(item, done.result)
    if taken := next(filter(is_reserved, contents), None):
        raise UsageError(f"id {item.id}: {taken} is a file of the corpus itself; give another id")
    for name, content in contents.items():
        data = utf8(content) if isinstance(content, str) else content
        write_bytes(journal.directory / name, data, sole_writer=True)
    return figures(done.result) | {"outputs": tuple(contents)}


def _refuse_to_go_on(error: Exception) -> None:
    """Raise where all further items would meet the same error: there is no room left."""
    if isinstance(error, DiskFullError) or getattr(error, "errno", None) in DISK_FULL:
        raise DiskFullError(
            f"{first_line(error)}; free some space and start the same run again: what is done "
            "stays done"
        ) from error


def _remove_outdated(journal: Journal, outcome: ItemOutcome) -> None:
    """Remove the files of an item's earlier result that are not those of its new one."""
    before = journal.outcomes.get(outcome.id)
    for name in set(before.outputs if before else ()) - set(outcome.outputs):
        if not Path(name).is_absolute() and ".." not in Path(name).parts:
            with suppress(OSError):
                (journal.directory / name).unlink(missing_ok=True)
