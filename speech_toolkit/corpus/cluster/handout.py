"""Which items are handed to which worker, and what happens to those of one that died.

When a worker dies, nobody knows which of the items it had ended it. Each of them is then tried once
more, alone, so that only the one to blame fails.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.item import Item
from speech_toolkit.errors import WorkerError
from speech_toolkit.outcomes import Outcome


@dataclass(frozen=True)
class Hand:
    """What a worker is given.

    Attributes:
        items: to be done next.
        is_all: whether nothing follows, until these are done, that could share a batch with them.
    """

    items: tuple[Item, ...] = ()
    is_all: bool = False


class Handout:
    """The items of a run, handed out once, and once more where their worker died.

    Args:
        items: pulled when a worker has room for them.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._is_exhausted = False
        self._is_dropped = False
        self._suspects: deque[Item] = deque()
        self._alone: dict[int, Item] = {}
        self._held: dict[int, dict[str, Item]] = {}

    @property
    def is_over(self) -> bool:
        """Whether every item is done, or has failed."""
        return self._is_exhausted and not self._suspects and not any(self._held.values())

    def holds(self, worker: int) -> bool:
        """Tell whether a worker has items that are not done."""
        return bool(self._held.get(worker))

    def next_for(self, worker: int, room: int) -> Hand:
        """Return what a worker is to do next, if anything.

        Args:
            worker: its number.
            room: how many items it can take.
        """
        held = self._held.setdefault(worker, {})
        if worker in self._alone:
            return Hand(is_all=True)
        if self._suspects and not held:
            item = self._suspects.popleft()
            self._alone[worker] = held[item.id] = item
            return Hand((item,), is_all=True)
        items = () if self._is_exhausted else tuple(islice(self._items, room))
        self._is_exhausted = self._is_exhausted or len(items) < room
        held.update((item.id, item) for item in items)
        return Hand(items, is_all=self._is_exhausted)

    def done(self, worker: int, item_id: str) -> Item | None:
        """Take an item off a worker's hands, and return it; None where it was not on them."""
        self._alone.pop(worker, None)
        return self._held[worker].pop(item_id, None)

    def take_back(self, worker: int) -> None:
        """Take all items off the hands of a worker that came to no harm by them."""
        self._alone.pop(worker, None)
        self._items = chain(self._held.pop(worker, {}).values(), self._items)
        self._is_exhausted = self._is_dropped

    def lost(self, worker: int, reason: str) -> list[Done]:
        """Take all items off the hands of a worker that died; return those that fail for it.

        Args:
            worker: its number.
            reason: one line: how it died.
        """
        alone = self._alone.pop(worker, None)
        held = self._held.pop(worker, {})
        if alone is None:
            self._suspects.extend(held.values())
            return []
        error = WorkerError(
            f"{alone.audio_path}: the worker that had it died, and so did the next, which had "
            f"nothing else ({reason}); see whether it needs more memory than there is"
        )
        return [(alone, Outcome(error=error))]

    def drop_the_rest(self) -> None:
        """Hand out nothing more."""
        self._is_exhausted = self._is_dropped = True
        self._suspects.clear()
