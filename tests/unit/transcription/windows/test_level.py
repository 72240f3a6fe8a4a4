from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.transcription.transcriber import Transcriber
from speech_toolkit.transcription.windows.level import UsualLevel, at_usual_level

RATE_HZ = 100
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


def streamed(blocks, *, may_exceed_full_scale=False):
    """Return blocks at the usual level, when each came out, and what is warned of."""
    level = UsualLevel(RATE_HZ, may_exceed_full_scale=may_exceed_full_scale)
    found = [list(level.add(block)) for block in blocks]
    rest = list(level.finish())
    together = [part for parts in [*found, rest] for part in parts]
    return together, [len(parts) for parts in found], level.warnings("talk.wav")


def blocks_of(*peaks):
    """Return blocks of 100 s."""
    ramp = np.linspace(-1, 1, 100 * RATE_HZ, dtype=np.float32)
    return [ramp * np.float32(peak) for peak in peaks]


@pytest.mark.parametrize("may_exceed_full_scale", [True, False])
@pytest.mark.parametrize(
    "peaks",
    [(0.003,), (0, 0.001, 0.004), (0.002, 0.5, 0.9), (3000, 30_000, 5), (0.02, 0.9), (0, 0)],
)
def test_a_recording_of_ten_minutes_comes_to_the_level_of_its_peak(peaks, may_exceed_full_scale):
    blocks = blocks_of(*peaks)
    whole = Waveform(np.concatenate(blocks), RATE_HZ, "talk.wav", RATE_HZ, 1)
    exceed = may_exceed_full_scale or max(peaks) > 1
    found, _, warnings = streamed(blocks, may_exceed_full_scale=exceed)
    expected = at_usual_level(whole)
    np.testing.assert_array_equal(np.concatenate(found), expected.samples)
    assert warnings == expected.warnings


def test_blocks_whose_level_is_plain_are_not_held():
    assert streamed(blocks_of(0.02, 0.001, 0.9))[1] == [1, 1, 1]
    assert streamed(blocks_of(0, 0, 0.001, 0.9))[1] == [1, 1, 0, 2]
    assert streamed(blocks_of(0.02, 0.9), may_exceed_full_scale=True)[1] == [0, 0]


def test_what_follows_ten_minutes_has_the_level_of_the_peak_so_far():
    peaks = [0.003] * 6 + [0.001, 0.008, 0.5, 0.003]
    found, came, warnings = streamed(blocks_of(*peaks))
    assert came == [0] * 5 + [6] + [1] * 4
    expected = [0.768] * 6 + [0.256, 0.512, 0.5, 0.003]
    assert [float(block.max()) for block in found] == pytest.approx(expected)
    assert warnings == (
        "talk.wav begins with 800 s that are far quieter than what follows: they were amplified",
    )


def test_what_is_far_too_loud_behind_ten_minutes_does_not_clip():
    found, _, warnings = streamed(blocks_of(*[1.0] * 7, 900.0, 30.0))
    peaks = [float(block.max()) for block in found]
    assert peaks == pytest.approx([1.0] * 7 + [900 / 1024, 30 / 1024])
    assert warnings == ()
