"""How far a run is: a bar on a terminal, a plain line now and then where nobody can watch one."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from speech_toolkit.progress import Bar

LINE_INTERVAL_S = 30.0


class NotedBar(Bar, Protocol):
    """A bar that can say more than how far it is, as tqdm's can."""

    def set_postfix_str(self, s: str, refresh: bool = True) -> object:
        """Take what is shown behind the figures."""


class LineBar:
    """Prints how far work is, at most once in a while, for logs and whatever else is no terminal.

    A line comes with the first unit that is done after the time for it, so that short work prints
    none. It has what is used of a tqdm bar.

    Args:
        say: prints a line.
        total: units of work; None where nobody knows.
        label: what is worked on.
        unit: name of one.
        initial: units that were done before.
        interval_s: seconds before the first line and between two.
        clock: seconds that pass.

    Attributes:
        n: units of work done.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        total: float | None,
        label: str,
        unit: str,
        initial: float = 0,
        interval_s: float = LINE_INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.n = initial
        self._say = say
        self._total = total
        self._label = label
        self._units = f"{unit}s" if len(unit) > 1 else unit  # not of "s" and "%"
        self._initial = initial
        self._interval_s = interval_s
        self._clock = clock
        self._note = ""
        self._started_s = self._told_s = clock()

    def __enter__(self) -> LineBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave without a last line: what comes of the work is told by its report."""

    def set_postfix_str(self, s: str, refresh: bool = True) -> None:
        """Take what the next line says behind how far it is."""
        self._note = s

    def update(self, n: float = 1) -> None:
        """Add ``n`` units of work done, and print a line if it is time for one."""
        self.n += n
        now_s = self._clock()
        if now_s - self._told_s >= self._interval_s:
            self._told_s = now_s
            self._say(self._line(now_s - self._started_s))

    def _line(self, elapsed_s: float) -> str:
        from tqdm import tqdm

        of_total = "" if self._total is None else f"/{self._total:,.0f}"
        share = f" ({self.n / self._total:.0%})" if self._total and self._units != "%" else ""
        parts = [f"{self._label}: {self.n:,.0f}{of_total} {self._units}{share}"]
        if self._note:
            parts.append(self._note)
        parts.append(f"{tqdm.format_interval(elapsed_s)} elapsed")
        rate = (self.n - self._initial) / elapsed_s if elapsed_s > 0 else 0.0
        if rate > 0:
            parts.append(f"{_short(rate)} {self._units}/s")
            if self._total is not None:
                left_s = max(0.0, self._total - self.n) / rate
                parts.append(f"{tqdm.format_interval(left_s)} left")
        return ", ".join(parts)


def _short(number: float) -> str:
    """Return three digits of a number, and all of those before its point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


class CountingCorpusBar:
    """A bar of files with what they add up to: hours, real-time factor and failures.

    Args:
        bar: of files, which counts those of earlier runs as done.
        clock: seconds that pass.
    """

    def __init__(self, bar: NotedBar, clock: Callable[[], float] = time.monotonic) -> None:
        self._bar = bar
        self._clock = clock
        self._started_s = clock()
        self._audio_s = 0.0
        self._failed = 0

    def __enter__(self) -> CountingCorpusBar:
        return self

    def __exit__(self, *exception: Any) -> None:
        """End the bar."""
        self._bar.__exit__(*exception)

    def add(self, *, audio_s: float | None, failed: bool = False) -> None:
        """Count one file that is done or has failed."""
        self._audio_s += audio_s or 0.0
        self._failed += failed
        facts = [f"{self._audio_s / 3600:,.2f} h audio"]
        if self._audio_s:
            facts.append(f"RTF {(self._clock() - self._started_s) / self._audio_s:.3g}")
        facts.append(f"{self._failed:,} failed")
        self._bar.set_postfix_str(", ".join(facts), refresh=False)
        self._bar.update()
