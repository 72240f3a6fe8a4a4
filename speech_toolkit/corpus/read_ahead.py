"""Items are read by threads while the device works on those before them, in bounded memory."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from speech_toolkit.corpus.item import Item
from speech_toolkit.device.host import usable_cores
from speech_toolkit.errors import TimeLimitError
from speech_toolkit.outcomes import Outcome, outcome_of

_MOST_ITEMS = 64
_MOST_AUDIO_S = 1800.0  # 115 MB of waveforms at 16 kHz
_LOOKS_EVERY_S = 0.2


class HasLength(Protocol):
    """What was read of an item.

    Attributes:
        audio_s: seconds of audio that it holds.
    """

    audio_s: float


R = TypeVar("R", bound=HasLength)


@dataclass
class _Reader:
    """A thread that reads.

    Attributes:
        item: that it is reading; None while it waits.
        since_s: when it began to read that.
        is_given_up: whether nobody waits for what it reads any more.
    """

    item: Item | None = None
    since_s: float = 0.0
    is_given_up: bool = False


class ReadAhead(Generic[R]):
    """Reads items in threads, and gives them as they are read.

    Nothing more is begun while items of many seconds of audio wait to be taken, however long the
    corpus. A thread that does not come back, say from a file on a server that is gone, is left to
    itself, and another takes its place.

    Args:
        items: pulled one at a time, by any of the threads.
        read: an item -> what the device needs of it.
        threads: that read at the same time.
        limit_s: seconds that reading one item may take; None for no limit.
        stop: once it is set, nothing more is begun, and what was read is not given.
    """

    def __init__(
        self,
        items: Iterator[Item],
        read: Callable[[Item], R],
        *,
        threads: int,
        limit_s: float | None,
        stop: threading.Event,
    ) -> None:
        self._items = items
        self._read = read
        self._limit_s = limit_s
        self._stop = stop
        self._lock = threading.Condition()
        self._pulling = threading.Lock()
        self._done: queue.SimpleQueue[tuple[Item, Outcome[R]] | None] = queue.SimpleQueue()
        self._is_exhausted = False
        self._waiting_items = 0
        self._waiting_s = 0.0
        self._pull_error: BaseException | None = None
        self._readers = [_Reader() for _ in range(threads)]
        for reader in self._readers:
            self._start(reader)

    def __iter__(self) -> Iterator[tuple[Item, Outcome[R]]]:
        """Yield each item with what was read of it, or why it could not be read."""
        try:
            while not self._stop.is_set():
                yield from self._given_up()
                try:
                    done = self._done.get(timeout=_LOOKS_EVERY_S)
                except queue.Empty:
                    done = None
                if done is None:
                    if self._is_at_end():
                        break
                    continue
                item, outcome = done
                with self._lock:
                    self._waiting_items -= 1
                    self._waiting_s -= _length_s(outcome)
                    self._lock.notify_all()
                yield item, outcome
        finally:
            with self._lock:
                self._is_exhausted = True
                self._lock.notify_all()
        if self._pull_error is not None:
            raise self._pull_error

    def _start(self, reader: _Reader) -> None:
        threading.Thread(target=self._work, args=(reader,), daemon=True).start()

    def _work(self, reader: _Reader) -> None:
        while (item := self._next_for(reader)) is not None:
            outcome = outcome_of(lambda item=item: self._read(item))
            with self._lock:
                if reader.is_given_up:
                    return
                reader.item = None
                self._waiting_items += 1
                self._waiting_s += _length_s(outcome)
                self._done.put((item, outcome))
        self._done.put(None)  # what it read may have been the last

    def _next_for(self, reader: _Reader) -> Item | None:
        """Return the next item as soon as there is room for it, None where there is none."""
        with self._pulling:  # the next item may be long in coming, which holds up nobody else
            with self._lock:
                self._lock.wait_for(self._has_room)
                if self._is_exhausted or self._stop.is_set():
                    return None
            item, error = self._pulled()
            with self._lock:
                if item is None:
                    self._pull_error, self._is_exhausted = error, True
                    self._lock.notify_all()
                reader.item, reader.since_s = item, time.monotonic()
                return item

    def _pulled(self) -> tuple[Item | None, BaseException | None]:
        """Return the next item, or the error that is to be raised in its place."""
        try:
            return next(self._items, None), None
        except BaseException as error:  # noqa: BLE001, raised where the items are taken
            return None, error

    def _has_room(self) -> bool:
        under_way = sum(reader.item is not None for reader in self._readers)
        return (
            self._is_exhausted
            or self._stop.is_set()
            or (self._waiting_s < _MOST_AUDIO_S and self._waiting_items + under_way < _MOST_ITEMS)
        )

    def _is_at_end(self) -> bool:
        with self._lock:
            is_idle = all(reader.item is None for reader in self._readers)
            return self._is_exhausted and is_idle and self._done.empty()

    def _given_up(self) -> Iterator[tuple[Item, Outcome[R]]]:
        """Yield what took too long, as failed, and let other threads go on."""
        if self._limit_s is None:
            return
        with self._lock:
            now_s = time.monotonic()
            late = [
                reader
                for reader in self._readers
                if reader.item is not None and now_s - reader.since_s > self._limit_s
            ]
            for reader in late:
                reader.is_given_up = True
                self._readers.remove(reader)
                self._readers.append(fresh := _Reader())
                self._start(fresh)
        for reader in late:
            error = TimeLimitError(
                f"was not read within {self._limit_s:g} s; see why its file is slow, or raise "
                "--item_timeout_s"
            )
            yield reader.item, Outcome(error=error)


def reading_threads(processes: int = 1) -> int:
    """Return how many threads read for each of so many processes on this machine."""
    return max(1, min(4, usable_cores() // processes))


def _length_s(outcome: Outcome[R]) -> float:
    return outcome.result.audio_s if outcome.ok else 0.0
