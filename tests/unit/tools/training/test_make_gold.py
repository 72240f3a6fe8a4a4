from itertools import islice

import numpy as np
import pytest
from make_gold import SETS, degraded, sentences_of


def written(name):
    gold = SETS["held-out"]  # which speaks nothing that is not written
    return set(islice(sentences_of(name, gold, np.random.default_rng(0)), 200))


def test_the_sets_share_neither_sentences_nor_voices():
    tune, held_out = written("tune"), written("held-out")
    assert len(tune) == 30 and len(held_out) == 40
    assert not tune & held_out
    assert not set(SETS["tune"].voices) & set(SETS["held-out"].voices)


@pytest.mark.parametrize("condition", ["clean", "noise", "telephone", "room"])
def test_no_condition_moves_speech(condition):
    rng = np.random.default_rng(3)
    clean = np.zeros(16000, np.float32)
    clean[5000:5400] = rng.standard_normal(400)
    made = degraded(
        clean,
        condition,
        SETS["tune"],
        lambda count: rng.standard_normal(count).astype(np.float32),
        rng,
    )
    assert len(made) == len(clean)
    lags = np.correlate(made, clean[4500:5900], "valid")
    assert np.argmax(np.abs(lags)) == 4500
