import numpy as np
import pytest

from speech_toolkit.alignment.refinement.sound import (
    BANDS,
    HOP_S,
    block_bounds,
    sound_levels,
)

RATE_HZ = 16000


def tone(hertz, start_s, end_s, length_s=1.0, rate_hz=RATE_HZ):
    seconds = np.arange(round(length_s * rate_hz)) / rate_hz
    inside = (seconds >= start_s) & (seconds < end_s)
    return np.where(inside, 0.3 * np.sin(2 * np.pi * hertz * seconds), 0).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000])
@pytest.mark.parametrize("start_s", [0.3, 0.304, 0.31])
def test_a_tone_is_seen_where_it_begins_and_ends(rate_hz, start_s):
    levels = sound_levels(tone(1000, start_s, 0.6, rate_hz=rate_hz), rate_hz, 0, 100, 0)
    assert levels.shape == (100, BANDS)
    loud = np.flatnonzero(levels[:, np.argmax(levels[45])] > 0)
    assert loud[0] * HOP_S == pytest.approx(start_s, abs=0.011)
    assert (loud[-1] + 1) * HOP_S == pytest.approx(0.6, abs=0.011)


def test_low_and_high_sounds_are_in_other_bands():
    low, high = (sound_levels(tone(hz, 0.3, 0.6), RATE_HZ, 0, 100, 0)[45] for hz in (200, 5000))
    assert np.argmax(low) < BANDS / 3 < 2 * BANDS / 3 < np.argmax(high)


def test_neither_loudness_nor_the_place_of_a_part_makes_a_difference():
    samples = np.random.default_rng(0).normal(0, 0.1, 5 * RATE_HZ).astype(np.float32)
    samples[RATE_HZ : 2 * RATE_HZ] *= 0.1
    whole = sound_levels(samples, RATE_HZ, 0, 500, 0)
    np.testing.assert_allclose(sound_levels(samples / 20, RATE_HZ, 0, 500, 0), whole, atol=1e-3)
    shifted = sound_levels(np.roll(samples, 800), RATE_HZ, 0, 500, 0)
    np.testing.assert_allclose(shifted[6:-2], whole[1:-7], atol=0.05)


def test_context_beyond_the_recording_repeats_its_edge():
    samples = np.random.default_rng(0).normal(0, 0.1, RATE_HZ).astype(np.float32)
    levels = sound_levels(samples, RATE_HZ, 0, 100, 8)
    assert levels.shape == (116, BANDS)
    assert (levels[:8] == levels[8]).all()
    assert (levels[-8:] == levels[-9]).all()


@pytest.mark.parametrize("num_samples", [1, 80, 400, 16001])
def test_short_and_silent_recordings_are_finite(num_samples):
    first, stop = block_bounds(num_samples, RATE_HZ)[[0, -1]].tolist()
    levels = sound_levels(np.zeros(num_samples, np.float32), RATE_HZ, first, stop, 8)
    assert levels.shape == (stop + 16, BANDS)
    assert np.isfinite(levels).all()


def test_blocks_cover_long_recordings_in_equal_parts():
    bounds = block_bounds(10 * 3600 * RATE_HZ, RATE_HZ)
    assert bounds[0] == 0
    assert bounds[-1] == 3_600_000
    assert len(set(np.diff(bounds).tolist())) == 1
    assert np.diff(bounds)[0] * HOP_S == 60
