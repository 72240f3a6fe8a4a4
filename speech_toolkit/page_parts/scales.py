"""Values -> places on a chart: linear and logarithmic axes with their ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

LOG_ABOVE_RATIO = 20.0
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STEPS = (1, 2, 5, 10)
_MOST_TICKS = 6


@dataclass(frozen=True)
class Scale:
    """One axis.

    Attributes:
        low: value at ``start``; above 0 on a logarithmic axis.
        high: value at ``end``, above ``low``.
        start: place of ``low`` in pixels.
        end: place of ``high`` in pixels; below ``start`` on an axis that points up.
        is_log: whether the axis is logarithmic.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Return the place of a value; one beyond an end is put on it."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.is_log:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values along the axis: decades on a logarithmic one."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            stride = max(1, math.ceil((last - first) / 10))
            return [10.0**power for power in range(first, last + 1, stride)]
        step = _round_step((self.high - self.low) / _MOST_TICKS)
        first = math.ceil(self.low / step - 1e-9)
        return [index * step for index in range(first, math.floor(self.high / step + 1e-9) + 1)]


def decades(values: Iterable[float], start: float, end: float) -> Scale:
    """Return a logarithmic axis of whole decades around the values above 0."""
    positive = [value for value in values if value > 0] or [1.0]
    low = math.floor(math.log10(min(positive)))
    high = max(math.ceil(math.log10(max(positive))), low + 1)
    return Scale(10.0**low, 10.0**high, start, end, is_log=True)


def amounts(values: Iterable[float], start: float, end: float) -> Scale:
    """Return an axis for amounts: from 0 on, or logarithmic where they are of many sizes."""
    positive = [value for value in values if value > 0] or [1.0]
    if max(positive) > LOG_ABOVE_RATIO * min(positive):
        return decades(positive, start, end)
    high = max(positive)
    step = _round_step(high / _MOST_TICKS)
    return Scale(0.0, step * math.ceil(high / step + 0.1), start, end)


def power_of_ten(value: float) -> str:
    """Return a decade as ``10⁻³``."""
    return f"10{str(round(math.log10(value))).translate(_SUPERSCRIPTS)}"


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, ... (or 0.5, 0.2, ...) that is not below ``least``."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(step * decade for step in _STEPS if step * decade >= least * (1 - 1e-9))
