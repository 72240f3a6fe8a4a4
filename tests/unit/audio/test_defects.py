"""One clear error or warning for each bad file."""

import re

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import AudioError
from tests.unit.audio_files import RATE_HZ, patched, speechlike, write


@pytest.mark.parametrize("cut_share", [0.3, 0.9])
@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU", "W64", "RF64", "FLAC", "MP3"])
def test_truncated_file_is_used_as_far_as_it_goes(tmp_path, container, cut_share):
    path = write(tmp_path / "x", speechlike(20.0), format=container)
    whole = load_audio(path).samples
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut_share)])

    waveform = load_audio(path)

    read_s = waveform.duration_s
    assert 20 * cut_share * 0.6 < read_s < 20 * cut_share * 1.3
    np.testing.assert_array_equal(waveform.samples[:-3_000], whole[: len(waveform.samples) - 3_000])
    (warning,) = waveform.warnings
    assert re.search("promises (20.00|19.99) s", warning)
    assert f"{read_s:.2f} s could be read" in warning
    assert str(path) in warning


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_truncated_ogg_is_used_and_reported(tmp_path, subtype):
    path = write(tmp_path / "x.ogg", speechlike(20.0), format="OGG", subtype=subtype)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    waveform = load_audio(path)

    assert 5 < waveform.duration_s < 14
    (warning,) = waveform.warnings
    assert f"may be cut short: its stream has no end mark; {waveform.duration_s:.2f} s" in warning


def test_a_header_that_understates_the_length_is_reported(wav):
    patched(wav, 40, "<I", 8_000)

    waveform = load_audio(wav)

    assert waveform.duration_s == 0.25
    (warning,) = waveform.warnings
    assert "24000 of its 32044 bytes" in warning


def test_a_second_mp3_behind_the_first_is_read(tmp_path):
    path = write(tmp_path / "x.mp3", speechlike(3.0))
    path.write_bytes(path.read_bytes() * 2)

    waveform = load_audio(path)

    assert waveform.duration_s == pytest.approx(6.0, abs=0.2)
    assert waveform.warnings == ()


def test_silence_is_a_warning(tmp_path):
    waveform = load_audio(write(tmp_path / "x.wav", np.zeros(RATE_HZ), subtype="PCM_16"))

    assert "digital silence" in waveform.warnings[0]


def test_channels_of_opposite_phase_are_a_warning(tmp_path):
    samples = speechlike()
    path = write(tmp_path / "x.wav", np.stack([samples, -samples], axis=1), subtype="PCM_16")

    assert "opposite phase" in load_audio(path).warnings[0]


def test_float_samples_on_the_scale_of_integers_are_a_warning(tmp_path):
    path = write(tmp_path / "x.wav", speechlike() * 32_768, subtype="FLOAT")

    (warning,) = load_audio(path).warnings
    assert "reaches 16384 where full scale is 1" in warning


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_no_numbers_are_counted_and_placed(tmp_path, bad, channels):
    samples = speechlike(12.0, 24_000, channels=channels)
    samples[[150_000, 150_007, 287_999]] = bad
    path = write(tmp_path / "x.wav", samples, 24_000, subtype="FLOAT")

    with pytest.raises(AudioError) as caught:
        load_audio(path)

    assert "3 NaN or infinite samples of 288000" in str(caught.value)
    assert "first at 6.2500 s (sample 150000)" in str(caught.value)


def test_samples_too_large_for_float32_are_infinite(tmp_path):
    samples = speechlike().astype(np.float64)
    samples[5] = 1e300
    path = write(tmp_path / "x.wav", samples, subtype="DOUBLE")

    with pytest.raises(AudioError, match=r"1 NaN or infinite .*\(sample 5\)"):
        load_audio(path)


def test_shorter_than_one_frame_gives_both_numbers(tmp_path):
    path = write(tmp_path / "x.wav", speechlike(399 / RATE_HZ))

    with pytest.raises(AudioError) as caught:
        load_audio(path)
    assert "0.0249 s (399 samples at 16000 Hz)" in str(caught.value)
    assert "at least 0.0250 s (400 samples)" in str(caught.value)

    assert len(load_audio(path, min_samples=399).samples) == 399


def test_header_without_samples(wav):
    wav.write_bytes(wav.read_bytes()[:44])

    with pytest.raises(AudioError, match=r"holds no samples \(its header says 0 frames\)"):
        load_audio(wav)


def test_flac_cut_before_its_first_frame(tmp_path):
    path = write(tmp_path / "x.flac", speechlike())
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(AudioError, match="damaged from its start"):
        load_audio(path)
