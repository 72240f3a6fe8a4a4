import zlib

import numpy as np
import pytest

from speech_toolkit.formats.page.overview import (
    BANDS,
    LEVELS,
    MAX_COLUMNS,
    MAX_PEAKS,
    make_overview,
    peaks_P2,
    spectrogram_CB,
)

RATE_HZ = 16_000


def test_peaks_are_the_extremes_of_each_stretch():
    samples = np.array([0.5, -0.25, 0, 1, -1, 0.1, 0.2], np.float32)
    assert peaks_P2(samples, 3).tolist() == [[-32, 64], [-127, 127], [25, 25]]


def test_samples_beyond_full_scale_are_cut():
    assert peaks_P2(np.array([3, -3], np.float32), 2).tolist() == [[-127, 127]]


@pytest.mark.parametrize("hz", [200, 1000, 4000])
def test_a_tone_is_loudest_in_the_band_of_its_pitch(hz):
    time_s = np.arange(RATE_HZ) / RATE_HZ
    columns = spectrogram_CB(np.sin(2 * np.pi * hz * time_s).astype(np.float32), RATE_HZ, 80)

    place = 2595 * np.log10(1 + hz / 700) / (2595 * np.log10(1 + RATE_HZ / 2 / 700)) * (BANDS + 1)
    middle = columns[len(columns) // 2]
    assert abs(int(middle.argmax()) - (place - 1)) <= 1.5
    assert middle.max() == LEVELS - 1


def test_a_click_is_in_the_column_of_its_time():
    samples = np.zeros(RATE_HZ, np.float32)
    samples[8000] = 1
    loudness = spectrogram_CB(samples, RATE_HZ, 80).astype(int).sum(axis=1)
    columns = np.flatnonzero(loudness > loudness.max() / 2)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(100, abs=1)


def test_silence_and_the_shortest_sound_can_be_drawn():
    for samples in (np.zeros(1, np.float32), np.zeros(RATE_HZ, np.float32)):
        overview = make_overview(samples, RATE_HZ)
        assert len(zlib.decompress(overview.spectrogram)) % BANDS == 0
        assert len(zlib.decompress(overview.peaks)) >= 2


def test_size_is_bounded(monkeypatch):
    from speech_toolkit.formats.page import overview

    monkeypatch.setattr(overview, "MAX_PEAKS", 100)
    monkeypatch.setattr(overview, "MAX_COLUMNS", 50)
    made = overview.make_overview(np.ones(10 * RATE_HZ, np.float32), RATE_HZ)
    assert len(zlib.decompress(made.peaks)) // 2 <= 100
    assert len(zlib.decompress(made.spectrogram)) // BANDS <= 51
    assert MAX_PEAKS * 2 + MAX_COLUMNS * BANDS < 20e6, "before compression"
