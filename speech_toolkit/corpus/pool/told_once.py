"""What several workers say alike is said once."""

from __future__ import annotations

import threading

from speech_toolkit.progress import Progress


class ToldOnce:
    """Passes on what a worker tells, unless another has told the same; see :class:`Progress`.

    Args:
        progress: is told.
        label: of the worker, which stands before each of its lines.
        said: by all workers so far.
        lock: of those who say it.
    """

    def __init__(
        self, progress: Progress, label: str, said: set[str], lock: threading.Lock
    ) -> None:
        self._progress = progress
        self._prefix = f"{label}: "
        self._said = said
        self._lock = lock

    def info(self, text: str) -> None:
        """Take a line of what is going on."""
        if self._is_new(text):
            self._progress.info(text)

    def debug(self, text: str) -> None:
        """Take a line that only someone who looks for a fault wants, as often as it comes."""
        self._progress.debug(text)

    def warning(self, text: str) -> None:
        """Take what the user should know."""
        if self._is_new(text):
            self._progress.warning(text)

    def time(self, stage: str, seconds: float, detail: str = "") -> None:
        """Take how long a stage took."""
        self._progress.time(stage, seconds, detail)

    def _is_new(self, text: str) -> bool:
        bare = text.removeprefix(self._prefix)
        with self._lock:
            is_new = bare not in self._said
            self._said.add(bare)
        return is_new
