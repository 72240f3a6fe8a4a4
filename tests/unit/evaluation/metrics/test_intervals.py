import math

import numpy as np
import pytest

from speech_toolkit.evaluation.metrics import intervals
from speech_toolkit.evaluation.metrics.intervals import (
    ratio_interval,
    runs_needed,
    speed_up_figures,
)


def noisy(random, mean_s, count, spread):
    return (mean_s * np.exp(spread * random.standard_normal(count))).tolist()


@pytest.mark.parametrize(("count", "spread"), [(4, 0.3), (5, 0.3), (10, 0.05), (30, 0.3)])
def test_the_true_ratio_is_inside_as_often_as_promised(count, spread):
    random = np.random.default_rng(0)
    found = [
        ratio_interval(noisy(random, 2.0, count, spread), noisy(random, 1.0, count, spread))
        for _ in range(1000)
    ]
    assert np.mean([each.holds(2.0) for each in found]) > 0.935
    assert np.median([each.ratio for each in found]) == pytest.approx(2, rel=0.03)


def test_small_samples_take_the_exact_distribution():
    assert intervals._rank_sum_distribution(2, 2) * 6 == pytest.approx([1, 1, 2, 1, 1])
    assert intervals._cut(4, 4) == 0  # 1 of 70 orders
    assert intervals._cut(10, 10) == 23  # the tables' critical value
    assert intervals._cut(20, 20) == 127


def test_large_samples_go_on_where_small_ones_end():
    exact = intervals._cut(20, 20)
    approximate = math.floor(200 - 1.96 * math.sqrt(400 * 41 / 12))
    assert abs(exact - approximate) <= 1
    assert ratio_interval([0.2] * 20_000, [0.1] * 20_000).ratio == pytest.approx(2)


def test_ends_swap_with_the_sides():
    random = np.random.default_rng(1)
    one, other = noisy(random, 1.0, 7, 0.2), noisy(random, 1.3, 9, 0.2)
    found, back = ratio_interval(one, other), ratio_interval(other, one)
    assert (1 / back.high, 1 / back.low) == pytest.approx((found.low, found.high))
    assert found.low < found.ratio < found.high


@pytest.mark.parametrize("counts", [(3, 100), (100, 3), (1, 1), (0, 4)])
def test_too_few_runs_give_no_interval(counts):
    assert ratio_interval(*([0.1] * count for count in counts)) is None


def test_speed_up_with_its_interval():
    figures = speed_up_figures([0.4, 0.41, 0.42, 0.43], [0.2, 0.21, 0.2, 0.2], None)
    assert figures["speed_up"] == pytest.approx(2.06, abs=0.02)
    assert 1.9 < figures["interval"]["low"] < 2.06 < figures["interval"]["high"] < 2.2
    assert figures["interval"]["confidence"] == 0.95
    assert figures["withheld"] is None


@pytest.mark.parametrize(
    ("reference_s", "candidate_s", "given", "said"),
    [
        ([1.0] * 3, [0.1] * 9, None, "3 and 9 runs are too few; it takes at least 4 of each"),
        ([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 2.0, 3.0], None, "possible, so neither may be"),
        ([1.0] * 9, [0.1] * 9, "parity failed", "parity failed"),
    ],
)
def test_speed_up_withheld(reference_s, candidate_s, given, said):
    figures = speed_up_figures(reference_s, candidate_s, given)
    assert figures["speed_up"] is None
    assert said in figures["withheld"]


def test_a_slower_device_has_a_speed_up_below_one():
    assert speed_up_figures([0.1] * 4, [0.2] * 4, None)["speed_up"] == pytest.approx(0.5)


def test_runs_that_would_tell():
    found = intervals.RatioInterval(1.05, 0.95, 1.16)
    needed = runs_needed(found, 10, 1.1)
    assert 40 < needed < 60
    assert runs_needed(intervals.RatioInterval(1.1, 0.9, 1.3), 10, 1.1) is None
