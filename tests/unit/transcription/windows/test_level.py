from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.transcription.transcriber import Transcriber
from speech_toolkit.transcription.windows.level import at_usual_level

SENTENCE = Path(__file__).parents[4] / "samples" / "recognition" / "sentence.flac"


def waveform(peak, seed=0):
    samples = np.random.default_rng(seed).uniform(-1, 1, 1000)
    samples = (samples / np.abs(samples).max() * peak).astype(np.float32)
    return Waveform(samples, 16_000, "talk.wav", 16_000, 1, ("odd",))


@pytest.mark.parametrize("peak", [0.011, 0.3, 1.0, 4.0])
def test_usual_levels_are_left_as_they_are(peak):
    given = waveform(peak)
    assert at_usual_level(given) is given


@pytest.mark.parametrize("power", [-140, -20, 15, 31, 120])
def test_others_come_to_full_scale_without_rounding(power):
    given = waveform(0.75)
    scaled = Waveform(np.ldexp(given.samples, power), 16_000, "talk.wav", 16_000, 1)
    found = at_usual_level(scaled)
    largest_error = np.abs(found.samples - given.samples).max()
    assert largest_error == 0 or power < -126  # below, float32 itself keeps fewer bits
    assert largest_error < 1e-3
    assert found.samples.dtype == np.float32


def test_a_recording_made_louder_is_a_warning():
    assert at_usual_level(waveform(2e-5)).warnings == (
        "odd",
        "talk.wav reaches only 2e-05 where full scale is 1: it was amplified",
    )
    assert at_usual_level(waveform(30_000)).warnings == ("odd",)  # said where the file is read


def test_digital_silence_stays():
    given = Waveform(np.zeros(5, np.float32), 16_000, "talk.wav", 16_000, 1)
    assert at_usual_level(given) is given


def test_level_is_no_reason_for_another_text():
    transcriber = Transcriber.load(device="cpu")
    sentence = load_audio(SENTENCE)
    expected = transcriber.transcribe(sentence).text
    assert len(expected.split()) > 5
    for scale in (32768, 1e-4):
        samples = sentence.samples * np.float32(scale)
        assert transcriber.transcribe(replace(sentence, samples=samples)).text == expected
