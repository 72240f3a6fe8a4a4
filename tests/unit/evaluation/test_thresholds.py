"""Limits: which side of them passes, which dtype's hold, and how a user changes them."""

import math

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.parity.limits import GOLDEN_LIMITS, NAMES, limits_for
from speech_toolkit.evaluation.thresholds import (
    DTYPES_BY_PRECISION,
    EXIT_CODES,
    Threshold,
    coarser_dtype,
    parse_changes,
    worst_of,
)


@pytest.mark.parametrize(
    ("sense", "at_the_limit", "under", "over"),
    [
        ("below", False, True, False),
        ("above", False, False, True),
        ("at most", True, True, False),
        ("at least", True, False, True),
    ],
)
def test_sides_of_a_limit(sense, at_the_limit, under, over):
    threshold = Threshold("x", 1.0, sense, "")
    assert [threshold.passes(v) for v in (1.0, 0.5, 2.0)] == [at_the_limit, under, over]
    assert not threshold.passes(math.nan)
    assert not threshold.passes(None)


def test_every_dtype_has_every_limit_with_a_reason():
    for dtype in DTYPES_BY_PRECISION:
        limits = limits_for(dtype)
        assert tuple(limits) == NAMES
        assert all(threshold.reason for threshold in limits.values())
        assert dtype in GOLDEN_LIMITS


def test_published_limits():
    limits = limits_for("float32")
    assert (limits["relative_error"].limit, limits["relative_error"].sense) == (0.01, "below")
    assert (limits["share_within_1pct"].limit, limits["share_within_1pct"].sense) == (0.99, "above")


@pytest.mark.parametrize(
    ("first", "second", "coarser"),
    [
        ("float32", "float16", "float16"),
        ("bfloat16", "float16", "bfloat16"),
        ("float64", "float32", "float32"),
    ],
)
def test_coarser_dtype(first, second, coarser):
    assert coarser_dtype(first, second) == coarser_dtype(second, first) == coarser


def test_limits_set_by_the_user_hold_for_every_dtype():
    changes = parse_changes(["relative_error=0.02", "fallback_ops=3"], NAMES)
    for dtype in DTYPES_BY_PRECISION:
        limits = limits_for(dtype, changes)
        assert limits["relative_error"].limit == 0.02
        assert limits["fallback_ops"].limit == 3
        assert limits["relative_error"].reason == "set on the command line"


@pytest.mark.parametrize("value", ["inf", "-inf", "1e300", "-2"])
def test_limits_that_json_could_not_hold_or_that_mean_nothing(value):
    with pytest.raises(UsageError, match="--threshold cosine .*: must be a number"):
        parse_changes([f"cosine={value}"], NAMES)


@pytest.mark.parametrize("text", ["relative_error", "nonsense=1", "cosine=high", "cosine=nan"])
def test_settings_that_are_none(text):
    with pytest.raises(UsageError, match="use NAME=NUMBER"):
        parse_changes([text], NAMES)


def test_a_limit_is_set_once():
    with pytest.raises(UsageError, match="cosine is set twice"):
        parse_changes(["cosine=0.5", "mean_kl=1", "cosine=0.5"], NAMES)


def test_exit_codes():
    assert EXIT_CODES == {"PASS": 0, "FAIL": 1, "NOT VALID": 4}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["PASS", "PASS"], "PASS"),
        (["PASS", "NOT VALID"], "NOT VALID"),
        (["NOT VALID", "FAIL", "PASS"], "FAIL"),
    ],
)
def test_worst(verdicts, expected):
    assert worst_of(verdicts) == expected
