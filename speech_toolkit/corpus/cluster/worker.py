"""A worker: one device of a cluster, in a process of its own, that does the items it is given."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import speech_toolkit
from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult
from speech_toolkit.corpus.pipeline import Pipeline
from speech_toolkit.corpus.task import CorpusTask
from speech_toolkit.errors import UsageError
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.processes.portable import portable_error

_MOST_WAITING = 16  # items, beside those that the pipeline reads ahead
_GATHERS_S = 0.05  # so that thousands of short items do not each cost a message


@dataclass(frozen=True)
class Plan:
    """What a worker needs to know.

    Attributes:
        task: what is done with each item.
        device: auto, npu, cuda or cpu.
        read_limit_s: seconds that reading one item may take; None for no limit.
        cpus: how many cores are its own.
        directory: in which relative paths are meant.
        version: of the toolkit.
    """

    task: CorpusTask
    device: str
    read_limit_s: float | None
    cpus: int
    directory: str
    version: str = speech_toolkit.__version__


@dataclass(frozen=True)
class Orders:
    """What a worker is told.

    Attributes:
        items: to be done next.
        is_all: whether nothing follows until these are done.
        stop: whether it is to finish what its device is at, and drop the rest.
        wait_s: within which it answers.
    """

    items: tuple[Item, ...] = ()
    is_all: bool = False
    stop: bool = False
    wait_s: float = 1.0


@dataclass(frozen=True)
class Report:
    """What a worker answers.

    Attributes:
        done: since its last answer.
        room: how many more items it can be given.
        has_ended: whether it was told to stop, and has.
        failure: why it can do no more; None where it can.
    """

    done: tuple[Done, ...] = ()
    room: int = 0
    has_ended: bool = False
    failure: Exception | None = None


class Worker:
    """Runs the pipeline of one process over items that come a few at a time.

    Its methods are called one after the other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._given: deque[Item] = deque()
        self._done: list[Done] = []
        self._is_all = False
        self._is_at_work = False
        self._failure: Exception | None = None

    def is_there(self) -> None:
        """Answer as soon as this process runs."""

    def start(self, plan: Plan) -> Outcome[str]:
        """Load the model, and return where it runs, or why it does not."""
        started: Future[Outcome[str]] = Future()
        threading.Thread(target=self._live, args=(plan, started), daemon=True).start()
        return started.result()

    def exchange(self, orders: Orders) -> Report:
        """Take orders, wait until there is something to tell, and tell it."""
        with self._changed:
            self._given.extend(orders.items)
            self._is_all = orders.is_all
            if orders.stop:
                self._stop.set()
            self._changed.notify_all()
            self._changed.wait_for(self._has_news, orders.wait_s)
        time.sleep(_GATHERS_S)
        with self._changed:
            done, self._done = self._done, []
            return Report(
                tuple(map(portable, done)),
                max(0, _MOST_WAITING - len(self._given)),
                self._stop.is_set() and not self._is_at_work,
                self._failure and portable_error(self._failure),
            )

    def _has_news(self) -> bool:
        has_room = not self._is_all and len(self._given) <= _MOST_WAITING // 2
        has_ended = self._stop.is_set() and not self._is_at_work
        return bool(self._done) or has_room or has_ended or self._failure is not None

    def _live(self, plan: Plan, started: Future[Outcome[str]]) -> None:
        """Load the model, and use it, in the one thread that knows the device."""
        pipeline = outcome_of(lambda: _loaded(plan))
        if not pipeline.ok:
            started.set_result(Outcome(error=portable_error(pipeline.error)))
            return
        started.set_result(Outcome(f"{pipeline.result.model.device_label} on {platform.node()}"))
        work = outcome_of(lambda: self._work(pipeline.result))
        with self._changed:
            self._failure, self._is_at_work = work.error, False
            self._changed.notify_all()

    def _work(self, pipeline: Pipeline) -> None:
        while self._has_begun():
            for done in pipeline(self._items(), self._stop):
                with self._changed:
                    self._done.append(done)
                    self._changed.notify_all()

    def _has_begun(self) -> bool:
        """Wait for the next item; tell whether there is one."""
        with self._changed:
            self._is_at_work = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._given or self._stop.is_set())
            self._is_at_work = not self._stop.is_set()
            return self._is_at_work

    def _items(self) -> Iterator[Item]:
        """Yield what is given, until nothing follows that could share a batch with it."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._given or self._is_all or self._stop.is_set())
                if self._stop.is_set() or not self._given:
                    return
                item = self._given.popleft()
                self._changed.notify_all()
            yield item


def portable(done: Done) -> Done:
    """Return an item and its outcome as another process can read them."""
    item, outcome = done
    if outcome.ok:
        return item, Outcome(ItemResult(dict(outcome.result.contents), outcome.result.figures))
    return item, Outcome(error=portable_error(outcome.error))


def _loaded(plan: Plan) -> Pipeline:
    """Return the pipeline of this process, set up as the run's own process is.

    Raises:
        ToolkitError: the model cannot be loaded here, or this machine is set up otherwise.
    """
    node = platform.node()
    if plan.version != speech_toolkit.__version__:
        raise UsageError(
            f"{node}: has version {speech_toolkit.__version__} of the toolkit, and the run has "
            f"{plan.version}; install the same on every node"
        )
    try:
        os.chdir(plan.directory)
    except OSError as error:
        raise UsageError(
            f"{node}: has no directory {plan.directory} ({error.strerror}); start the run in a "
            "directory that all nodes share"
        ) from error
    model = plan.task.load(plan.device, lambda device, dtype_name: None)
    processes = max(1, (os.cpu_count() or 1) // plan.cpus)
    return Pipeline(model, plan.task.forms, plan.read_limit_s, processes)
