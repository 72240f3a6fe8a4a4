"""What benchmarks/speech_detection.py measures."""

import numpy as np

from benchmarks import speech_detection as benchmark
from benchmarks.other_sounds import EFFECTS, MUSIC, RATE_HZ


def speech_like(rng):
    """Return bursts of noise, three a second, in every other second."""
    seconds = np.arange(6 * RATE_HZ) / RATE_HZ
    bursts = (np.sin(2 * np.pi * 3 * seconds) > 0) * (seconds % 2 < 1)
    return (0.1 * bursts * rng.standard_normal(len(seconds))).astype(np.float32)


def test_sounds_are_laid_over_speech_at_the_level_that_is_asked():
    rng = np.random.default_rng(0)
    clean, other = speech_like(rng), rng.standard_normal(7000)
    both = benchmark.mixed(clean, other, 5.0)
    is_spoken = benchmark.spoken(clean)
    noise = np.mean(both[~is_spoken] ** 2)
    speech = np.mean(both[is_spoken] ** 2) - noise
    assert abs(10 * np.log10(speech / noise) - 5) < 0.3
    assert abs(np.abs(both).max() - 0.9) < 1e-6


def test_a_row_tells_the_share_of_what_is_wanted(monkeypatch):
    marks = {True: np.array([1, 1, 0, 0], bool), False: np.array([1, 0, 0, 0], bool)}
    monkeypatch.setattr(benchmark, "found", lambda samples, alone: marks[alone])
    row = benchmark.line("row", [(np.zeros(4), np.array([1, 1, 1, 0], bool))])
    assert row.split() == ["row", "66.67", "33.33"]


def test_every_kind_of_sound_is_made_again_from_its_seed():
    for make in (*MUSIC.values(), *EFFECTS.values()):
        first, again = (make(np.random.default_rng(7), 1.5) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert first.shape == (24000,)
        assert first.dtype == np.float32
        assert np.isfinite(first).all()
