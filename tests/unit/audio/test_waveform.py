"""Audio loading: every format and every way in, to one waveform."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.audio.waveform import load_audio
from tests.unit.audio_files import RATE_HZ, speechlike, standard_input, without_flac_length, write

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


def run_python(program, *arguments):
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_importing_and_reading_wav_is_light():
    heavy = run_python(
        "import sys\n"
        "from speech_toolkit.audio.waveform import load_audio\n"
        "load_audio('samples/demo.wav')\n"
        "print(sorted({'torch', 'numba', 'transformers', 'scipy', 'av'} & set(sys.modules)))"
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
