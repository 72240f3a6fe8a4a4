"""Audio loading: every format, exact blocks, one clear error or warning for each bad file."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from speech_toolkit.audio import waveform as audio
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import AudioError
from tests.unit.audio_files import RATE_HZ, patched, speechlike, standard_input, write

# Format, subtype, and the largest error its coding leaves.
EXACT_FORMATS = [
    ("WAV", "PCM_U8", 1 / 128),
    ("WAV", "PCM_16", 4e-5),
    ("WAV", "PCM_24", 2e-7),
    ("WAV", "PCM_32", 1e-7),
    ("WAV", "FLOAT", 0.0),
    ("WAV", "DOUBLE", 0.0),
    ("WAVEX", "PCM_16", 4e-5),
    ("RF64", "PCM_16", 4e-5),
    ("W64", "PCM_16", 4e-5),
    ("AIFF", "PCM_16", 4e-5),
    ("AU", "PCM_16", 4e-5),
    ("CAF", "PCM_16", 4e-5),
    ("CAF", "ALAC_16", 4e-5),
    ("FLAC", "PCM_16", 4e-5),
    ("FLAC", "PCM_24", 2e-7),
]
LOSSY_FORMATS = [
    ("WAV", "ALAW"),
    ("WAV", "ULAW"),
    ("WAV", "IMA_ADPCM"),
    ("WAV", "GSM610"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


@pytest.mark.parametrize(("container", "subtype", "tolerance"), EXACT_FORMATS)
def test_exact_formats_give_back_the_samples(tmp_path, container, subtype, tolerance):
    truth = speechlike(2.0)

    waveform = load_audio(write(tmp_path / "x", truth, format=container, subtype=subtype))

    assert waveform.warnings == ()
    assert (waveform.samples.dtype, waveform.samples.shape) == (np.float32, truth.shape)
    np.testing.assert_allclose(waveform.samples, truth, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("container", "subtype"), LOSSY_FORMATS)
def test_lossy_formats_keep_the_signal_in_place(tmp_path, container, subtype):
    truth = speechlike(2.0)

    waveform = load_audio(write(tmp_path / "x", truth, format=container, subtype=subtype))

    assert waveform.warnings == ()
    assert 0 <= len(waveform.samples) - len(truth) < 1100, "only a codec's last block may add"
    got = waveform.samples[: len(truth)]
    assert np.corrcoef(got, truth)[0, 1] > 0.95
    assert np.corrcoef(got[20:], truth[:-20])[0, 1] < np.corrcoef(got, truth)[0, 1]


def test_fields_say_where_the_waveform_comes_from(tmp_path):
    path = write(tmp_path / "stereo.wav", speechlike(0.5, 44_100, channels=2), 44_100)

    waveform = load_audio(path)

    assert waveform.sample_rate_hz == RATE_HZ
    assert (waveform.original_rate_hz, waveform.original_channels) == (44_100, 2)
    assert waveform.source == str(path)
    assert waveform.duration_s == pytest.approx(0.5)
    with pytest.raises(ValueError, match="read-only"):
        waveform.samples[0] = 1.0


@pytest.mark.parametrize(
    "rate_hz", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000]
)
@pytest.mark.parametrize("frames", [401, 12_347, 65_537])
def test_blocks_equal_one_resampling(tmp_path, monkeypatch, rate_hz, frames):
    samples = speechlike(frames / rate_hz, rate_hz, seed=frames)
    path = write(tmp_path / "x.wav", samples, rate_hz, subtype="FLOAT")
    monkeypatch.setattr(audio, "BLOCK_VALUES", 997)

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


@pytest.mark.parametrize(
    "name", ["two words.wav", "größe 語音.flac", "new\nline.wav", "-.wav", "x.raw"]
)
def test_any_file_name_works(tmp_path, name):
    how = {"format": "WAV", "subtype": "PCM_16"} if not name.endswith("flac") else {}

    waveform = load_audio(write(str(tmp_path / name), speechlike(), **how))

    assert len(waveform.samples) == RATE_HZ


def test_fifo_is_read_to_its_end(tmp_path, wav):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    thread = threading.Thread(target=lambda: fifo.write_bytes(wav.read_bytes()))
    thread.start()

    got = load_audio(fifo).samples

    thread.join()
    np.testing.assert_array_equal(got, load_audio(wav).samples)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_standard_input(tmp_path, container):
    path = write(tmp_path / "x", speechlike(), format=container)

    with standard_input(path.read_bytes()):
        waveform = load_audio("-")

    assert waveform.source == "-"
    np.testing.assert_array_equal(waveform.samples, load_audio(path).samples)


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_FFFF - 36, 0x7FFF_F000])
def test_wav_from_a_pipe_does_not_know_its_size_and_needs_no_warning(wav, size):
    truth = load_audio(wav).samples
    patched(wav, 4, "<I", 0xFFFF_FFFF)
    patched(wav, 40, "<I", size)

    with standard_input(wav.read_bytes()):
        waveform = load_audio("-")

    assert waveform.warnings == ()
    np.testing.assert_array_equal(waveform.samples, truth)


def without_flac_length(path):
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


def test_flac_from_a_pipe_does_not_know_its_length(tmp_path):
    path = write(tmp_path / "x.flac", speechlike(9.0))
    truth = load_audio(path).samples

    waveform = load_audio(without_flac_length(path))

    assert waveform.warnings == ()
    np.testing.assert_array_equal(waveform.samples, truth)


def without_mp3_length(path):
    """Cut the first frame, which holds only the length header."""
    content = path.read_bytes()
    assert b"Xing" in content[:100]
    path.write_bytes(content[content.index(content[:2], 4) :])
    return path


@pytest.mark.parametrize("loud_first", [True, False])
def test_mp3_without_length_is_decoded_to_its_end(tmp_path, loud_first):
    """The length guessed from the first frame is far too short, or far too long."""
    quiet, loud = 1e-4 * speechlike(10.0), speechlike(10.0)
    samples = np.concatenate([loud, quiet] if loud_first else [quiet, loud])
    path = write(tmp_path / "x.mp3", samples)
    with_length = load_audio(path)

    waveform = load_audio(without_mp3_length(path))

    assert waveform.warnings == ()
    assert abs(len(waveform.samples) - len(with_length.samples)) < 3 * 1152


def test_headerless_mp3_behind_a_large_picture_tag(tmp_path):
    path = without_mp3_length(write(tmp_path / "x.mp3", speechlike(3.0)))
    truth = load_audio(path).samples
    tag_bytes = 300_000
    size = bytes((tag_bytes >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + bytes(tag_bytes) + path.read_bytes())

    waveform = load_audio(path)

    assert waveform.warnings == ()
    np.testing.assert_array_equal(waveform.samples, truth)


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


def test_damage_inside_a_flac_keeps_what_comes_before(tmp_path):
    path = without_flac_length(write(tmp_path / "x.flac", speechlike(20.0)))
    whole = load_audio(path).samples
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = bytes(3_000)
    path.write_bytes(content)

    waveform = load_audio(path)

    np.testing.assert_array_equal(waveform.samples, whole[: len(waveform.samples)])
    (warning,) = waveform.warnings
    assert f"damaged after {waveform.duration_s:.2f} s" in warning


def test_headerless_mp3_cut_inside_a_frame_loses_only_that_frame(tmp_path):
    path = without_mp3_length(write(tmp_path / "x.mp3", speechlike(20.0)))
    whole = load_audio(path).samples
    path.write_bytes(path.read_bytes()[:-50])

    waveform = load_audio(path)

    assert 0 < len(whole) - len(waveform.samples) <= 2 * 1152
    assert "damaged after" in waveform.warnings[0]


def test_a_header_that_understates_the_length_is_reported(wav):
    patched(wav, 40, "<I", 8_000)

    waveform = load_audio(wav)

    assert waveform.duration_s == 0.25
    (warning,) = waveform.warnings
    assert "24000 of its 32044 bytes" in warning


def test_a_second_mp3_behind_the_first_is_reported(tmp_path):
    path = write(tmp_path / "x.mp3", speechlike(3.0))
    path.write_bytes(path.read_bytes() * 2)

    assert "were not read" in load_audio(path).warnings[0]


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


@pytest.mark.parametrize("rate_hz", [1, 999, 2_000_000_000])
def test_a_rate_no_recorder_has_is_refused(wav, rate_hz):
    patched(wav, 24, "<I", rate_hz)

    with pytest.raises(AudioError, match=f"sample rate of {rate_hz} Hz"):
        load_audio(wav)


@pytest.mark.parametrize(
    ("offset", "fmt", "value"), [(24, "<I", 0), (22, "<H", 0), (22, "<H", 65_535)]
)
def test_an_impossible_header_is_refused(wav, offset, fmt, value):
    patched(wav, offset, fmt, value)

    with pytest.raises(AudioError, match="looks like WAV but cannot be decoded"):
        load_audio(wav)


def test_a_header_that_claims_an_hour_too_much_takes_no_memory_for_it(tmp_path):
    path = write(tmp_path / "x.flac", speechlike())
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)

    waveform = load_audio(path)

    assert waveform.samples.nbytes == 4 * RATE_HZ
    assert "cut short" in waveform.warnings[0]


def run_python(program, *arguments):
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_importing_is_light():
    heavy = run_python(
        "import sys, speech_toolkit.audio.waveform\n"
        "print(sorted({'torch', 'numba', 'transformers', 'scipy'} & set(sys.modules)))"
    )

    assert heavy.strip() == "[]"


@pytest.mark.parametrize(("length_known", "factor"), [(True, 1.0), (False, 1.35)])
def test_memory_follows_the_waveform_once(tmp_path, length_known, factor):
    """Five minutes of 48 kHz stereo: 115 MB as floats, 19 MB as the waveform."""
    path = tmp_path / "x.flac"
    minute = speechlike(60.0, 48_000, channels=2)
    with soundfile.SoundFile(path, "w", 48_000, 2) as sound:
        for _ in range(5):
            sound.write(minute)
    if not length_known:
        without_flac_length(path)

    waveform_bytes, added_bytes = map(
        int,
        run_python(
            "import resource, sys\n"
            "from speech_toolkit.audio.waveform import load_audio\n"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
            "before = peak()\n"
            "samples = load_audio(sys.argv[1]).samples\n"
            "print(samples.nbytes, peak() - before)",
            path,
        ).split(),
    )

    assert waveform_bytes == 300 * RATE_HZ * 4
    assert added_bytes < factor * waveform_bytes + 8_000_000


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("container", ["wav", "flac", "ogg", "mp3"])
def test_what_ffmpeg_writes_into_a_pipe(wav, container):
    piped = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", wav, "-f", container, "-"], capture_output=True, check=True
    ).stdout

    with standard_input(piped):
        waveform = load_audio("-")

    assert waveform.duration_s == pytest.approx(1.0, abs=0.1)
    assert waveform.warnings == ()
