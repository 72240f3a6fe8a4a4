"""How sure a ratio of two sets of times is: an interval that assumes no distribution.

The interval inverts the Mann-Whitney test on the logarithms of the times (Hodges and Lehmann,
1963; Moses): of all ratios of a run of the one set to a run of the other, it reaches from the k-th
smallest to the k-th largest. It says how far the spread of the runs blurs their ratio, and nothing
of what all runs of one process have in common.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95
FEWEST_RUNS = 4  # on each side: with 3 and 3 no order of the runs is rare enough
MOST_RUNS_NAMED = 10_000
_Z = 1.959964  # of the normal distribution, two-sided, for CONFIDENCE
_EXACT_PAIRS = 400
_MOST_RUNS = 1000  # of each side: more of them narrow the interval by less than is shown


@dataclass(frozen=True)
class RatioInterval:
    """A ratio of times and where it may lie.

    Attributes:
        ratio: median of the ratios of all pairs of runs.
        low: lower end of the interval.
        high: upper end.
    """

    ratio: float
    low: float
    high: float

    def holds(self, ratio: float) -> bool:
        """Tell whether the interval leaves ``ratio`` possible."""
        return self.low <= ratio <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the ends, and how sure they are."""
        ends = asdict(self)
        del ends["ratio"]
        return ends | {"confidence": CONFIDENCE}

    def __str__(self) -> str:
        return f"{self.low:.2f} to {self.high:.2f}"


def ratio_interval(
    numerator_s: Sequence[float], denominator_s: Sequence[float]
) -> RatioInterval | None:
    """Return how many times as long the one set of runs took as the other.

    Args:
        numerator_s: seconds of runs, each above 0.
        denominator_s: the same of the other side.

    Returns:
        The ratio with its interval; None with less than ``FEWEST_RUNS`` on either side.
    """
    if min(len(numerator_s), len(denominator_s)) < FEWEST_RUNS:
        return None
    above, below = _thinned(numerator_s), _thinned(denominator_s)
    ratios = np.sort(np.divide.outer(above, below), axis=None)
    cut = _cut(len(above), len(below))
    return RatioInterval(
        float(np.median(ratios)), float(ratios[cut]), float(ratios[len(ratios) - 1 - cut])
    )


def speed_up_figures(
    reference_s: Sequence[float], candidate_s: Sequence[float], withheld: str | None = None
) -> dict[str, Any]:
    """Return a speed-up for a report, withheld where the runs do not show one.

    Args:
        reference_s: seconds of the reference's runs.
        candidate_s: seconds of the candidate's.
        withheld: why there is none whatever the runs took; None where only they decide.

    Returns:
        ``speed_up``, how many times faster the candidate is, or None; ``interval``, its ends and
        their confidence, or None; ``withheld``, why there is no speed-up.
    """
    found = None if withheld else ratio_interval(reference_s, candidate_s)
    if not withheld:
        withheld = _why_none(found, len(reference_s), len(candidate_s))
    return {
        "speed_up": None if withheld else found.ratio,
        "interval": found and found.to_dict(),
        "withheld": withheld,
    }


def runs_needed(found: RatioInterval, runs: int, limit: float) -> int | None:
    """Estimate how many runs on each side would tell a ratio from a limit.

    The interval narrows with the root of their number.

    Args:
        found: what ``runs`` of them gave.
        runs: on each side.
        limit: that the interval holds.

    Returns:
        The estimate; None beyond ``MOST_RUNS_NAMED``.
    """
    distance = abs(math.log(found.ratio / limit))
    width = math.log(found.high / found.low) / 2
    if distance * math.sqrt(MOST_RUNS_NAMED / runs) <= width:
        return None
    return max(runs + 1, math.ceil(runs * (width / distance) ** 2))


def _why_none(found: RatioInterval | None, reference_runs: int, candidate_runs: int) -> str | None:
    if found is None:
        return (
            f"{reference_runs} and {candidate_runs} runs are too few; it takes at least "
            f"{FEWEST_RUNS} of each"
        )
    if found.holds(1.0):
        return f"the runs leave {found} times as fast possible, so neither may be the faster one"
    return None


def _thinned(seconds: Sequence[float]) -> np.ndarray:
    """Return all runs, or as many, evenly spaced in time, as are worth their pairs."""
    places = np.linspace(0, len(seconds) - 1, min(len(seconds), _MOST_RUNS)).round().astype(int)
    return np.asarray(seconds, dtype=np.float64)[places]


def _cut(first: int, second: int) -> int:
    """Return how many of the sorted ratios lie outside the interval, at either end."""
    tail = (1 - CONFIDENCE) / 2
    pairs = first * second
    if pairs > _EXACT_PAIRS:
        spread = math.sqrt(pairs * (first + second + 1) / 12)
        return math.floor(pairs / 2 - _Z * spread)
    return int(np.searchsorted(np.cumsum(_rank_sum_distribution(first, second)), tail, "right")) - 1


def _rank_sum_distribution(first: int, second: int) -> np.ndarray:
    """Return the chances of 0, 1, ... pairs in which the first set's run is the longer.

    Both sets come from one distribution: the largest of all runs is as likely any of them, and
    beats the whole other set.
    """
    by_size = {(0, size): np.ones(1) for size in range(second + 1)}
    for one in range(1, first + 1):
        by_size[one, 0] = np.ones(1)
        for other in range(1, second + 1):
            chances = np.zeros(one * other + 1)
            chances[other:] += by_size[one - 1, other] * (one / (one + other))
            without = by_size[one, other - 1]
            chances[: len(without)] += without * (other / (one + other))
            by_size[one, other] = chances
    return by_size[first, second]
