"""Music and effects are kept from the model, and no speech with them, clean or over such sounds."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.other_sounds import EFFECTS, MUSIC
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.transcription.windows.speech import SpeechFinder, find_speech
from speech_toolkit.transcription.windows.speech.detector import Network, SpeechDetector

RATE_HZ = 16000
SAMPLES = Path(__file__).parents[5] / "samples"
RECORDINGS = sorted(
    path for path in SAMPLES.rglob("*") if path.suffix in (".wav", ".flac") and path.stem != "noisy"
)
DURATION_S = 12.0


@pytest.fixture(scope="module")
def sounds():
    """Sounds that are no speech, by name, of kinds that the detector did not learn from."""
    rng = np.random.default_rng(5)
    return {name: make(rng, DURATION_S) for name, make in {**MUSIC, **EFFECTS}.items()}


def found(samples, **choices):
    finder = SpeechFinder(RATE_HZ, **choices)
    marks = np.zeros(len(samples), bool)
    for region in (*finder.add(samples), *finder.finish()):
        marks[region.start_sample : region.end_sample] = True
    return marks


def test_hardly_any_music_or_effect_is_taken_for_speech(sounds):
    by_rules = np.mean([found(x, by_energy_alone=True).mean() for x in sounds.values()])
    assert by_rules > 0.5
    assert np.mean([found(x).mean() for x in sounds.values()]) < 0.05


def test_keyboards_and_bands_are_told_from_speech():
    rng = np.random.default_rng(1)
    makers = (MUSIC["electric keys"], MUSIC["band"]) * 4
    assert np.mean([found(make(rng, 20.0)).mean() for make in makers]) < 0.2


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_nothing_of_clean_speech_is_denied(path):
    samples = load_audio(path).samples
    finder = SpeechFinder(RATE_HZ, by_energy_alone=True)
    assert find_speech(samples, RATE_HZ) == (*finder.add(samples), *finder.finish())


@pytest.mark.parametrize("group", [MUSIC, EFFECTS], ids=["music", "effects"])
def test_words_are_found_over_other_sounds(sounds, group):
    truth = json.loads((SAMPLES / "story.json").read_text())
    samples = load_audio(SAMPLES / "story.flac").samples[: 40 * RATE_HZ]
    spoken = np.zeros(len(samples), bool)
    for word in truth["words"]:
        spoken[int(word["start_s"] * RATE_HZ) : int(word["end_s"] * RATE_HZ)] = True
    for name in group:
        other = np.resize(sounds[name], len(samples))
        level = np.sqrt(np.mean(samples[spoken] ** 2) / np.mean(other**2) / 10**0.5)
        assert found(samples + level * other)[spoken].mean() > 0.99, name


def test_frames_are_judged_the_same_in_blocks_and_at_once():
    rng = np.random.default_rng(1)
    fine = rng.uniform(-90, 0, (40, 2001)).astype(np.float32)
    whole, parts = SpeechDetector(), SpeechDetector()
    at_once = np.concatenate([whole.add(fine), whole.finish()])
    blocks = [parts.add(block) for block in np.split(fine, [3, 4, 700, 701, 1500], axis=1)]
    np.testing.assert_allclose(np.concatenate([*blocks, parts.finish()]), at_once, atol=1e-3)
    assert len(at_once) == 2001


@pytest.mark.parametrize("num_frames", [1, 2, 99, 324, 325])
def test_as_many_frames_are_judged_as_are_heard(num_frames):
    detector = SpeechDetector()
    fine = np.full((40, num_frames), -60, np.float32)
    assert len(detector.add(fine)) + len(detector.finish()) == num_frames


class Counted(np.ndarray):
    """Notes how many multiplications each product takes."""

    taken = ()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if ufunc is np.matmul:
            columns = inputs[1].shape[1] if inputs[1].ndim > 1 else 1
            Counted.taken = (*Counted.taken, inputs[0].size * columns)
        options |= {} if out is None else {"out": tuple(map(np.asarray, out))}
        found = getattr(ufunc, method)(*map(np.asarray, inputs), **options)
        return found.view(Counted) if isinstance(found, np.ndarray) else found


def test_no_product_is_large_enough_to_wake_threads_that_wait_in_a_busy_loop():
    network = Network.load()
    weights = {name: getattr(network, name).view(Counted) for name in ("first", "layers", "output")}
    frames = np.zeros((5000, 40), np.float32)
    Network(**{**vars(network), **weights}).log_odds(frames)
    assert 0 < max(Counted.taken) <= 1 << 18  # up to which OpenBLAS stays on one core
