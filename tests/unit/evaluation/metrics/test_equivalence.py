import numpy as np
import pytest

from speech_toolkit.evaluation.metrics.equivalence import (
    added_errors,
    clopper_pearson,
    ratio_of_spreads,
    share_of,
)
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS, Threshold

LIMIT = Threshold("figure", 0.01, "below", "for a test")


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # of R: binom.test(count, total)$conf.int
        (0, 10, 0.0, 0.3084971),
        (10, 10, 0.6915029, 1.0),
        (5, 100, 0.01643188, 0.1128349),
        (0, 0, 0.0, 1.0),
    ],
)
def test_exact_interval_of_a_share(count, total, low, high):
    assert clopper_pearson(count, total) == pytest.approx((low, high), abs=1e-6)


def test_share_is_decided_where_the_interval_leaves_the_limit_out():
    assert share_of(LIMIT, [0] * 10, [40] * 10).verdict == PASS
    assert share_of(LIMIT, [4] * 10, [40] * 10).verdict == FAIL
    assert share_of(LIMIT, [0] * 10, [20] * 10).verdict == NOT_VALID


def test_cases_needed_are_enough():
    few = share_of(LIMIT, [0] * 10, [20] * 10)
    assert 10 < few.cases_needed < 30
    assert share_of(LIMIT, [0] * few.cases_needed, [20] * few.cases_needed).verdict == PASS
    assert f"about {few.cases_needed} might" in few.why_not()


@pytest.mark.slow
def test_figure_at_its_limit_needs_more_cases_than_anybody_has():
    at_limit = share_of(LIMIT, [1] * 10, [100] * 10)
    assert (at_limit.verdict, at_limit.cases_needed) == (NOT_VALID, None)
    assert "very many might" in at_limit.why_not()


def test_one_case_of_many_fails_nobody():
    assert share_of(LIMIT, [40] + [0] * 9, [40] * 10).verdict == NOT_VALID
    assert share_of(LIMIT, [40], [40]).verdict == FAIL


def test_added_errors_are_paired():
    random = np.random.default_rng(1)
    reference = random.integers(0, 10, 40)
    words = [20] * 40
    assert added_errors(LIMIT, reference, reference, words, 0).verdict == PASS
    assert added_errors(LIMIT, reference, reference + 1, words, 0).verdict == FAIL
    fewer = added_errors(LIMIT, reference, np.maximum(0, reference - 1), words, 0)
    assert (fewer.verdict, fewer.value < 0) == (PASS, True)


def test_no_added_errors_in_few_words_decide_nothing():
    test = added_errors(LIMIT, [0], [0], [20], 0)
    assert (test.verdict, test.interval.high) == (NOT_VALID, pytest.approx(0.15, abs=0.01))


def test_ratio_of_spreads_draws_cases():
    limit = Threshold("ratio", 2.0, "below", "for a test")
    same = ratio_of_spreads(limit, [4.0] * 5, [1.0] * 5, 0)
    assert (same.value, same.interval.low, same.interval.high) == (2.0, 2.0, 2.0)
    assert ratio_of_spreads(limit, [9.0] * 5, [1.0] * 5, 0).verdict == FAIL
    assert ratio_of_spreads(limit, [1.0] * 5, [1.0] * 5, 0).verdict == PASS
    assert ratio_of_spreads(limit, [100.0] + [1.0] * 9, [1.0] * 10, 0).verdict == NOT_VALID
