"""Decoding to the end of the data where a header knows no length, or lies."""

import shutil
import subprocess

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import AudioError
from tests.unit.audio_files import (
    RATE_HZ,
    patched,
    speechlike,
    standard_input,
    without_flac_length,
    write,
)


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_FFFF - 36, 0x7FFF_F000])
def test_wav_from_a_pipe_does_not_know_its_size_and_needs_no_warning(wav, size):
    truth = load_audio(wav).samples
    patched(wav, 4, "<I", 0xFFFF_FFFF)
    patched(wav, 40, "<I", size)

    with standard_input(wav.read_bytes()):
        waveform = load_audio("-")

    assert waveform.warnings == ()
    np.testing.assert_array_equal(waveform.samples, truth)


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
    assert waveform.warnings == ()


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
