"""What stages of work tell of their progress: the terminal listens in a script, a log in a library.

:class:`speech_toolkit.cli.reporter.Reporter` shows it on a terminal.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

logger = logging.getLogger(__name__)


class Bar(Protocol):
    """Grows as a stage gets on, as tqdm's do.

    Attributes:
        n: units of work done.
    """

    n: float

    def update(self, n: float = 1) -> object:
        """Add ``n`` units of work done."""


class CorpusBar(Protocol):
    """Grows with each file of a corpus that is done, or has failed."""

    def add(self, *, audio_s: float | None, failed: bool = False) -> object:
        """Count one file.

        Args:
            audio_s: seconds of audio that were worked through; None where nobody knows.
            failed: whether it has no result.
        """


class Progress(Protocol):
    """Who is told what a stage does."""

    def info(self, text: str) -> None:
        """Take a line of what is going on."""

    def debug(self, text: str) -> None:
        """Take a line that only someone who looks for a fault wants."""

    def warning(self, text: str) -> None:
        """Take what the user should know of a result."""

    def time(self, stage: str, seconds: float, detail: str = "") -> None:
        """Take how long a stage took."""

    def progress_bar(
        self, *, total: int | None, label: str, unit: str
    ) -> AbstractContextManager[Bar]:
        """Return a bar of ``total`` units, None where nobody knows, to be used in a ``with``."""

    def corpus_bar(
        self, *, total_files: int, done_files: int = 0
    ) -> AbstractContextManager[CorpusBar]:
        """Return a bar of a corpus, to be used in a ``with``.

        Args:
            total_files: of the whole.
            done_files: by earlier runs; what is told of speed and time is of the others alone.
        """


class HiddenBar:
    """A bar of any kind that nobody sees.

    Attributes:
        n: units of work done.
    """

    def __init__(self) -> None:
        self.n = 0.0

    def update(self, n: float = 1) -> None:
        """Add ``n`` units of work done."""
        self.n += n

    def add(self, *, audio_s: float | None, failed: bool = False) -> None:
        """Count one file."""
        self.n += 1


class LoggedProgress:
    """Progress where nobody watches: warnings are logged as such, the rest for those who debug."""

    def info(self, text: str) -> None:
        """Log a line of what is going on."""
        logger.debug("%s", text)

    def debug(self, text: str) -> None:
        """Log a line that only someone who looks for a fault wants."""
        logger.debug("%s", text)

    def warning(self, text: str) -> None:
        """Log what the user should know of a result."""
        logger.warning("%s", text)

    def time(self, stage: str, seconds: float, detail: str = "") -> None:
        """Log how long a stage took."""
        logger.debug("%s: %.2f s%s", stage, seconds, detail and f" ({detail})")

    def progress_bar(self, **description: Any) -> AbstractContextManager[Bar]:
        """Return a bar that is not shown."""
        return nullcontext(HiddenBar())

    def corpus_bar(self, **description: Any) -> AbstractContextManager[CorpusBar]:
        """Return a bar that is not shown."""
        return nullcontext(HiddenBar())


@contextmanager
def counted_as(units: float, bar: Bar) -> Iterator[None]:
    """Let the work of a ``with`` block count for ``units``, however many of them it tells of.

    Args:
        units: by which the bar has grown in the end.
        bar: is told of the rest when the block is left.
    """
    before = bar.n
    yield
    bar.update(before + units - bar.n)


UNWATCHED = LoggedProgress()
