"""A model whose every step is told, so that the pool knows what a worker died of or hangs in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.pool.messages import Beat, Fetching, Moved, Stage
from speech_toolkit.corpus.work import CorpusModel, Document, Finish
from speech_toolkit.outcomes import Outcome

R = TypeVar("R")


class WatchedModel(Generic[R]):
    """Does what a model does, and tells at which stage each item is.

    Args:
        model: loaded.
        tell: takes messages; from several threads.
    """

    def __init__(self, model: CorpusModel[R], tell: Callable[[object], None]) -> None:
        self.device_label = model.device_label
        self.streams = model.streams
        self._model = model
        self._tell = tell

    def read(self, item: Item, limit_s: float | None = None) -> R:
        """Read an item."""
        self._tell(Moved(item.id, Stage.READING))
        try:
            return self._model.read(item, limit_s)
        finally:
            self._tell(Moved(item.id, Stage.WAITING))

    def hear(
        self, inputs: Iterable[tuple[Item, R]], stop: threading.Event
    ) -> Iterator[tuple[Item, Outcome[Finish]]]:
        """Run the model over items."""
        heard = self._model.hear(self._told(inputs), stop, lambda: self._tell(Beat()))
        for item, outcome in heard:
            self._tell(Moved(item.id, Stage.WAITING))
            if outcome.ok:
                outcome = Outcome(result=self._told_finish(item, outcome.result))
            yield item, outcome

    def _told(self, inputs: Iterable[tuple[Item, R]]) -> Iterator[tuple[Item, R]]:
        source = iter(inputs)
        while True:
            self._tell(Fetching())
            taken = next(source, None)
            if taken is not None:
                self._tell(Moved(taken[0].id, Stage.HEARING))
            self._tell(Beat())
            if taken is None:
                return
            yield taken

    def _told_finish(self, item: Item, finish: Finish) -> Finish:
        def told_finish() -> Document:
            self._tell(Moved(item.id, Stage.FINISHING))
            try:
                return finish()
            finally:
                self._tell(Moved(item.id, Stage.WAITING))

        return told_finish
