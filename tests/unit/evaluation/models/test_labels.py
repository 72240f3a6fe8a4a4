import numpy as np
import pytest

from speech_toolkit.evaluation.models.labels import best_labels, leads_of, spelt_labels


def test_best_labels_and_their_lead():
    log_probs = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    labels, leads = best_labels(log_probs)
    assert labels.tolist() == [0, 2]
    np.testing.assert_allclose(leads, np.log([5 / 3, 8]))


@pytest.mark.parametrize(
    ("path", "spelt"),
    [([0, 5, 5, 0, 5, 6, 6], [5, 5, 6]), ([0, 0], []), ([7], [7]), ([], [])],
)
def test_spelt_labels(path, spelt):
    assert spelt_labels(np.array(path, dtype=int), blank=0).tolist() == spelt


def test_leads_of_given_labels_are_below_zero_where_another_is_best():
    log_probs = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(leads_of(log_probs, (0, 1)), np.log([5 / 3, 1 / 8]), atol=1e-5)
