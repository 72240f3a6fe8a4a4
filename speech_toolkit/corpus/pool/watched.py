"""A model whose every step is told, so that the pool knows what a worker died of or hangs in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.pool.messages import Beat, Moved, Stage
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

    def read(self, item: Item) -> R:
        """Read an item."""
        self._tell(Moved(item.id, Stage.READING))
        try:
            return self._model.read(item)
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
        for item, read in inputs:
            self._tell(Moved(item.id, Stage.HEARING))
            yield item, read

    def _told_finish(self, item: Item, finish: Finish) -> Finish:
        def told_finish() -> Document:
            self._tell(Moved(item.id, Stage.FINISHING))
            return finish()

        return told_finish
