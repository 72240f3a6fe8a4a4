"""The process of one device: asks for items, does them as one process alone would, hands back.

Imports next to nothing before it is guarded; see :mod:`speech_toolkit.processes.guard`.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult
from speech_toolkit.corpus.pool.messages import (
    Did,
    EndOfRound,
    Give,
    Job,
    Leave,
    Loaded,
    NotLoaded,
    Stop,
    Wants,
)
from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.errors import DeviceError, ToolkitError
from speech_toolkit.outcomes import Outcome
from speech_toolkit.processes.guard import dies_with_parent
from speech_toolkit.processes.portable import portable_error
from speech_toolkit.processes.relay import log_to_parent
from speech_toolkit.progress import LoggedProgress

if TYPE_CHECKING:
    from speech_toolkit.corpus.work import CorpusModel


def main(descriptor: str, parent_pipe: str) -> None:
    """Work until the pool says that all is done.

    Args:
        descriptor: of the connection to the pool.
        parent_pipe: descriptor of a pipe that ends with the process of the pool.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the pool says when to stop
    with dies_with_parent(int(parent_pipe)):
        log_to_parent()
        _Worker(Connection(int(descriptor))).work()
        gc.freeze()  # or the interpreter spends a second looking for garbage on its way out


class _Worker:
    """A worker's end of the connection, and what it does with what comes.

    Args:
        connection: to the pool.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._inbox: queue.SimpleQueue[Give | EndOfRound | Leave] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._is_leaving = False

    def work(self) -> None:
        """Load the model, and do rounds of items until none is left."""
        job: Job = self._connection.recv()
        model = self._load(job)
        if model is None:
            return
        from speech_toolkit.corpus.pipeline import Pipeline
        from speech_toolkit.corpus.pool.watched import WatchedModel

        threading.Thread(target=self._receive, daemon=True).start()
        watched = WatchedModel(model, self._send)
        do = Pipeline(watched, job.task.forms, job.read_limit_s, job.processes)
        while not self._is_leaving and not self._stop.is_set():
            try:
                for item, outcome in do(self._round(), self._stop):
                    self._send(Did(item.id, _portable(outcome)))
            except DeviceError:  # the pool has counted its failures too, and ends this process
                self._stop.wait()
        for text in fallback_warnings():
            LoggedProgress().warning(text)

    def _load(self, job: Job) -> CorpusModel[Any] | None:
        dtype = ""

        def note_dtype(device: object, name: str) -> None:
            nonlocal dtype
            dtype = name

        started = time.perf_counter()
        try:
            model = job.task.load(job.device, note_dtype)
        except ToolkitError as error:
            self._send(NotLoaded(error))
            return None
        self._send(Loaded(model.device_label, dtype, time.perf_counter() - started))
        return model

    def _round(self) -> Iterator[Item]:
        """Ask for items until the pool ends the round."""
        while not self._stop.is_set():
            self._send(Wants())
            answer = self._inbox.get()
            if not isinstance(answer, Give):
                self._is_leaving = isinstance(answer, Leave)
                return
            yield answer.item

    def _receive(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Stop):
                    self._stop.set()
                    message = EndOfRound()
                self._inbox.put(message)
        except (EOFError, OSError):  # the pool is gone
            os.kill(os.getpid(), signal.SIGKILL)

    def _send(self, message: object) -> None:
        with self._sending:
            self._connection.send(message)


def _portable(outcome: Outcome[ItemResult]) -> Outcome[ItemResult]:
    """Return an outcome whose error arrives in another process."""
    return outcome if outcome.ok else Outcome(error=portable_error(outcome.error))
