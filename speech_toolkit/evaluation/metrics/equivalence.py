"""Tests of equivalence: is a figure surely within its limit, surely beyond it, or open?

A figure of few cases is luck. Each test therefore has an interval, and decides only where the limit
lies outside it: PASS below, FAIL above, else NOT VALID with the number of cases that would decide.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from speech_toolkit.evaluation.metrics.text import BOOTSTRAP_RESAMPLES, CONFIDENCE, Interval
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS, Threshold

MOST_CASES_NAMED = 10_000
_TAIL = (1 - CONFIDENCE) / 2
_BISECTIONS = 40
_GROWTH = 1.1


@dataclass(frozen=True)
class EquivalenceTest:
    """A figure with its interval, held against a limit that it must be below.

    Attributes:
        threshold: the limit.
        value: the figure.
        interval: where it would lie with other cases of the kind, in ``CONFIDENCE`` of the times.
        verdict: "PASS" where the interval is below the limit, "FAIL" where it is above, else
            "NOT VALID".
        cases_needed: about how many cases would decide; None where it is decided, or where not
            even ``MOST_CASES_NAMED`` would.
    """

    threshold: Threshold
    value: float
    interval: Interval
    verdict: str
    cases_needed: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "name": self.threshold.name,
            "value": self.value,
            "interval": asdict(self.interval),
            "limit": self.threshold.limit,
            "reason": self.threshold.reason,
            "verdict": self.verdict,
            "cases_needed": self.cases_needed,
        }

    def why_not(self) -> str | None:
        """Say in one line what speaks against a PASS; None where nothing does."""
        name, low, high = self.threshold.name, self.interval.low, self.interval.high
        where = f"{name} is {self.value:.3g} ({low:.3g} to {high:.3g})"
        if self.verdict == FAIL:
            return f"{where}, surely not below {self.threshold.limit:g} ({self.threshold.reason})"
        if self.verdict == NOT_VALID:
            needed = f"about {self.cases_needed}" if self.cases_needed else "very many"
            return (
                f"{where} may lie on either side of {self.threshold.limit:g}: these cases cannot "
                f"tell a fault from luck, {needed} might"
            )
        return None


def added_errors(
    threshold: Threshold,
    reference: Sequence[int],
    candidate: Sequence[int],
    totals: Sequence[int],
    seed: int,
) -> EquivalenceTest:
    """Test how many more errors a candidate makes than the reference, by a paired bootstrap.

    Both have heard the same cases, so whole cases are drawn with the errors of both (Bisani and
    Ney, ICASSP 2004). Beyond what the draws show, errors may be added that none of the cases
    holds: the "rule of three" bounds their rate.

    Args:
        threshold: most errors added, as a share of ``totals``.
        reference: its errors in each case, (N,).
        candidate: likewise.
        totals: words of each case.
        seed: of the draws.
    """
    more_N = np.subtract(candidate, reference)
    totals_N = np.asarray(totals)
    value = float(more_N.sum() / max(1, totals_N.sum()))
    unseen = -math.log(1 - CONFIDENCE) / max(1, totals_N.sum())
    draws = _draws(len(more_N), seed)
    rates = more_N[draws].sum(axis=1) / np.maximum(1, totals_N[draws].sum(axis=1))
    low, high = np.quantile(rates, [_TAIL, 1 - _TAIL])
    found = Interval(min(low, value - unseen), max(high, value + unseen), CONFIDENCE)
    return _tested(threshold, value, found, _by_width(threshold, value, found, len(more_N)))


def share_of(threshold: Threshold, hits: Sequence[int], totals: Sequence[int]) -> EquivalenceTest:
    """Test a share by the exact interval of Clopper and Pearson (Biometrika 1934).

    One case alone does not FAIL: what happened in it may be its own.

    Args:
        threshold: the largest share.
        hits: of each case, (N,).
        totals: of each case.
    """
    count, total = int(np.sum(hits)), int(np.sum(totals))
    found = Interval(*clopper_pearson(count, total), CONFIDENCE)
    value = count / max(1, total)
    verdict = _tested(threshold, value, found, None).verdict
    if verdict == FAIL and np.count_nonzero(hits) < min(2, len(hits)):
        verdict = NOT_VALID
    needed = None
    if verdict == NOT_VALID:
        needed = _first_that_decides(threshold.limit, count, total, len(hits))
    return EquivalenceTest(threshold, value, found, verdict, needed)


def ratio_of_spreads(
    threshold: Threshold, squares: Sequence[float], of_rounding: Sequence[float], seed: int
) -> EquivalenceTest:
    """Test the root of a ratio of two sums of squares, drawing whole cases.

    Args:
        threshold: the largest ratio.
        squares: sum over each case, (N,).
        of_rounding: what they are held against, likewise.
        seed: of the draws.
    """
    squares_N, rounding_N = np.asarray(squares), np.asarray(of_rounding)
    value = _root_ratio(squares_N.sum(), rounding_N.sum())
    draws = _draws(len(squares_N), seed)
    ratios = _root_ratio(squares_N[draws].sum(axis=1), rounding_N[draws].sum(axis=1))
    low, high = np.quantile(ratios, [_TAIL, 1 - _TAIL])
    found = Interval(float(low), float(high), CONFIDENCE)
    return _tested(
        threshold, float(value), found, _by_width(threshold, value, found, len(squares_N))
    )


def clopper_pearson(count: int, total: int) -> tuple[float, float]:
    """Return the exact interval of a share of which ``count`` of ``total`` were seen."""
    if total == 0:
        return 0.0, 1.0
    low = _share_where(lambda share: 1 - _at_most(count - 1, total, share) < _TAIL)
    high = _share_where(lambda share: _at_most(count, total, share) > _TAIL)
    return (low if count else 0.0), (high if count < total else 1.0)


def _share_where(is_low: Callable[[float], bool]) -> float:
    """Return the share in 0..1 up to which something holds."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_low(middle) else (low, middle)
    return (low + high) / 2


def _at_most(count: int, total: int, share: float) -> float:
    """Return the probability of at most ``count`` hits in ``total`` tries."""
    if count < 0:
        return 0.0
    log_share, log_rest = math.log(share), math.log1p(-share)
    return sum(
        math.exp(_log_choices(total, k) + k * log_share + (total - k) * log_rest)
        for k in range(count + 1)
    )


def _log_choices(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)


def _draws(cases: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(cases, size=(BOOTSTRAP_RESAMPLES, cases))


def _root_ratio(squares: np.ndarray, of_rounding: np.ndarray) -> np.ndarray:
    return np.sqrt(squares / np.maximum(of_rounding, np.finfo(float).tiny))


def _tested(
    threshold: Threshold, value: float, interval: Interval, cases_needed: int | None
) -> EquivalenceTest:
    verdict = NOT_VALID
    if interval.high < threshold.limit:
        verdict = PASS
    elif interval.low > threshold.limit:
        verdict = FAIL
    if verdict != NOT_VALID:
        cases_needed = None
    return EquivalenceTest(threshold, value, interval, verdict, cases_needed)


def _by_width(threshold: Threshold, value: float, interval: Interval, cases: int) -> int | None:
    """Return how many cases would bring the limit outside the interval, which shrinks as 1/sqrt."""
    room = abs(threshold.limit - value)
    reach = interval.high - value if value < threshold.limit else value - interval.low
    if room == 0 or cases * (reach / room) ** 2 > MOST_CASES_NAMED:
        return None
    return math.ceil(cases * (reach / room) ** 2) + 1


def _first_that_decides(limit: float, count: int, total: int, cases: int) -> int | None:
    """Return with how many cases the same share would be decided."""
    needed = cases
    while needed < MOST_CASES_NAMED:
        needed = math.ceil(needed * _GROWTH) + 1
        grown = round(count * needed / cases), round(total * needed / cases)
        low, high = clopper_pearson(*grown)
        if high < limit or (low > limit and grown[0] > count):
            return needed
    return None
