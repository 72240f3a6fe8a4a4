"""A worker as the pool sees it: what it holds, what it says, and how it ended."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.pool.messages import Job, Stage
from speech_toolkit.errors import OutOfMemoryError, ToolkitError, WorkerError
from speech_toolkit.processes.deaths import (
    HOST_MEMORY_TEXT,
    end_in_words,
    host_memory_kills,
    killed_for_memory,
)
from speech_toolkit.processes.group import ProcessGroup
from speech_toolkit.processes.relay import Relay
from speech_toolkit.progress import Progress

_ENTRY = "speech_toolkit.corpus.pool.worker:main"
_THREADS = "OMP_NUM_THREADS"
_READ_GRACE_S = 2.0
_OWN_LINES = ("[DEBUG]", "[INFO]", "[WARNING]")  # said elsewhere


@dataclass(frozen=True)
class Gone:
    """What is heard last of a worker, whatever became of it."""


@dataclass
class Held:
    """An item that a worker has.

    Attributes:
        item: which.
        length_s: about how long it is.
        stage: where it is.
        since_s: since when, by the pool's clock.
    """

    item: Item
    length_s: float
    stage: Stage = Stage.WAITING
    since_s: float = 0.0


class WorkerProcess:
    """A process that does items on one device.

    Threads of their own write to it and read from it, so that a worker which hangs in the middle of
    a message keeps nobody waiting.

    Args:
        job: what it is for.
        threads: of the CPU that it may keep busy, unless the user said something else.
        label: names it in what it prints.
        events: takes what it says, each with the worker.
        progress: takes what it prints.

    Attributes:
        held: what it has, by the ids of the items.
        is_loaded: whether its model is ready.
        is_asking: whether it waits for an answer.
        is_alone: whether the item that it has is to be the only one.
        last_beat_s: when its device last did something, by the pool's clock.
        is_fetching: whether its device waits for what is read.
    """

    def __init__(
        self,
        job: Job,
        threads: int,
        label: str,
        events: queue.SimpleQueue[tuple[WorkerProcess, object]],
        progress: Progress,
    ) -> None:
        self.held: dict[str, Held] = {}
        self.is_loaded = self.is_asking = self.is_alone = self.is_fetching = False
        self.last_beat_s = 0.0
        self._events = events
        self._outbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._kills_before = host_memory_kills()
        self._connection, theirs = multiprocessing.Pipe()
        with theirs:
            descriptor = theirs.fileno()
            self._group = ProcessGroup(_ENTRY, [str(descriptor)], _variables(threads), [descriptor])
        self._relay = Relay(self._group.process.stdout, label, progress)
        self.send(job)
        for work in (self._write, self._read):
            threading.Thread(target=work, daemon=True).start()

    @property
    def held_s(self) -> float:
        """Seconds of audio that it has to do."""
        return sum(held.length_s for held in self.held.values())

    def move(self, item_id: str, stage: Stage, now_s: float) -> None:
        """Note that an item is at another stage; one that it was done with is no more its own."""
        if held := self.held.get(item_id):
            held.stage, held.since_s = stage, now_s

    def overdue(self, now_s: float, limit_s: float) -> list[Held]:
        """Return the items on which it has worked for too long without a sign of life.

        Args:
            now_s: by the pool's clock.
            limit_s: for each stage of an item; each beat of the device begins it anew.
        """
        return [
            held
            for held in self.held.values()
            if held.stage.is_work
            and not (held.stage is Stage.HEARING and self.is_fetching)
            and now_s - self._last_sign_s(held) > limit_s
        ]

    def send(self, message: object) -> None:
        """Say something to it; at once, however long it takes to hear that."""
        self._outbox.put(message)

    def leave(self, within_s: float) -> None:
        """Let it end by itself, end it when it does not, and take its last words."""
        self._group.wait(within_s)
        self.kill()
        self._relay.finish()

    def kill(self) -> None:
        """End it, and all that it started."""
        self._group.kill()
        self._outbox.put(None)

    def cause_of_death(self) -> ToolkitError:
        """Return why it is gone, once it is."""
        tail = [line for line in self._relay.finish() if not line.startswith(_OWN_LINES)]
        exit_code = self._group.exit_code
        if killed_for_memory(exit_code, self._kills_before):
            return OutOfMemoryError(f"the worker process was {HOST_MEMORY_TEXT}")
        return WorkerError(f"the worker process {end_in_words(exit_code, tail)}")

    def _last_sign_s(self, held: Held) -> float:
        if held.stage is Stage.HEARING:
            return max(held.since_s, self.last_beat_s)
        # The worker itself gives up a recording that it cannot read, unless it hangs as a whole.
        return held.since_s + (_READ_GRACE_S if held.stage is Stage.READING else 0.0)

    def _write(self) -> None:
        try:
            while (message := self._outbox.get()) is not None:
                self._connection.send(message)
        except OSError:  # it is gone, which the other thread tells
            pass

    def _read(self) -> None:
        try:
            while True:
                self._events.put((self, self._connection.recv()))
        except (EOFError, OSError, pickle.UnpicklingError):
            self._events.put((self, Gone()))


def _variables(threads: int) -> Mapping[str, str]:
    return {} if _THREADS in os.environ else {_THREADS: str(threads)}
