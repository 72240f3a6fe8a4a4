"""What is still to be handed out, and to whom."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.pool.blame import Card
from speech_toolkit.corpus.pool.messages import EndOfRound, Give
from speech_toolkit.corpus.pool.process import Held, WorkerProcess

_LEAST_LENGTH_S = 1.0  # what an item costs however short it is


class WorkLeft:
    """Items in the order in which they come, then less and less at a time, so that all end at once.

    A worker asks for more than it works on, to fill its batches and to read ahead. Towards the end
    it gets no more than its share of half of what is left, and has to be through with that first.

    Args:
        items: pulled one at a time.
        lengths: about how many seconds each has; empty where nobody knows.
    """

    def __init__(self, items: Iterator[Item], lengths: Mapping[Item, float]) -> None:
        self._items = items
        self._lengths = lengths
        self._left_s = sum(map(self._length_s, lengths)) if lengths else math.inf
        self._again: deque[Item] = deque()
        self._alone: deque[tuple[Item, Card]] = deque()
        self._tried: set[str] = set()
        self._next = next(items, None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to be handed out."""
        return self._next is None and not self._again and not self._alone

    def was_tried(self, item: Item) -> bool:
        """Whether an item's work has failed before, which was perhaps not its fault."""
        return item.id in self._tried

    def try_alone(self, item: Item, card: Card) -> None:
        """Take an item back whose work has failed on a device."""
        self._left_s += self._length_s(item)
        self._tried.add(item.id)
        self._alone.append((item, card))

    def take_back(self, item: Item, card: Card) -> None:
        """Take an item back that a worker on a device had not begun with."""
        if self.was_tried(item):
            self.try_alone(item, card)
        else:
            self._left_s += self._length_s(item)
            self._again.append(item)

    def drop(self) -> None:
        """Hand out nothing more."""
        self._next = None
        self._again.clear()
        self._alone.clear()

    def answer(
        self, worker: WorkerProcess, card: Card, has_others: bool, num_workers: int
    ) -> Give | EndOfRound | None:
        """Answer a worker that asks for an item; None where it has to wait, holding nothing.

        Args:
            worker: asks.
            card: its device.
            has_others: whether there are workers on other devices.
            num_workers: how many share what is left.
        """
        if worker.is_alone and worker.held:
            return EndOfRound()
        worker.is_alone = False
        alone = next((pair for pair in self._alone if pair[1] is not card or not has_others), None)
        share_s = self._left_s / (2 * num_workers)
        if worker.held and (alone or worker.held_s >= share_s):
            return EndOfRound()
        if alone:
            worker.is_alone = True
            self._alone.remove(alone)
            return self._give(worker, alone[0])
        item = self._pulled()
        if item is None:
            return EndOfRound() if worker.held else None
        return self._give(worker, item)

    def _pulled(self) -> Item | None:
        if self._again:
            return self._again.popleft()
        item = self._next
        if item is not None:
            self._next = next(self._items, None)
        return item

    def _give(self, worker: WorkerProcess, item: Item) -> Give:
        length_s = self._length_s(item)
        self._left_s -= length_s
        worker.held[item.id] = Held(item, length_s)
        return Give(item)

    def _length_s(self, item: Item) -> float:
        return max(_LEAST_LENGTH_S, self._lengths.get(item, 0.0))
