"""Times of several ways to do the same, run in turn, and how they compare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from speech_toolkit.device import Device


def timed(call: Callable[[], Any], device: Device) -> float:
    """Return the seconds of a call: on a card until it is done, on a CPU those spent computing.

    The latter leave out what other programs take of a shared machine.
    """
    now = time.perf_counter if device.is_card else time.process_time
    device.synchronize()
    started = now()
    call()
    device.synchronize()
    return now() - started


def in_turn(
    calls: Sequence[Callable[[], Any]], device: Device, rounds: int
) -> list[tuple[float, ...]]:
    """Time calls in rounds, every other one backwards, after one that is not counted.

    Returns:
        The seconds of each call, round by round.
    """
    found = []
    for index in range(rounds + 1):
        order = range(len(calls)) if index % 2 else range(len(calls) - 1, -1, -1)
        seconds = {which: timed(calls[which], device) for which in order}
        found.append(tuple(seconds[which] for which in range(len(calls))))
    return found[1:]


def ratio_text(numerators: Sequence[float], denominators: Sequence[float]) -> str:
    """Return the median of the ratios of each round, and their quartiles."""
    ratios = [above / below for above, below in zip(numerators, denominators, strict=True)]
    low, middle, high = statistics.quantiles([*ratios, *ratios], n=4, method="inclusive")
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"
