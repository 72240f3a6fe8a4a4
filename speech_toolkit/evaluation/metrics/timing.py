"""Measure how long a call takes on a device, and sum the seconds up honestly.

The first call (which compiles, allocates and fills caches), the other warm-up calls and the steady
state are kept apart, raw. The device is waited for at both ends of every call.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from speech_toolkit.device import Device
from speech_toolkit.errors import UsageError

PERCENTILE_METHOD = "linear interpolation between order statistics"
_NEEDED_RUNS = {"p90": 64, "p99": 662}


@dataclass(frozen=True)
class Distribution:
    """Seconds of repeated runs, summed up.

    Attributes:
        count: how many runs.
        mean_s: their mean.
        std_s: standard deviation of the sample; None of a single run.
        min_s: the fastest.
        p50_s: the median.
        p90_s: 90th percentile, interpolated between runs.
        p99_s: 99th percentile, interpolated between runs.
        max_s: the slowest.
        note: which percentiles have too few runs behind them; None where all have enough. By
            MLPerf's rule (inference_policies, query counts) p90 needs 64 and p99 662.
    """

    count: int
    mean_s: float
    std_s: float | None
    min_s: float
    p50_s: float
    p90_s: float
    p99_s: float
    max_s: float
    note: str | None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Distribution":
        """Sum up at least one run.

        Raises:
            ValueError: there is no run.
        """
        if not seconds:
            raise ValueError("no run to sum up")
        p50_s, p90_s, p99_s = np.percentile(seconds, (50, 90, 99))
        return cls(
            count=len(seconds),
            mean_s=float(np.mean(seconds)),
            std_s=float(np.std(seconds, ddof=1)) if len(seconds) > 1 else None,
            min_s=min(seconds),
            p50_s=float(p50_s),
            p90_s=float(p90_s),
            p99_s=float(p99_s),
            max_s=max(seconds),
            note=_note(len(seconds)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def _note(count: int) -> str | None:
    short = [f"{name} needs {needed}" for name, needed in _NEEDED_RUNS.items() if count < needed]
    runs = "1 run" if count == 1 else f"{count} runs"
    return f"{runs}; to be trusted, {' and '.join(short)}" if short else None


@dataclass(frozen=True)
class Timings:
    """Raw seconds of one measurement, in the order in which the calls were made.

    Attributes:
        first_s: the first of the warm-up calls; None without a warm-up.
        warmup_s: the other warm-up calls.
        runs_s: the measured calls.
    """

    first_s: float | None
    warmup_s: tuple[float, ...]
    runs_s: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the raw seconds and the distribution of the measured ones."""
        return {
            "first_s": self.first_s,
            "warmup_s": list(self.warmup_s),
            "runs_s": list(self.runs_s),
            "latency": Distribution.of(self.runs_s).to_dict(),
        }


def measure(
    call: Callable[[], Any],
    device: Device,
    warmup: int,
    runs: int,
    on_run: Callable[[Timings], None] = lambda timings: None,
) -> Timings:
    """Time repeated calls, the device waited for at both ends of each.

    Args:
        call: what is timed; what it returns is dropped.
        device: where it queues its work.
        warmup: calls before the measured ones, at least 0; the first of them is kept apart.
        runs: measured calls, at least 1.
        on_run: called with all timings so far after each measured call.

    Raises:
        UsageError: ``warmup`` or ``runs`` is out of range.
    """
    if warmup < 0 or runs < 1:
        raise UsageError(f"warmup {warmup} and runs {runs}: at least 0 and at least 1 are needed")
    before = [time_call(call, device) for _ in range(warmup)]
    timings = Timings(before[0] if before else None, tuple(before[1:]), ())
    for _ in range(runs):
        timings = replace(timings, runs_s=(*timings.runs_s, time_call(call, device)))
        on_run(timings)
    return timings


def time_call(call: Callable[[], Any], device: Device) -> float:
    """Return the seconds of one call, until the device has done all that it queued."""
    device.synchronize()
    started = time.perf_counter()
    call()
    device.synchronize()
    return time.perf_counter() - started
