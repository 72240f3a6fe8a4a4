"""The engine of a cluster: hands items to its workers, and takes what they have done."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from speech_toolkit.corpus.cluster.handout import Handout
from speech_toolkit.corpus.cluster.share import Share
from speech_toolkit.corpus.cluster.worker import Orders, Plan, Report, Worker
from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.item import Item
from speech_toolkit.errors import DeviceError, OutOfMemoryError, WorkerError, first_line
from speech_toolkit.progress import UNWATCHED, Progress

_MOST_FAILURES = 3  # of a worker, one after the other
_LOOKS_EVERY_S = 0.5
_TELLS_AFTER_S = 30.0
_MOST_WAIT_S = 600.0  # for any worker at all


@dataclass
class _Seat:
    """One of the workers, and those that take its place when it dies.

    Attributes:
        number: counted from 1.
        actor: Ray's handle of the process.
        answer: what is asked of it, and not answered yet.
        stage: "placed", "started" or "at work": what its answer will be about.
        heard_s: when it last had something done, or was given something to do after it had nothing.
        failures: since it last had something done.
    """

    number: int
    actor: Any = None
    answer: Any = None
    stage: str = ""
    heard_s: float = 0.0
    failures: int = 0


class ClusterEngine:
    """See :class:`speech_toolkit.corpus.engine.Engine`.

    Args:
        ray: connected.
        share: what each worker gets.
        plan: what each worker does.
        progress: told of workers that come and go.
    """

    def __init__(
        self, ray: ModuleType, share: Share, plan: Plan, progress: Progress = UNWATCHED
    ) -> None:
        self._ray = ray
        self._share = share
        self._plan = plan
        self._progress = progress

    def __call__(self, items: Iterator[Item], stop: threading.Event) -> Iterator[Done]:
        """Yield each item with its result, or with why it has none, as it is done.

        Raises:
            DeviceError: no worker is left, or the cluster has given none for long.
            ToolkitError: a worker cannot begin for what no other try would mend.
        """
        handout = Handout(items)
        seats = [_Seat(number + 1) for number in range(self._share.workers)]
        try:
            for seat in seats:
                self._fill(seat)
            yield from self._run(seats, handout, stop)
        finally:
            for seat in seats:
                self._end(seat)

    def _run(self, seats: list[_Seat], handout: Handout, stop: threading.Event) -> Iterator[Done]:
        placed_s, told = time.monotonic(), False
        while not handout.is_over:
            if stop.is_set():
                handout.drop_the_rest()
                if not any(handout.holds(seat.number) for seat in seats):
                    return
            for seat in self._answering(seats):
                yield from self._heard(seat, seats, handout, stop)
            for seat in [seat for seat in seats if self._is_stuck(seat, handout)]:
                yield from self._lost(seat, seats, handout, "gave no result for too long")
            if any(seat.stage != "placed" for seat in seats):
                placed_s, told = time.monotonic(), False
            elif not told and time.monotonic() - placed_s > _TELLS_AFTER_S:
                told = True
                self._progress.warning(f"Ray has started no worker yet: {self._wanted()}")
            elif time.monotonic() - placed_s > _MOST_WAIT_S:
                raise DeviceError(f"Ray started no worker in {_MOST_WAIT_S:g} s: {self._wanted()}")

    def _answering(self, seats: list[_Seat]) -> list[_Seat]:
        """Wait a little, and return the workers that have answered."""
        answers = [seat.answer for seat in seats]
        self._ray.wait(answers, timeout=_LOOKS_EVERY_S, fetch_local=False)
        ready, _ = self._ray.wait(answers, num_returns=len(answers), timeout=0, fetch_local=False)
        return [seat for seat in seats if seat.answer in ready]

    def _heard(
        self, seat: _Seat, seats: list[_Seat], handout: Handout, stop: threading.Event
    ) -> Iterator[Done]:
        """Take a worker's answer, and ask it for the next."""
        try:
            answer = self._ray.get(seat.answer)
        except self._ray.exceptions.RayError as error:
            yield from self._lost(seat, seats, handout, first_line(error).rstrip("."))
            return
        if seat.stage == "placed":
            seat.stage, seat.answer = "started", seat.actor.start.remote(self._plan)
            return
        if seat.stage == "started":
            if not answer.ok:
                self._replace(seat, seats, answer.error)
                return
            self._progress.info(f"Worker {seat.number} of {self._share.workers}: {answer.result}")
            seat.stage, answer = "at work", Report()
        yield from self._taken(seat, answer, handout)
        if answer.failure is not None:
            handout.take_back(seat.number)
            self._replace(seat, seats, answer.failure)
            return
        if answer.has_ended:
            handout.take_back(seat.number)
        self._ask(seat, answer.room, handout, stop)

    def _taken(self, seat: _Seat, report: Report, handout: Handout) -> Iterator[Done]:
        for item, outcome in report.done:
            if (handed := handout.done(seat.number, item.id)) is not None:
                yield handed, outcome
        if report.done:
            seat.heard_s = time.monotonic()
        if any(outcome.error_kind != DeviceError.kind for _, outcome in report.done):
            seat.failures = 0

    def _ask(self, seat: _Seat, room: int, handout: Handout, stop: threading.Event) -> None:
        if stop.is_set():
            orders = Orders(is_all=True, stop=True)
        else:
            if not handout.holds(seat.number):
                seat.heard_s = time.monotonic()
            hand = handout.next_for(seat.number, room)
            orders = Orders(hand.items, hand.is_all)
        seat.answer = seat.actor.exchange.remote(orders)

    def _lost(
        self, seat: _Seat, seats: list[_Seat], handout: Handout, reason: str
    ) -> Iterator[Done]:
        """Take the items of a worker that died, and put another in its place."""
        yield from handout.lost(seat.number, reason)
        self._replace(seat, seats, WorkerError(f"its process died ({reason})"))

    def _replace(self, seat: _Seat, seats: list[_Seat], error: Exception) -> None:
        """Put another worker in the place of one that can do no more, if there is hope.

        Raises:
            Exception: the error, where no other try would mend it, or no worker is left.
        """
        self._end(seat)
        seat.failures += 1
        if not isinstance(error, DeviceError | OutOfMemoryError | WorkerError):
            raise error
        if seat.failures < _MOST_FAILURES:
            self._progress.warning(f"Worker {seat.number}: {first_line(error)}; it is replaced")
            self._fill(seat)
            return
        self._progress.warning(
            f"Worker {seat.number}: {first_line(error)}; it failed {seat.failures} times and is "
            "left out"
        )
        seats.remove(seat)
        if not seats:
            raise DeviceError(f"no worker is left: {first_line(error)}") from error

    def _is_stuck(self, seat: _Seat, handout: Handout) -> bool:
        """Tell whether a worker has had time to read one item and to do it, and did none."""
        limit_s = self._plan.read_limit_s
        return (
            limit_s is not None
            and seat.stage == "at work"
            and handout.holds(seat.number)
            and time.monotonic() - seat.heard_s > 2 * limit_s
        )

    def _fill(self, seat: _Seat) -> None:
        """Ask Ray for the process of a seat."""
        options = {"max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": "SPREAD"}
        actor_class = self._ray.remote(Worker)
        seat.actor = actor_class.options(**options, **self._share.options()).remote()
        seat.stage, seat.answer = "placed", seat.actor.is_there.remote()

    def _end(self, seat: _Seat) -> None:
        if seat.actor is not None:
            self._ray.kill(seat.actor)
            seat.actor = None

    def _wanted(self) -> str:
        each = ", ".join(f"{count} {name}" for name, count in self._share.resources().items())
        return f"each needs {each} on one node, and none has so much free"
