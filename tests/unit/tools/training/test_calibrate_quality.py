"""A regression finds the weights that made the data; those in use have the names they need."""

import json

import numpy as np
import pytest
from calibrate_quality import NAMES, regression

from speech_toolkit.alignment.quality.calibration import WEIGHTS_FILE


def test_regression_finds_the_weights_that_made_the_data():
    random = np.random.default_rng(3)
    inputs = random.normal(size=(20_000, 2))
    likely = 1 / (1 + np.exp(-(0.5 + inputs @ [1.0, -2.0])))
    weights = regression(inputs, random.random(20_000) < likely)
    assert weights == pytest.approx([0.5, 1.0, -2.0], abs=0.1)


def test_weights_in_use_are_those_that_are_asked_for():
    told = json.loads(WEIGHTS_FILE.read_text("utf-8"))
    assert {question: tuple(weights) for question, weights in told.items()} == {
        question: ("bias", *names) for question, names in NAMES.items()
    }
