"""Every frame of a recording is measured, wherever blocks of frames meet its end."""

import numpy as np
import pytest

from speech_toolkit.transcription.windows.speech import bands

RATE_HZ = 16000
HOP = bands.hop_of(RATE_HZ)


def fine_levels(samples):
    measured = bands.BandLevels(RATE_HZ)
    return np.concatenate([each.fine for each in (*measured.add(samples), *measured.finish())], 1)


@pytest.mark.parametrize("num_samples", [158_720, 158_721, 159_040, 159_041, 159_264, 319_265])
def test_a_recording_may_end_anywhere_in_a_block(num_samples, monkeypatch):
    samples = np.random.default_rng(0).standard_normal(num_samples).astype(np.float32)
    levels = fine_levels(samples)
    assert levels.shape == (bands.FINE_BANDS, -(-num_samples // HOP))
    monkeypatch.setattr(bands, "_BLOCK_FRAMES", 2000)
    np.testing.assert_allclose(levels, fine_levels(samples), atol=1e-3)
