"""What does the items of a corpus, wherever that is: in this process, in others, in a cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult
from speech_toolkit.outcomes import Outcome

Done = tuple[Item, Outcome[ItemResult]]


class Engine(Protocol):
    """Does items."""

    def __call__(self, items: Iterator[Item], stop: threading.Event) -> Iterator[Done]:
        """Yield each item with its result, or with why it has none, as it is done.

        Args:
            items: pulled one at a time, from whatever thread, a bounded number ahead.
            stop: once it is set, items that were only read ahead are dropped, and the iterator
                ends after those in work.
        """
