"""Resampling and mixing: exact across blocks, and nothing that the model cannot hear."""

import numpy as np
import pytest
import soxr

from speech_toolkit.audio import reader
from speech_toolkit.audio.waveform import load_audio
from tests.unit.audio_files import RATE_HZ, speechlike, write


@pytest.mark.parametrize(
    "rate_hz", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000]
)
@pytest.mark.parametrize("frames", [401, 12_347, 65_537])
def test_blocks_equal_one_resampling(tmp_path, monkeypatch, rate_hz, frames):
    samples = speechlike(frames / rate_hz, rate_hz, seed=frames)
    path = write(tmp_path / "x.wav", samples, rate_hz, subtype="FLOAT")
    monkeypatch.setattr(reader, "BLOCK_VALUES", 997)

    got = load_audio(path, min_samples=0).samples

    whole = soxr.resample(samples, rate_hz, RATE_HZ, quality="VHQ")
    assert len(got) == len(whole) == (2 * frames * RATE_HZ + rate_hz) // (2 * rate_hz)
    np.testing.assert_allclose(got, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000, 96_000])
def test_a_tone_keeps_its_place_and_height(tmp_path, rate_hz):
    def tone(rate):
        return 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)

    path = write(tmp_path / "tone.wav", tone(rate_hz), rate_hz, subtype="DOUBLE")

    got = load_audio(path).samples

    inner = slice(1_000, -1_000)
    np.testing.assert_allclose(got[inner], tone(RATE_HZ)[inner], atol=2e-5)


def test_what_the_model_cannot_hear_is_filtered_not_folded(tmp_path):
    tone_12khz = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)

    got = load_audio(write(tmp_path / "x.wav", tone_12khz, 48_000, subtype="FLOAT")).samples

    assert np.abs(got[500:-500]).max() < 1e-4


def test_the_models_own_rate_is_untouched(tmp_path):
    samples = speechlike(0.3)

    got = load_audio(write(tmp_path / "x.wav", samples, subtype="FLOAT")).samples

    np.testing.assert_array_equal(got, samples)


@pytest.mark.parametrize("channels", [2, 3, 6, 1_000])
def test_channels_are_averaged(tmp_path, channels):
    samples = speechlike(0.05, channels=channels)

    waveform = load_audio(write(tmp_path / "x.wav", samples, subtype="FLOAT"), min_samples=1)

    assert waveform.original_channels == channels
    np.testing.assert_allclose(waveform.samples, samples.mean(axis=1), atol=1e-6)
