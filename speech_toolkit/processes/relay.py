"""What a child prints, passed on as it comes and its end kept."""

import logging
import re
import threading
from collections import deque
from typing import TextIO

from speech_toolkit.errors import ToolkitError
from speech_toolkit.progress import Bar, HiddenBar, Progress

DONE_PREFIX = "[DONE] "
_REPORT_LINE = re.compile(r"\[(INFO|TIME|RESULT|WARNING)\] (.*)")
_DONE_LINE = re.compile(rf"{re.escape(DONE_PREFIX)}(\d+)")
_TAIL_LINES = 30
_LAST_OUTPUT_S = 5.0


def log_to_parent() -> None:
    """Print what the package logs in this child, as lines that the parent's relay takes apart."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    logger = logging.getLogger("speech_toolkit")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


class Relay:
    """Reads what a child prints: shows its report lines at once and keeps the last lines.

    Args:
        stream: what it prints.
        label: goes before each line.
        progress: takes report lines and warnings as such, and all else to debug.
        bar: grows with what the child says that it has done; None to let it pass.
    """

    def __init__(
        self, stream: TextIO, label: str, progress: Progress, bar: Bar | None = None
    ) -> None:
        self._stream = stream
        self._label = label
        self._progress = progress
        self._bar = HiddenBar() if bar is None else bar
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self) -> tuple[str, ...]:
        """Return the last lines once the child is gone."""
        self._thread.join(_LAST_OUTPUT_S)
        return tuple(self._tail)

    def _read(self) -> None:
        """Read to the end, shown or not: a child whose output nobody takes would wait for ever."""
        is_shown = True
        with self._stream as stream:
            for line in stream:
                line = line.rstrip()
                done = _DONE_LINE.fullmatch(line)
                if not done:
                    self._tail.append(line)
                try:
                    if done:
                        self._bar.update(int(done[1]))
                    elif is_shown:
                        self._show(line)
                except (OSError, ToolkitError):  # said where this process prints a line of its own
                    is_shown = False

    def _show(self, line: str) -> None:
        found = _REPORT_LINE.match(line)
        if not found:
            self._progress.debug(f"{self._label}: {line}")
        elif found[1] == "WARNING":
            self._progress.warning(f"{self._label}: {found[2]}")
        else:
            self._progress.info(f"{self._label}: {found[2]}")
