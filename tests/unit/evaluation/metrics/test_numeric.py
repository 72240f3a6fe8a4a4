"""The metrics against values worked out by hand, and against plain numpy on random arrays."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics import numeric
from speech_toolkit.evaluation.metrics.numeric import (
    HISTOGRAM_EDGES,
    compare_arrays,
    compare_distributions,
    relative_error,
)
from speech_toolkit.evaluation.parity.golden import compare_to_golden, explained_share

NAN, INF = math.nan, math.inf

# reference, candidate -> figure: value. Worked out by hand.
TABLE = [
    (
        [3.0, 4.0],
        [3.0, 4.05],
        {
            "relative_error": 0.01,  # 0.05 / 5
            "max_abs_error": 0.05,
            "mean_abs_error": 0.025,
            "reference_rms": math.sqrt(12.5),
            "snr_db": 40.0,
            "share_within_1pct": 0.5,  # 0.05 / 4 is 1.25 %
            "share_within_01pct": 0.5,
            "cosine": (9 + 16.2) / (5 * math.sqrt(9 + 4.05**2)),
            "error_balance": 0.5,
            "max_error_index": (1,),
            "non_finite_differ": 0,
        },
    ),
    (  # the second element is near zero: held to the array's RMS, 1 / sqrt(2)
        [1.0, 0.0],
        [1.0, 0.007],
        {"relative_error": 0.007, "share_within_1pct": 1.0, "share_within_01pct": 0.5},
    ),
    ([1.0, -1.0], [1.0, -1.0], {"relative_error": 0.0, "snr_db": INF, "cosine": 1.0}),
    ([1.0, 0.0], [0.0, 1.0], {"relative_error": math.sqrt(2), "cosine": 0.0, "error_balance": 0}),
    ([2.0, 2.0], [-2.0, -2.0], {"relative_error": 2.0, "cosine": -1.0, "error_balance": 1.0}),
    ([0.0, 0.0], [0.0, 0.0], {"relative_error": 0.0, "cosine": 1.0, "share_within_1pct": 1.0}),
    ([0.0, 0.0], [0.0, 0.1], {"relative_error": INF, "cosine": 0.0, "share_within_1pct": 0.5}),
    (
        [1.0, NAN, INF, -INF, 2.0],
        [1.0, NAN, INF, INF, NAN],
        {
            "relative_error": 0.0,
            "reference_non_finite": 3,
            "non_finite_differ": 2,
            "first_non_finite_index": (3,),
            "reference_rms": 1.0,
        },
    ),
    ([NAN, NAN], [1.0, 1.0], {"non_finite_differ": 2, "max_error_index": None}),
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [9.0, 4.0]], {"max_error_index": (1, 0)}),
]


@pytest.mark.parametrize(("reference", "candidate", "figures"), TABLE)
def test_figures_worked_out_by_hand(reference, candidate, figures):
    found = compare_arrays(np.array(reference, np.float32), np.array(candidate, np.float32))
    for name, value in figures.items():
        if value is None:
            assert getattr(found, name) is None, name
        else:
            assert getattr(found, name) == pytest.approx(value, rel=1e-5, abs=1e-7), name


@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.floats(1e-7, 1.0))
def test_blocks_change_nothing(seed, size, noise):
    rng = np.random.default_rng(seed)
    b = rng.standard_normal(size).astype(np.float32)
    c = b + noise * rng.standard_normal(size).astype(np.float32)
    whole = compare_arrays(b, c)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numeric, "BLOCK_ELEMENTS", 7)
        in_blocks = compare_arrays(b, c)
    assert in_blocks.histogram == whole.histogram
    assert in_blocks.max_error_index == whole.max_error_index
    b, c = b.astype(np.float64), c.astype(np.float64)
    for found in (whole, in_blocks):
        assert found.relative_error == pytest.approx(np.linalg.norm(c - b) / np.linalg.norm(b))
        assert found.mean_abs_error == pytest.approx(np.abs(c - b).mean())
        assert found.cosine == pytest.approx(b @ c / np.linalg.norm(b) / np.linalg.norm(c))
        assert sum(found.histogram) == size


def test_histogram_counts_each_error_in_its_bin():
    b = np.ones(5, dtype=np.float64)
    c = b + np.array([0.0, 1e-12, 2e-3, 2e-3, 20.0])
    histogram = compare_arrays(b, c).histogram
    expected = [0] * (len(HISTOGRAM_EDGES) + 2)
    expected[0], expected[1], expected[-1] = 1, 1, 1
    expected[1 + int(np.searchsorted(HISTOGRAM_EDGES, 2e-3))] = 2
    assert histogram == tuple(expected)


def test_float16_is_compared_without_overflow():
    big = np.full(4, 60000, dtype=np.float16)
    assert compare_arrays(big, big).reference_rms == 60000
    assert relative_error(big, big) == 0


def test_relative_error_is_infinite_where_one_side_is_not_finite():
    assert relative_error(np.array([1.0, NAN]), np.array([1.0, 2.0])) == INF
    assert relative_error(np.array([1.0, NAN]), np.array([2.0, NAN])) == 1.0


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((0,), (0,)), ((2, 3), (3, 2))])
def test_arrays_that_cannot_be_compared(shapes):
    with pytest.raises(UsageError, match="cannot be compared"):
        compare_arrays(*map(np.zeros, shapes))


def test_distributions_worked_out_by_hand():
    # Row 0: (1/2, 1/2) against (1/4, 3/4). Row 1: the same up to a constant, so no difference.
    b = np.log([[0.5, 0.5], [0.9, 0.1]])
    c = np.log([[0.25, 0.75], [0.9, 0.1]]) + np.array([[0.0], [5.0]])
    found = compare_distributions(b, c)
    kl = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    assert found.max_kl == pytest.approx(kl)
    assert found.mean_kl == pytest.approx(kl / 2)
    assert found.argmax_agreement == 0.5
    (flip,) = found.flips
    assert (flip.row, flip.reference, flip.candidate) == (0, 0, 1)
    assert flip.reference_margin == pytest.approx(0.0)
    assert flip.candidate_margin == pytest.approx(math.log(3))


def test_ties_may_be_broken_either_way():
    b = np.log([[0.51, 0.49], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    c = np.log([[0.49, 0.51], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    found = compare_distributions(b, c, tie_margin=0.1)
    assert (found.argmax_agreement, found.decided_agreement) == (0.5, 0.75)
    assert compare_distributions(b, c).decided_agreement == 0.5


def test_rows_with_nan_are_left_out_and_blocks_keep_row_numbers(monkeypatch):
    monkeypatch.setattr(numeric, "BLOCK_ELEMENTS", 2)
    b = np.array([[0.0, NAN], [1.0, 0.0], [2.0, 0.0]])
    c = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    found = compare_distributions(b, c)
    assert found.rows == 2
    assert [flip.row for flip in found.flips] == [2]
    assert found.max_flip_margin == pytest.approx(2.0)


def test_golden_by_hand():
    golden = np.array([1.0, 0.0])
    limits = {"factor": 2.0, "tolerance": 0.001, "floor": 0.0}
    near = compare_to_golden(golden, np.array([1.0, 0.01]), np.array([1.0, 0.02]), **limits)
    assert (near.reference_error, near.candidate_error) == pytest.approx((0.01, 0.02))
    assert near.ratio == pytest.approx(2.0)
    assert near.passed
    far = compare_to_golden(golden, np.array([1.0, 0.01]), np.array([1.0, 0.022]), **limits)
    assert not far.passed
    assert compare_to_golden(golden, golden, golden, **limits | {"floor": 0.1}).ratio == 0


def test_explained_share_by_hand():
    reference, candidate = np.array([1.0, 0.0]), np.array([1.0, 0.1])
    assert explained_share(reference, candidate, candidate) == 1.0
    assert explained_share(reference, candidate, np.array([1.0, 0.05])) == pytest.approx(0.75)
    assert explained_share(reference, candidate, reference) == 0.0
    assert explained_share(reference, reference, candidate) is None
