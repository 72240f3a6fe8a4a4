"""One device and the work around it: threads read ahead of it, and others finish behind it.

    items -> read in threads -> waiting in bounded memory -> device -> finished in a thread

A card is driven by the thread that takes the results. On a CPU several threads hear side by side.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult, figures
from speech_toolkit.corpus.read_ahead import ReadAhead, reading_threads
from speech_toolkit.corpus.work import CorpusModel, Finish
from speech_toolkit.errors import DeviceError
from speech_toolkit.outcomes import Outcome, outcome_of

_MOST_UNFINISHED = 4  # what was heard of an hour takes 250 MB
_MOST_DEVICE_FAILURES = 3  # one after the other
_LOOKS_EVERY_S = 0.2

_Readable = Callable[[], Iterator[tuple[Item, Any]]]


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
            partial(self.model.read, limit_s=self.read_limit_s),
            threads=reading_threads(self.processes),
            limit_s=self.read_limit_s,
            stop=stop,
        )
        unreadable: deque[Done] = deque()  # filled by other threads while it is emptied

        def readable() -> Iterator[tuple[Item, Any]]:
            for item, outcome in reading:
                if outcome.ok:
                    yield item, outcome.result
                else:
                    unreadable.append((item, Outcome(error=outcome.error)))

        if self.model.streams > 1:
            outcomes = self._in_streams(readable, stop)
        else:
            outcomes = self._in_one(readable, stop)
        for outcome in outcomes:
            yield outcome
            yield from _emptied(unreadable)
        yield from _emptied(unreadable)

    def _in_one(self, readable: _Readable, stop: threading.Event) -> Iterator[Done]:
        """Hear in this thread, and finish in another."""
        finishing: deque[tuple[Item, Future[Outcome[ItemResult]]]] = deque()
        pool = ThreadPoolExecutor(max_workers=1)
        try:
            for item, heard in self.model.hear(readable(), stop):
                finishing.append((item, pool.submit(self._finished, item, heard)))
                while finishing and (len(finishing) > _MOST_UNFINISHED or finishing[0][1].done()):
                    yield _result(*finishing.popleft())
            while finishing:
                yield _result(*finishing.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _in_streams(self, readable: _Readable, stop: threading.Event) -> Iterator[Done]:
        """Hear in several threads, each of which finishes what it heard."""
        done: queue.Queue[Done | BaseException | None] = queue.Queue(_MOST_UNFINISHED)
        is_over = threading.Event()

        def give(result: Done | BaseException | None) -> None:
            is_given = False
            while not is_given and not is_over.is_set():
                with suppress(queue.Full):
                    done.put(result, timeout=_LOOKS_EVERY_S)
                    is_given = True

        def work() -> None:
            try:
                for item, heard in self.model.hear(readable(), stop):
                    give((item, self._finished(item, heard)))
                    if is_over.is_set():
                        return
                give(None)
            except BaseException as error:  # noqa: BLE001, raised where the results are taken
                give(error)

        for _ in range(self.model.streams):
            threading.Thread(target=work, daemon=True).start()
        left = self.model.streams
        try:
            while left:
                result = done.get()
                if isinstance(result, BaseException):
                    raise result
                if result is None:
                    left -= 1
                else:
                    yield result
        finally:
            is_over.set()

    def _finished(self, item: Item, heard: Outcome[Finish]) -> Outcome[ItemResult]:
        def finish() -> ItemResult:
            if heard.error is not None:
                raise heard.error
            document = heard.result()
            return ItemResult(self.forms.render(item, document), figures(document))

        return outcome_of(finish)


def _emptied(waiting: deque[Done]) -> Iterator[Done]:
    while waiting:
        yield waiting.popleft()


def _result(item: Item, future: Future[Outcome[ItemResult]]) -> Done:
    return item, future.result()
