import numpy as np
import pytest

from speech_toolkit.alignment.loudness import measure_loudness
from speech_toolkit.alignment.models.frame_geometry import FrameGeometry

GEOMETRY = FrameGeometry(400, 320, 16000)


def test_levels_are_the_mean_power_of_each_frame():
    samples = np.random.default_rng(0).normal(0, 0.1, GEOMETRY.samples(4000) + 5)
    samples = samples.astype(np.float32)
    loudness = measure_loudness(samples, GEOMETRY)
    expected = [
        10 * np.log10(np.mean(samples[320 * t : 320 * t + 400].astype(np.float64) ** 2))
        for t in range(4000)
    ]
    np.testing.assert_allclose(loudness.levels_db, expected, atol=1e-2)


def test_background_follows_the_recording():
    quiet, noisy = np.full(960000, 0.001, np.float32), np.full(960000, 0.1, np.float32)
    loudness = measure_loudness(np.concatenate([quiet, noisy]), GEOMETRY)
    assert loudness.background_db[100] == pytest.approx(-60, abs=0.1)
    assert loudness.background_db[-100] == pytest.approx(-20, abs=0.1)


def test_digital_silence_is_finite():
    loudness = measure_loudness(np.zeros(400, np.float32), GEOMETRY)
    assert loudness.levels_db == pytest.approx([-100])
