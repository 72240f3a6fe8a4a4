"""One device and the work around it: threads read ahead of it, and others finish behind it.

    items -> read in threads -> waiting in bounded memory -> device -> finished in a thread

The device is driven by the thread that takes the results.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult, figures
from speech_toolkit.corpus.read_ahead import ReadAhead, reading_threads
from speech_toolkit.corpus.work import CorpusModel, Finish
from speech_toolkit.errors import DeviceError
from speech_toolkit.outcomes import Outcome, outcome_of

_MOST_UNFINISHED = 16
_MOST_DEVICE_FAILURES = 3  # one after the other


@dataclass(frozen=True)
class Pipeline:
    """The engine of one loaded model; see :class:`speech_toolkit.corpus.engine.Engine`.

    Attributes:
        model: loaded.
        forms: what is written of each result.
        read_limit_s: seconds that reading one item may take; None for no limit.
        processes: how many such pipelines run on this machine.
    """

    model: CorpusModel
    forms: ResultForms
    read_limit_s: float | None = None
    processes: int = 1

    def __call__(self, items: Iterator[Item], stop: threading.Event) -> Iterator[Done]:
        """Yield each item with its result, or with why it has none, as it is done.

        Raises:
            DeviceError: the device failed for several items one after the other.
        """
        failures = 0
        for item, outcome in self._outcomes(items, stop):
            yield item, outcome
            failures = failures + 1 if outcome.error_kind == DeviceError.kind else 0
            if failures == _MOST_DEVICE_FAILURES:
                raise DeviceError(
                    f"{self.model.device_label}: failed for {failures} items one after the other; "
                    "what is done stays done: see the errors above, and start the same run again"
                )

    def _outcomes(self, items: Iterator[Item], stop: threading.Event) -> Iterator[Done]:
        reading = ReadAhead(
            items,
            self.model.read,
            threads=reading_threads(self.processes),
            limit_s=self.read_limit_s,
            stop=stop,
        )
        unreadable: list[Done] = []

        def readable() -> Iterator[tuple[Item, object]]:
            for item, outcome in reading:
                if outcome.ok:
                    yield item, outcome.result
                else:
                    unreadable.append((item, Outcome(error=outcome.error)))

        finishing: deque[tuple[Item, Future[Outcome[ItemResult]]]] = deque()
        pool = ThreadPoolExecutor(max_workers=1)
        try:
            for item, heard in self.model.hear(readable(), stop):
                finishing.append((item, pool.submit(self._finished, item, heard)))
                yield from _taken(unreadable)
                while finishing and (len(finishing) > _MOST_UNFINISHED or finishing[0][1].done()):
                    yield _result(*finishing.popleft())
            yield from _taken(unreadable)
            while finishing:
                yield _result(*finishing.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _finished(self, item: Item, heard: Outcome[Finish]) -> Outcome[ItemResult]:
        def finish() -> ItemResult:
            if heard.error is not None:
                raise heard.error
            document = heard.result()
            return ItemResult(self.forms.render(item, document), figures(document))

        return outcome_of(finish)


def _taken(waiting: list[Done]) -> Iterator[Done]:
    taken = waiting.copy()
    waiting.clear()
    yield from taken


def _result(item: Item, future: Future[Outcome[ItemResult]]) -> Done:
    return item, future.result()
