"""The search with detours against every combination of them, tried one after the other."""

from itertools import product

import numpy as np
import pytest

from speech_toolkit.alignment.quality.detours import Prices, find_detours
from speech_toolkit.alignment.quality.local_scores import local_scores
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.errors import InfeasibleAlignmentError

PRICES = Prices(pass_open=1.5, pass_frame=0.3, skip_open=0.8, skip_label=0.4)
WORDS = ([1, 2], [3, 3, 2], [1])


def emissions(seed, frames):
    scores = np.random.default_rng(seed).normal(0, 1.5, (frames, 4)).astype(np.float32)
    return scores - scores.max(axis=1, keepdims=True)


def best_of_all(scores):
    """Return the best total over every choice of words left out and places passed over."""
    wide = np.hstack([scores, np.full((len(scores), 1), -PRICES.pass_frame, np.float32)])
    totals = []
    for skipped in product([False, True], repeat=len(WORDS)):
        for passed in product([False, True], repeat=len(WORDS) + 1):
            targets, price, is_skipping = [], 0.0, False
            for place in range(len(WORDS) + 1):
                if passed[place]:
                    targets.append(4)
                    price += PRICES.pass_open
                    is_skipping = False
                if place == len(WORDS):
                    break
                if skipped[place]:
                    price += PRICES.skip_label * len(WORDS[place])
                    price += 0.0 if is_skipping else PRICES.skip_open
                else:
                    targets += WORDS[place]
                is_skipping = skipped[place]
            try:
                path_scores = forced_align(wide, targets, 0)[1] if targets else scores[:, 0]
            except InfeasibleAlignmentError:
                continue
            totals.append(float(path_scores.sum()) - price)
    return max(totals)


def total_of(detours, scores, targets):
    columns = np.append(targets, 0)[detours.labels]
    own = np.where(detours.nodes >= 0, -PRICES.pass_frame, scores[np.arange(len(scores)), columns])
    opened = np.flatnonzero((detours.nodes >= 0) & (np.diff(detours.nodes, prepend=-1) != 0))
    price = PRICES.pass_open * len(opened)
    price += sum(PRICES.skip_label * len(WORDS[i]) for i in np.flatnonzero(detours.skipped))
    runs = detours.skipped & ~np.concatenate(([False], detours.skipped[:-1]))
    split = sum(
        detours.skipped[node - 1] and detours.skipped[node]
        for node in detours.nodes[opened]
        if 0 < node < len(WORDS)
    )
    return own.sum() - price - PRICES.skip_open * (runs.sum() + split)


@pytest.mark.parametrize("frames", [2, 5, 9, 14])
@pytest.mark.parametrize("seed", range(12))
def test_the_best_detours_are_found(seed, frames):
    scores = emissions(seed, frames)
    free = np.zeros(len(WORDS) + 1, dtype=bool)
    targets = np.concatenate(WORDS)
    firsts = np.array([0, 2, 5])
    detours = find_detours(scores[:, targets], scores[:, 0], targets, firsts, free, PRICES)
    assert total_of(detours, scores, targets) == pytest.approx(best_of_all(scores), abs=1e-4)


def test_a_free_node_passes_over_audio_that_would_not_pay_elsewhere():
    scores = np.full((8, 4), -1.0, np.float32)
    scores[:, 0] = -1.2
    scores[[0, 1, 2, 3, 4, 5], [1, 2, 3, 0, 3, 2]] = 0.0
    scores[3, 3] = -5.0
    targets, firsts = np.array([1, 2, 3, 3, 2]), np.array([0, 2])
    for is_free in (False, True):
        free = np.array([False, False, is_free])
        prices = Prices(pass_open=9.0, pass_frame=0.3, skip_open=9.0, skip_label=9.0)
        detours = find_detours(scores[:, targets], scores[:, 0], targets, firsts, free, prices)
        assert not detours.skipped.any()
        assert detours.nodes.max() == (2 if is_free else -1)


@pytest.mark.parametrize("seed", range(5))
def test_scores_of_many_stretches_are_those_of_the_search(seed):
    dice = np.random.default_rng(seed)
    scores = emissions(seed, 60)
    starts = dice.integers(0, 40, 30)
    stops = starts + dice.integers(1, 20, 30)
    targets = [dice.integers(1, 4, dice.integers(1, 7)) for _ in starts]
    found = local_scores(scores, 0, starts, stops, targets)
    for total, start, stop, own in zip(found, starts, stops, targets, strict=True):
        try:
            expected = forced_align(scores[start:stop], own, 0)[1].sum()
        except InfeasibleAlignmentError:
            expected = -np.inf
        assert total == pytest.approx(expected, abs=1e-3)


def test_a_stretch_without_frames_can_spell_nothing():
    found = local_scores(emissions(0, 5), 0, np.array([2]), np.array([2]), [np.array([1])])
    assert found == [-np.inf]
