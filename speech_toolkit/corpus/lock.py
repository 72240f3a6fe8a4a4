"""Who may write to an output directory: a run alone, or one run for each shard."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from speech_toolkit.corpus.shard import Shard
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.progress import Progress

LOCK_NAME = ".journal.lock"
SUMMARY_LOCK_NAME = ".corpus.lock"


@contextmanager
def directory_locked(directory: Path, shard: Shard, progress: Progress) -> Iterator[None]:
    """Keep all other runs out of an output directory, or let in those of other shards alone.

    The lock falls with the process, however it ends.

    Args:
        directory: where the results go; it is there.
        shard: the share that this run works on.
        progress: told where the file system has no locks.

    Raises:
        UsageError: another run is at work there.
    """
    lock = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        kind = fcntl.LOCK_EX if shard.is_whole else fcntl.LOCK_SH
        if take_lock(lock, kind, directory, progress) is False:
            raise UsageError(
                f"{shown_path(directory)}: another run writes its results there; wait for its end, "
                "choose another directory, or give each run its own shard"
            )
        yield
    finally:
        os.close(lock)


@contextmanager
def summary_locked(directory: Path) -> Iterator[None]:
    """Let runs of several shards summarise their directory one after the other.

    Args:
        directory: where the results are.

    Raises:
        UsageError: the directory cannot be written to.
    """
    try:
        lock = os.open(directory / SUMMARY_LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(
            f"{shown_path(directory)}: cannot be written to: {error.strerror}"
        ) from error
    try:
        with suppress(OSError):  # without locks, the next summary says what this one may miss
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def take_lock(descriptor: int, kind: int, path: Path, progress: Progress) -> bool | None:
    """Lock an open file; tell whether nobody else had, None where files cannot be locked.

    Args:
        descriptor: of the file.
        kind: ``fcntl.LOCK_EX``, or ``fcntl.LOCK_SH`` for those that bear each other.
        path: named where locks do not work.
        progress: told of that.
    """
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        progress.warning(
            f"{shown_path(path)}: files cannot be locked there ({error.strerror}); make sure that "
            "no second run writes to it"
        )
        return None
    return True
