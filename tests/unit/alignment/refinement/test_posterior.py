import numpy as np
import pytest

from speech_toolkit.alignment.refinement.posterior import EdgePosterior, quantile


def weights_one_by_one(scores):
    """Sum over all pairs of an end and a start of one juncture, the slow way."""
    ends, starts, both = np.exp(scores.astype(np.float64)).T
    count = len(scores)
    of_pairs = np.array(
        [[ends[e] * starts[s] if e < s else 0.0 for s in range(count)] for e in range(count)]
    )
    return of_pairs, both


@pytest.mark.parametrize("seed", range(20))
def test_probabilities_are_those_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 12, 5)
    scores = rng.normal(0, 4, (counts.sum(), 3)).astype(np.float32)
    owners = np.repeat(np.arange(5), counts)
    columns = np.concatenate([np.arange(count) for count in counts])
    found = EdgePosterior.of(scores, owners, columns, np.ones(5, dtype=bool))
    for juncture in range(5):
        pairs, both = weights_one_by_one(scores[owners == juncture])
        total, count = pairs.sum() + both.sum(), counts[juncture]
        np.testing.assert_allclose(found.pause_J[juncture], pairs.sum() / total, atol=1e-9)
        np.testing.assert_allclose(
            found.any_start_JN[juncture, :count], (pairs.sum(0) + both) / total, atol=1e-9
        )
        if count > 1:
            np.testing.assert_allclose(
                found.ends_JN[juncture, :count], pairs.sum(1) / pairs.sum(), atol=1e-9
            )
        assert found.any_start_JN[juncture, count:].sum() == 0


def test_an_edge_alone_has_its_own_scores():
    scores = np.log(np.array([[1, 6, 9], [3, 2, 9]], dtype=np.float32))
    found = EdgePosterior.of(scores, np.zeros(2, int), np.arange(2), np.zeros(1, dtype=bool))
    np.testing.assert_allclose(found.ends_JN, [[0.25, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(found.any_start_JN, [[0.75, 0.25]], rtol=1e-6)


def test_scores_of_any_size_stay_finite():
    for size in (1e4, -1e4):
        scores = np.full((4, 3), size, dtype=np.float32)
        scores[1, 2] += 900
        found = EdgePosterior.of(scores, np.zeros(4, int), np.arange(4), np.ones(1, dtype=bool))
        assert np.isfinite(found.any_start_JN).all()
        assert found.any_start_JN.sum() == pytest.approx(1)


def test_quantiles_lie_between_the_times_of_the_grid():
    rows = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5]])
    np.testing.assert_allclose(quantile(rows, 0.5), [0.5, 1.0, 1.5])
    np.testing.assert_allclose(quantile(rows, 0.05), [-0.4, 0.55, -0.3])


def test_a_little_noise_moves_a_time_a_little():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (2000, 3)).astype(np.float32)
    owners, columns = np.repeat(np.arange(50), 40), np.tile(np.arange(40), 50)
    medians = [
        quantile(EdgePosterior.of(own, owners, columns, np.ones(50, dtype=bool)).any_start_JN, 0.5)
        for own in (scores, scores + rng.normal(0, 1e-3, scores.shape).astype(np.float32))
    ]
    assert np.abs(medians[0] - medians[1]).max() < 0.05


def test_an_end_that_is_near_impossible_has_no_negative_probability():
    rng = np.random.default_rng(5)
    scores = rng.normal(0, 1, (40, 3)).astype(np.float32) - 60
    scores[0, 1] = scores[-1, 0] = 0  # the likeliest start is before the likeliest end
    found = EdgePosterior.of(scores, np.zeros(40, int), np.arange(40), np.ones(1, dtype=bool))
    assert (found.ends_JN >= 0).all()
    assert found.ends_JN[0, -1] == 0
