"""What the pool and a worker say to each other through their pipe."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemResult
from speech_toolkit.errors import ToolkitError
from speech_toolkit.outcomes import Outcome

if TYPE_CHECKING:
    from speech_toolkit.corpus.task import CorpusTask


class Stage(Enum):
    """Where an item is that a worker holds."""

    WAITING = auto()
    READING = auto()
    HEARING = auto()
    FINISHING = auto()

    @property
    def is_work(self) -> bool:
        """Whether something is done with it, of which the worker could die."""
        return self is not Stage.WAITING


@dataclass(frozen=True)
class Job:
    """To a worker, first of all: what it is for.

    Attributes:
        task: model and what is written.
        device: its own.
        processes: how many workers there are on this machine.
        read_limit_s: seconds that reading one item may take; None for no limit.
    """

    task: CorpusTask
    device: str
    processes: int
    read_limit_s: float | None


@dataclass(frozen=True)
class Give:
    """To a worker that asked: its next item.

    Attributes:
        item: to do.
    """

    item: Item


@dataclass(frozen=True)
class EndOfRound:
    """To a worker that asked: nothing more may come before what it holds is done.

    It asks again when that is so.
    """


@dataclass(frozen=True)
class Stop:
    """To a worker: drop what is only read, finish what is in work, and leave."""


@dataclass(frozen=True)
class Leave:
    """To a worker that asked and holds nothing: all is done."""


@dataclass(frozen=True)
class Loaded:
    """From a worker: its model is ready.

    Attributes:
        device_label: where.
        dtype: name of the dtype.
        load_s: seconds that it took.
    """

    device_label: str
    dtype: str
    load_s: float


@dataclass(frozen=True)
class NotLoaded:
    """From a worker that leaves: it has no model.

    Attributes:
        error: why.
    """

    error: ToolkitError


@dataclass(frozen=True)
class Wants:
    """From a worker: it has room for an item. It waits for the answer."""


@dataclass(frozen=True)
class Moved:
    """From a worker: an item is at another stage.

    Attributes:
        item_id: which.
        stage: which it is at now.
    """

    item_id: str
    stage: Stage


@dataclass(frozen=True)
class Beat:
    """From a worker: its device has done a piece of work, or begins with some."""


@dataclass(frozen=True)
class Fetching:
    """From a worker: its device waits for what is read, until the next beat."""


@dataclass(frozen=True)
class Did:
    """From a worker: it is through with an item.

    Attributes:
        item_id: which.
        outcome: its result, or why it has none.
    """

    item_id: str
    outcome: Outcome[ItemResult]
