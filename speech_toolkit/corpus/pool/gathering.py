"""One run of a pool: the workers that there are, and what is made of all that they say."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult
from speech_toolkit.corpus.pool.blame import MOST_STRIKES, Card, explain
from speech_toolkit.corpus.pool.messages import (
    Beat,
    Did,
    Fetching,
    Job,
    Leave,
    Loaded,
    Moved,
    NotLoaded,
    Stop,
    Wants,
)
from speech_toolkit.corpus.pool.process import Gone, Held, WorkerProcess
from speech_toolkit.corpus.pool.told_once import ToldOnce
from speech_toolkit.corpus.pool.work_left import WorkLeft
from speech_toolkit.device.host import usable_cores
from speech_toolkit.errors import (
    DeviceError,
    OutOfMemoryError,
    TimeLimitError,
    ToolkitError,
    first_line,
)
from speech_toolkit.outcomes import Outcome
from speech_toolkit.progress import Progress

if TYPE_CHECKING:
    from speech_toolkit.corpus.task import CorpusTask

_LOOKS_EVERY_S = 0.1
_MOST_DONE = 256  # results that wait to be written
_LONGEST_LOOK_S = 1.0  # more between two looks was this process's own delay
_LEAVING_S = 10.0
_LAST_MOMENT_S = 2.0  # from the end of its connection to its own
_MAY_BE_THE_DEVICE = {DeviceError.kind, OutOfMemoryError.kind}


class Gathering:
    """Workers at work.

    Args:
        task: what is done with each item.
        devices: their names, one for each worker.
        items: pulled one at a time.
        lengths: about how many seconds each has.
        limit_s: for the signs of life of a worker; None for none.
        progress: told of all that goes on.
    """

    def __init__(
        self,
        task: CorpusTask,
        devices: Sequence[str],
        items: Iterator[Item],
        lengths: Mapping[Item, float],
        limit_s: float | None,
        progress: Progress,
    ) -> None:
        self._task = task
        self._limit_s = limit_s
        self._progress = progress
        self._left = WorkLeft(items, lengths)
        self._cards = [Card(*names) for names in zip(devices, _labels(devices), strict=True)]
        self._workers: dict[WorkerProcess, Card] = {}
        self._events: queue.SimpleQueue[tuple[WorkerProcess, object]] = queue.SimpleQueue()
        self._done: deque[Done] = deque()
        self._said: set[str] = set()
        self._saying = threading.Lock()
        self._is_stopping = False
        self._clock_s = 0.0
        self._looked_s = time.monotonic()

    def results(self, stop: threading.Event) -> Iterator[Done]:
        """Yield each item as it is done, until all are, or none is in work after ``stop``."""
        while True:
            if stop.is_set() and not self._is_stopping:
                self._begin_to_stop()
            self._start_missing()
            self._listen()
            self._give_up_overdue()
            self._answer()
            if self._done:
                yield self._done.popleft()
            elif not self._is_holding() and self._left.is_empty:
                break
        self._let_leave()

    def end(self) -> None:
        """End whatever is still there."""
        for worker in self._workers:
            worker.kill()

    def _is_holding(self) -> bool:
        return any(worker.held for worker in self._workers)

    def _start_missing(self) -> None:
        """See to it that each device has a worker that is not left out, while there is work."""
        if self._left.is_empty:
            return
        present = set(map(id, self._workers.values()))
        for card in self._cards:
            if id(card) not in present and not card.is_out:
                self._start(card)
        if not self._workers:
            failures = "; ".join(f"{card.label}: {card.last_failure}" for card in self._cards)
            raise DeviceError(
                f"no device is left: {failures}; what is done stays done: start the same run again "
                "when that is mended"
            )

    def _start(self, card: Card) -> None:
        num_workers = len(self._cards)
        worker = WorkerProcess(
            Job(self._task, card.device, num_workers, self._limit_s),
            max(1, usable_cores() // num_workers),
            card.label,
            self._events,
            ToldOnce(self._progress, card.label, self._said, self._saying),
        )
        self._workers[worker] = card

    def _listen(self) -> None:
        """Take all that workers have said; wait a moment where there is nothing else to do."""
        try:
            worker, message = self._events.get(timeout=0 if self._done else _LOOKS_EVERY_S)
            while True:
                if worker in self._workers:
                    self._hear(worker, self._workers[worker], message)
                worker, message = self._events.get_nowait()
        except queue.Empty:
            pass
        now_s = time.monotonic()
        self._clock_s += min(now_s - self._looked_s, _LONGEST_LOOK_S)
        self._looked_s = now_s

    def _hear(self, worker: WorkerProcess, card: Card, message: object) -> None:
        match message:
            case Loaded(device_label, dtype, load_s):
                worker.is_loaded = True
                self._progress.time("Model load", load_s, f"{card.label}, {device_label}, {dtype}")
            case NotLoaded(error):
                self._refuse(worker, card, error)
            case Wants():
                worker.is_asking = True
            case Moved(item_id, stage):
                worker.move(item_id, stage, self._clock_s)
            case Beat():
                worker.last_beat_s, worker.is_fetching = self._clock_s, False
            case Fetching():
                worker.is_fetching = True
            case Did(item_id, outcome):
                self._take(worker, card, worker.held.pop(item_id).item, outcome)
            case Gone():
                worker.leave(_LAST_MOMENT_S)
                in_work = [held for held in worker.held.values() if held.stage.is_work]
                self._lose(worker, card, worker.cause_of_death(), in_work)

    def _refuse(self, worker: WorkerProcess, card: Card, error: ToolkitError) -> None:
        """Take it that a model cannot be loaded, on one device or, for other reasons, anywhere."""
        if not isinstance(error, DeviceError):
            raise error
        self._lose(worker, card, error)

    def _take(
        self, worker: WorkerProcess, card: Card, item: Item, outcome: Outcome[ItemResult]
    ) -> None:
        """Take what became of an item; where that may be the device's fault, try it once more."""
        if outcome.ok:
            card.succeed()
        if outcome.error_kind == DeviceError.kind:
            card.erred.append(item.id)
        if outcome.error_kind in _MAY_BE_THE_DEVICE:
            self._try_again(item, card, outcome.error)
        else:
            self._done.append((item, outcome))
        if len(card.erred) == MOST_STRIKES:
            self._lose(worker, card, outcome.error)

    def _try_again(self, item: Item, card: Card, error: ToolkitError) -> None:
        """Let an item be done once more, if this was its first try."""
        if self._left.was_tried(item):
            explain(item.id, self._cards)
            self._done.append((item, Outcome(error=error)))
        elif not self._is_stopping:
            self._left.try_alone(item, card)

    def _lose(
        self,
        worker: WorkerProcess,
        card: Card,
        error: ToolkitError,
        blamed: Sequence[Held] = (),
    ) -> None:
        """End a worker that has failed.

        Args:
            worker: which.
            card: its device.
            error: why.
            blamed: those of its items that it may be due to; the others are handed out again.
        """
        del self._workers[worker]
        worker.kill()
        if self._is_stopping:
            return
        again = "; what it had in work is tried once more" if blamed else ""
        self._progress.warning(f"{card.label}: {error}{again}")
        card.fail(first_line(error), (held.item.id for held in blamed))
        for held in worker.held.values():
            if held in blamed:
                self._try_again(held.item, card, error)
            else:
                self._left.take_back(held.item, card)
        if card.judge():
            self._progress.warning(
                f"{card.label}: left out after {MOST_STRIKES} failures; the run goes on without it"
            )

    def _give_up_overdue(self) -> None:
        """End workers that have given no sign of life for too long while they worked on an item."""
        if self._limit_s is None:
            return
        for worker, card in list(self._workers.items()):
            overdue = worker.overdue(self._clock_s, self._limit_s)
            if overdue:
                error = TimeLimitError(
                    f"the worker process gave no sign of life for {self._limit_s:g} s while it "
                    f"worked on {_named(overdue)}; raise --item_timeout_s if that is no hang"
                )
                self._lose(worker, card, error, overdue)

    def _answer(self) -> None:
        """Give items to the workers that ask for some, unless results pile up."""
        if len(self._done) > _MOST_DONE:
            return
        devices = set(map(id, self._workers.values()))
        for worker, card in self._workers.items():
            if not worker.is_asking:
                continue
            answer = self._left.answer(worker, card, len(devices) > 1, len(self._workers))
            if answer is not None:
                worker.is_asking = False
                worker.send(answer)

    def _begin_to_stop(self) -> None:
        """Let workers finish what they have in work; those that have nothing yet end now."""
        self._is_stopping = True
        self._left.drop()
        for worker in list(self._workers):
            worker.is_asking = False
            if worker.is_loaded:
                worker.send(Stop())
            else:
                del self._workers[worker]
                worker.kill()

    def _let_leave(self) -> None:
        """Let workers that have nothing to do any more end by themselves."""
        for worker in self._workers:
            worker.send(Leave())
        for worker in self._workers:
            worker.leave(_LEAVING_S if worker.is_loaded else 0.0)


def _labels(devices: Sequence[str]) -> list[str]:
    """Return a name for each worker, numbered where several are on one device."""
    total, seen = Counter(devices), Counter()
    labels = []
    for device in devices:
        seen[device] += 1
        labels.append(device if total[device] == 1 else f"{device} ({seen[device]})")
    return labels


def _named(held: Sequence[Held]) -> str:
    first = held[0].item.place or held[0].item.id
    return first if len(held) == 1 else f"{first} and {len(held) - 1} more"
