"""Numbers as a reader wants them: few digits, a unit, the same in every language."""

from __future__ import annotations

import math

MISSING = "–"
SIGNS = {"below": "<", "above": ">", "at most": "≤", "at least": "≥"}
_UNITS_OF_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with a few significant digits; a dash for None."""
    return MISSING if value is None else f"{value:.{digits}g}"


def error_size(value: float | None, missing: str = MISSING) -> str:
    """Return an error such as ``5.9e-03``; 0 where there is none at all."""
    if value is None:
        return missing
    return "0" if value == 0 else f"{value:.1e}"


def share(value: float | None) -> str:
    """Return a share in 0..1 as percent."""
    return MISSING if value is None else f"{100 * value:.2f} %"


def interval(value: dict[str, float] | None) -> str:
    """Return the ends of an interval of shares as percent."""
    return MISSING if value is None else f"{100 * value['low']:.2f} – {100 * value['high']:.2f} %"


def duration(seconds: float | None) -> str:
    """Return seconds, below one as milliseconds."""
    if seconds is None:
        return MISSING
    return f"{1000 * seconds:.1f} ms" if abs(seconds) < 1 else f"{seconds:.2f} s"


def length(seconds: float | None) -> str:
    """Return how long audio is, in hours, minutes or seconds."""
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:,.1f} h"


def milliseconds(value_ms: float | None) -> str:
    """Return milliseconds with their unit."""
    return MISSING if value_ms is None else f"{value_ms:.1f} ms"


def times(value: float | None) -> str:
    """Return a ratio such as ``1.45×``."""
    return MISSING if value is None else f"{value:.2f}×"


def times_interval(value: dict[str, float] | None) -> str:
    """Return the ends of an interval of ratios."""
    return MISSING if value is None else f"{value['low']:.2f} – {value['high']:.2f}×"


def size(count_bytes: int | None) -> str:
    """Return bytes in the unit that keeps the number short."""
    if count_bytes is None:
        return MISSING
    power = int(math.log(count_bytes, 1024)) if count_bytes >= 1 else 0
    power = min(power, len(_UNITS_OF_BYTES) - 1)
    scaled = count_bytes / 1024**power
    return f"{scaled:.{0 if power == 0 else 1}f} {_UNITS_OF_BYTES[power]}"
