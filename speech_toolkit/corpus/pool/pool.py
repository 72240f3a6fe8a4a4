"""Hands items to the workers of several devices, and gathers what they make of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from speech_toolkit.corpus.engine import Done
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.pool.gathering import Gathering
from speech_toolkit.progress import UNWATCHED, Progress

if TYPE_CHECKING:
    from speech_toolkit.corpus.task import CorpusTask


@dataclass(frozen=True)
class Pool:
    """The engine of several devices; see :class:`speech_toolkit.corpus.engine.Engine`.

    Each device has a worker process of its own. One that dies or hangs is replaced, and what it had
    in work is tried once more; a device that fails three times is left out.

    Attributes:
        task: what is done with each item; its class can be imported in another process.
        devices: their names, one for each worker.
        lengths: items with about how many seconds each has; empty where nobody knows.
        item_timeout_s: how long a worker may give no sign of life while it works on an item, and
            how long reading one may take; None for no limit.
        progress: told of models that are loaded, of failures, and of what workers log.
    """

    task: CorpusTask
    devices: Sequence[str]
    lengths: Mapping[Item, float] = field(default_factory=dict)
    item_timeout_s: float | None = None
    progress: Progress = UNWATCHED

    def __call__(self, items: Iterator[Item], stop: threading.Event) -> Iterator[Done]:
        """Yield each item with its result, or with why it has none, as it is done.

        Raises:
            CheckpointError: the model cannot be loaded.
            DeviceError: no device is left.
        """
        gathering = Gathering(
            self.task, self.devices, items, self.lengths, self.item_timeout_s, self.progress
        )
        try:
            yield from gathering.results(stop)
        finally:
            gathering.end()
