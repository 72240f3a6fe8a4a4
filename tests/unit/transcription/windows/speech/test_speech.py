"""Speech with known word times is found whatever is around it; what is steady is not."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.transcription.windows.speech import MARGIN_S, find_speech

RATE_HZ = 16000
SAMPLES = Path(__file__).parents[5] / "samples"
NAMES = ("demo", "fast", "noisy", "spontaneous", "telephone_8khz", "recognition/two_sentences")


def coloured_noise(num_samples, exponent=0.0, seed=0):
    """Noise of unit power that falls with frequency to the power ``exponent``."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(num_samples))
    hz = np.fft.rfftfreq(num_samples, 1 / RATE_HZ)
    noise = np.fft.irfft(spectrum / np.maximum(hz, 20) ** (exponent / 2), num_samples)
    return (noise / noise.std()).astype(np.float32)


def seconds(duration_s):
    return np.arange(int(duration_s * RATE_HZ)) / RATE_HZ


def words_of(name):
    """Return a sample's waveform and its words as pairs of samples."""
    truth = json.loads((SAMPLES / f"{name}.json").read_text())
    waveform = load_audio((SAMPLES / name).with_name(truth["audio"]))
    words = [[int(word[key] * RATE_HZ) for key in ("start_s", "end_s")] for word in truth["words"]]
    return waveform.samples, words


def marked(num_samples, spans):
    marks = np.zeros(num_samples, bool)
    for start, end in spans:
        marks[start:end] = True
    return marks


def found(samples):
    """Return for each sample whether it is in a region."""
    regions = find_speech(samples.astype(np.float32), RATE_HZ)
    return marked(len(samples), [(region.start_sample, region.end_sample) for region in regions])


@pytest.fixture(scope="module")
def clips():
    """Waveforms, and which of their samples are in words."""
    loaded = [words_of(name) for name in NAMES]
    return [(samples, marked(len(samples), words)) for samples, words in loaded]


@pytest.mark.parametrize("exponent", [0, 1, 2], ids=["white", "pink", "brown"])
@pytest.mark.parametrize("snr_db", [20, 10, 5])
def test_words_are_found_in_noise(clips, snr_db, exponent):
    for samples, spoken in clips:
        level = np.sqrt(np.mean(samples[spoken] ** 2) / 10 ** (snr_db / 10))
        noisy = samples + level * coloured_noise(len(samples), exponent)
        assert found(noisy)[spoken].mean() > 0.99


@pytest.mark.parametrize(
    "change",
    [
        lambda samples: samples,
        lambda samples: samples / np.abs(samples).max() * 1e-3,
        lambda samples: np.round(samples / np.abs(samples).max() * 32) / 32768,
        lambda samples: np.clip(30 * samples, -1, 1),
        lambda samples: samples + 0.3,
        lambda samples: samples + 0.05 * np.sin(2 * np.pi * 50 * seconds(30)[: len(samples)]),
    ],
    ids=["as it is", "-60 dB", "-60 dB in 16 bits", "clipped", "offset", "hum"],
)
def test_words_are_found_at_any_level(clips, change):
    for samples, spoken in clips:
        assert found(change(samples))[spoken].all()


def test_a_quiet_speaker_is_found_beside_a_loud_one(clips):
    for samples, spoken in clips:
        both = np.concatenate([samples, 0.03 * samples])
        assert found(both)[np.concatenate([spoken, spoken])].mean() > 0.99


def test_a_word_lost_in_long_silence_is_found():
    samples = coloured_noise(60 * RATE_HZ, 1) * np.float32(1e-3)
    speech_samples, _ = words_of("fast")
    word = speech_samples[: RATE_HZ // 2]
    samples[30 * RATE_HZ :][: len(word)] += word
    regions = find_speech(samples, RATE_HZ)
    assert found(samples)[int(30.1 * RATE_HZ) : int(30.5 * RATE_HZ)].all()
    assert regions[0].start_sample / RATE_HZ > 28
    assert regions[-1].end_sample / RATE_HZ < 33


@pytest.mark.parametrize("name", ["story", "recognition/talk", "recognition/silence_inside"])
def test_pauses_part_the_regions(name):
    samples, words = words_of(name)
    regions = find_speech(samples, RATE_HZ)
    edges = np.array([edge for r in regions for edge in (r.start_sample, r.end_sample)])
    pauses = [
        (end, start) for (_, end), (start, _) in pairwise(words) if start - end > 0.5 * RATE_HZ
    ]
    assert len(pauses) > 4
    assert all(((end <= edges) & (edges <= start)).any() for end, start in pauses)
    assert found(samples)[marked(len(samples), words)].all()
    long_pauses = [pause for pause in pauses if pause[1] - pause[0] > 1.2 * RATE_HZ]
    assert long_pauses
    assert not any(found(samples)[end:start].all() for end, start in long_pauses)


def sweep(duration_s, low_hz, high_hz):
    octaves = np.log(high_hz / low_hz)
    grown = np.expm1(octaves * seconds(duration_s) / duration_s)
    return 0.5 * np.sin(2 * np.pi * low_hz * duration_s / octaves * grown)


def tones(duration_s, *hz):
    return sum(0.2 * np.sin(2 * np.pi * f * seconds(duration_s)) for f in hz)


STEADY = {
    "digital silence": np.zeros(60 * RATE_HZ),
    "white": 0.1 * coloured_noise(60 * RATE_HZ, 0),
    "quiet white": 1e-4 * coloured_noise(60 * RATE_HZ, 0),
    "pink": 0.1 * coloured_noise(60 * RATE_HZ, 1),
    "brown": 0.1 * coloured_noise(60 * RATE_HZ, 2),
    "drifting": coloured_noise(60 * RATE_HZ, 1)
    * np.interp(seconds(60), [0, 30, 60], [0.01, 0.2, 0]),
    "switched on": coloured_noise(60 * RATE_HZ, 1) * np.where(seconds(60) < 30, 0.003, 0.1),
    "fading in and out": coloured_noise(60 * RATE_HZ) * (1 + 0.8 * np.sin(4 * seconds(60))) / 20,
    "dither": np.random.default_rng(0).integers(-1, 2, 60 * RATE_HZ) / 32768,
    "hum": tones(60, *range(50, 800, 50)) + 1e-4 * coloured_noise(60 * RATE_HZ),
    "tone": tones(60, 440),
    "tone in noise": tones(60, 1000) + 1e-3 * coloured_noise(60 * RATE_HZ),
    "short tone": tones(3, 440),
    "dial tone": tones(60, 350, 440),
    "chord": tones(10, 220, 880, 3000),
    "sweep of 3 s": sweep(3, 100, 7000),
    "sweep of 30 s": sweep(30, 200, 4000),
}


@pytest.mark.parametrize("samples", STEADY.values(), ids=STEADY.keys())
def test_steady_sounds_are_no_speech(samples):
    assert find_speech(samples.astype(np.float32), RATE_HZ) == ()


@pytest.mark.parametrize("rate_hz", [8000, 22050, 48000])
def test_other_rates(rate_hz):
    import soxr

    samples, words = words_of("demo")
    regions = find_speech(soxr.resample(samples, RATE_HZ, rate_hz), rate_hz)
    first, last = (time / RATE_HZ for time in (words[0][0], words[-1][1]))
    assert regions[0].start_sample / rate_hz <= first
    assert regions[-1].end_sample / rate_hz >= last


@pytest.mark.parametrize("num_samples", [100, 400, 1600, 16000])
def test_the_shortest_clips(num_samples):
    samples = words_of("demo")[0][8000:][:num_samples]
    assert found(samples).all()
    assert find_speech(np.zeros(num_samples, np.float32), RATE_HZ) == ()
    assert find_speech(samples[:1], RATE_HZ) == ()


def test_regions_are_in_order_and_have_margins():
    samples, words = words_of("recognition/two_sentences")
    padded = np.pad(samples, 3 * RATE_HZ)
    regions = find_speech(padded, RATE_HZ)
    for before, after in pairwise(regions):
        assert before.start_sample < before.end_sample <= after.start_sample
    lead_s = 3 + words[0][0] / RATE_HZ - regions[0].start_sample / RATE_HZ
    assert MARGIN_S <= lead_s < MARGIN_S + 0.25


def test_long_speech_without_a_pause_is_parted_where_it_dips():
    samples, _ = words_of("spontaneous")
    breathless = np.concatenate([s for s in np.split(samples[: 5 * 16000], 50) if s.std() > 0.02])
    regions = find_speech(np.tile(breathless, 4), RATE_HZ)
    parted = [region for region in regions if region.runs_on]
    assert parted
    assert not regions[-1].runs_on
    for region, following in pairwise(regions):
        if region.runs_on:
            assert region.end_sample == following.start_sample
