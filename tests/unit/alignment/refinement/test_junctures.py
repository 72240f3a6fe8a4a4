import numpy as np
import pytest

from speech_toolkit.alignment.refinement.evidence import Candidates
from speech_toolkit.alignment.refinement.junctures import NONE, Stretches, find_junctures


def stretches_of(cores, duration_s=100.0):
    cores = np.array(cores, dtype=np.float64)
    limits = np.stack([np.append(0.0, cores[:-1, 1]), np.append(cores[1:, 0], duration_s)], axis=1)
    return Stretches(cores, limits, cores.copy())


def test_neighbours_share_a_juncture_and_edges_of_the_audio_have_their_own():
    found = find_junctures(stretches_of([(1.0, 1.2), (1.3, 1.6)]))
    assert found.left.tolist() == [NONE, 0, 1]
    assert found.right.tolist() == [0, 1, NONE]
    assert found.is_joint.tolist() == [False, True, False]


def test_edges_beside_a_long_pause_are_sought_apart():
    found = find_junctures(stretches_of([(1.0, 1.2), (3.0, 3.4)]))
    assert found.left.tolist() == [NONE, 0, NONE, 1]
    assert found.right.tolist() == [0, NONE, 1, NONE]


def test_edges_beside_what_is_not_theirs_are_sought_apart_and_keep_off_it():
    stretches = stretches_of([(1.0, 1.2), (1.5, 1.8)])
    stretches.limits_s[0, 1], stretches.limits_s[1, 0] = 1.3, 1.4
    found = find_junctures(stretches)
    assert not found.is_joint.any()
    assert found.highs_s[1] == 1.3
    assert found.lows_s[2] == 1.4


@pytest.mark.parametrize("seed", range(30))
def test_windows_of_any_letters_are_in_order(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.choice([0.02, 0.02, 0.1, 0.4], 60)
    gaps = rng.choice([0.0, 0.0, 0.02, 0.1, 0.5, 0.7, 3.0], 60)
    starts = np.cumsum(gaps + np.append(0.0, lengths[:-1]))
    cores = np.stack([starts, starts + lengths], axis=1)
    found = find_junctures(stretches_of(cores, cores[-1, 1] + gaps[0]))
    assert sorted(found.left[found.left >= 0]) == list(range(60))
    assert sorted(found.right[found.right >= 0]) == list(range(60))
    assert (found.lows_s <= found.highs_s + 1e-9).all()
    assert (found.highs_s[:-1] <= found.lows_s[1:] + 1e-9).all()
    candidates = Candidates.of(found)
    assert (candidates.counts >= 1).all()
    assert (candidates.places >= 0).all()
    assert candidates.columns[candidates.junctures == 3].tolist() == list(
        range(candidates.counts[3])
    )
