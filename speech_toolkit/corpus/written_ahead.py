"""Results are written by several threads at once, where each takes its time to arrive."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from speech_toolkit.corpus.engine import Done, Engine
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.object_store import ObjectStore
from speech_toolkit.corpus.outcome import ItemResult
from speech_toolkit.corpus.store import write_result
from speech_toolkit.outcomes import Outcome, outcome_of

_THREADS = 16
_MOST_UNWRITTEN = 64


class WrittenAhead:
    """An engine whose results are in the store when they are yielded.

    Args:
        engine: does the items.
        store: slow, and takes several files at once.
    """

    def __init__(self, engine: Engine, store: ObjectStore) -> None:
        self._engine = engine
        self._store = store

    def __call__(self, items: Iterator[Item], stop: threading.Event) -> Iterator[Done]:
        """Yield each item with its result, or with why it has none, as it is written.

        Raises:
            StoreError: the run may not go on.
        """
        writing: deque[tuple[Item, Future[Outcome[ItemResult]]]] = deque()
        pool = ThreadPoolExecutor(max_workers=_THREADS)
        try:
            for item, outcome in self._engine(items, stop):
                self._store.check()
                writing.append((item, pool.submit(self._written, item, outcome)))
                while writing and (len(writing) > _MOST_UNWRITTEN or writing[0][1].done()):
                    yield _taken(writing)
            while writing:
                yield _taken(writing)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _written(self, item: Item, outcome: Outcome[ItemResult]) -> Outcome[ItemResult]:
        def write() -> ItemResult:
            written = write_result(item, outcome.result.contents, self._store)
            return replace(outcome.result, contents={}, written=written)

        return outcome_of(write) if outcome.ok else outcome


def _taken(writing: deque[tuple[Item, Future[Outcome[ItemResult]]]]) -> Done:
    item, future = writing.popleft()
    return item, future.result()
