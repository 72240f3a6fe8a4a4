"""Seconds that each stage of a transcription takes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from speech_toolkit.device import Device


class StageClock:
    """Adds up the time spent in named stages.

    Work is queued on a device and finishes later, so a stage's time is its own only when the
    device is waited for at both ends. That costs speed; it is done only where ``exact`` is set.

    Attributes:
        seconds: per stage, in the order in which they first ran.
        exact: whether the device is waited for at both ends of a stage.
    """

    def __init__(self, device: Device, *, exact: bool = False) -> None:
        self.seconds: dict[str, float] = {}
        self.exact = exact
        self._device = device

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the ``with`` block as part of ``name``."""
        self._wait()
        started = time.perf_counter()
        try:
            yield
        finally:
            self._wait()
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Count time that was spent elsewhere as part of ``name``."""
        add_up(self.seconds, {name: seconds})

    @property
    def kind(self) -> str:
        """What the seconds are: "synchronised" where a stage ends with its work, else "launch".

        On a card a stage that is not waited for ends once its work is queued, and the stage that
        reads a result pays for those before it.
        """
        return "launch" if self._device.is_card and not self.exact else "synchronised"

    def take(self) -> dict[str, float]:
        """Return the seconds per stage since the last call."""
        taken, self.seconds = self.seconds, {}
        return taken

    def _wait(self) -> None:
        if self.exact:
            self._device.synchronize()


def add_up(seconds: dict[str, float], more: Mapping[str, float]) -> None:
    """Count more time per stage."""
    for stage, stage_s in more.items():
        seconds[stage] = seconds.get(stage, 0.0) + stage_s
