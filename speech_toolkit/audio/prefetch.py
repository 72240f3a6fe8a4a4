"""Blocks of audio made in a thread while those before them are worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TypeVar

from speech_toolkit.outcomes import Outcome, outcome_of

T = TypeVar("T")
_LONGEST_FAREWELL_S = 2.0  # a file on a server that is gone may never come


def prefetched(items: Generator[T], ahead: int, inline: int = 0) -> Generator[T]:
    """Yield what a generator makes, at most some items ahead.

    Args:
        items: runs in the calling thread at first, then in a thread of its own; is closed at the
            end, there where it ran last.
        ahead: the most items that wait.
        inline: how many are made in the calling thread, before there is another.
    """
    try:
        for _ in range(inline):
            item = next(items, None)
            if item is None:
                return
            yield item
    except GeneratorExit:
        items.close()
        raise
    made: queue.Queue[Outcome[T]] = queue.Queue(ahead)
    stopped = threading.Event()
    thread = threading.Thread(
        target=_make, args=(items, made, stopped), name="decoding", daemon=True
    )
    thread.start()
    try:
        yield from _taken(made)
    finally:
        stopped.set()
        while not made.empty():
            made.get_nowait()  # whoever waits for room goes on, and ends
        thread.join(_LONGEST_FAREWELL_S)


def _taken(made: queue.Queue[Outcome[T]]) -> Iterator[T]:
    while (item := made.get().unwrap()) is not None:
        yield item


def _make(items: Generator[T], made: queue.Queue[Outcome[T]], stopped: threading.Event) -> None:
    """Make items until there are no more, one fails, or nobody wants them."""
    with closing(items):
        while not stopped.is_set():
            outcome = outcome_of(lambda: next(items, None))
            made.put(outcome)
            if outcome.result is None:
                return
