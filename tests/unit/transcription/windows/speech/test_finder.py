"""Samples may come in blocks of any size: the regions are those of the recording as a whole."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.transcription.windows.speech import SpeechFinder, bands, find_speech
from speech_toolkit.transcription.windows.speech.bands import BandLevels
from speech_toolkit.transcription.windows.speech.detector import SpeechDetector
from speech_toolkit.transcription.windows.speech.energy_rules import EnergyRules
from speech_toolkit.transcription.windows.speech.regions import RegionJoiner
from speech_toolkit.transcription.windows.speech.veto import Veto

RATE_HZ = 16000
SAMPLES = Path(__file__).parents[5] / "samples"


@pytest.fixture(scope="module")
def talk():
    """Speech with long pauses, and speech without any, in faint noise."""
    parts = [load_audio(SAMPLES / "recognition" / "silence_inside.flac").samples]
    story = load_audio(SAMPLES / "story.flac").samples
    parts.append(np.concatenate([s for s in np.split(story[:640000], 400) if s.std() > 0.02]))
    samples = np.concatenate([*parts, np.zeros(25 * RATE_HZ, np.float32), story[:400000]])
    noise = np.random.default_rng(0).standard_normal(len(samples))
    return (samples + 1e-4 * noise).astype(np.float32)


def found_in_blocks(samples, cuts):
    finder = SpeechFinder(RATE_HZ)
    regions = [region for block in np.split(samples, cuts) for region in finder.add(block)]
    return (*regions, *finder.finish())


def test_the_talk_has_parts_of_every_kind(talk):
    regions = find_speech(talk, RATE_HZ)
    assert len(regions) > 20
    assert any(region.runs_on for region in regions)


@settings(deadline=None, max_examples=15)
@given(st.data())
def test_regions_are_the_same_however_the_samples_are_split(talk, data):
    first = data.draw(st.integers(0, 500_000))
    samples = talk[first : first + data.draw(st.integers(1, 1_500_000))]
    cuts = data.draw(st.lists(st.integers(0, len(samples)), max_size=30).map(sorted))
    assert found_in_blocks(samples, cuts) == find_speech(samples, RATE_HZ)


def test_regions_are_those_of_all_frames_judged_at_once(talk, monkeypatch):
    monkeypatch.setattr(bands, "_BLOCK_FRAMES", 100_000)
    levels, rules, detector = BandLevels(RATE_HZ), EnergyRules(), SpeechDetector()
    joiner = RegionJoiner(bands.hop_of(RATE_HZ))
    (heard,) = [*levels.add(talk), *levels.finish()]
    rules._levels = heard.broad
    log_odds = np.concatenate([detector.add(heard.fine), detector.finish()])
    veto = Veto()
    excess_db = np.concatenate([veto.add(rules.finish(), log_odds), veto.finish()])
    regions = (*joiner.add(excess_db), *joiner.finish(len(talk)))
    monkeypatch.undo()
    assert regions == find_speech(talk, RATE_HZ)


@pytest.mark.parametrize("seconds_of_blocks", [0.02, 0.99, 30])
def test_a_region_is_given_soon_after_its_end(talk, seconds_of_blocks):
    finder = SpeechFinder(RATE_HZ)
    size = int(seconds_of_blocks * RATE_HZ)
    for end in range(size, len(talk), size):
        for region in finder.add(talk[end - size : end]):
            late_s = (end - region.end_sample) / RATE_HZ
            assert 0 <= late_s < 60 + seconds_of_blocks
    assert len(finder.finish()) < 12


def test_memory_does_not_grow_with_the_recording(talk):
    finder = SpeechFinder(RATE_HZ)
    blocks = np.split(np.resize(talk, 120 * RATE_HZ), 120)
    tracemalloc.start()
    held = []
    for _ in range(3):
        for block in blocks:
            finder.add(block)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[-1] < held[0] + 100_000


@pytest.mark.parametrize("num_frames", [496, 497, 498, 996, 997, 998])
def test_a_recording_may_end_at_any_frame(talk, num_frames):
    samples = talk[: num_frames * 320]
    regions = find_speech(samples, RATE_HZ)
    assert 0 <= regions[0].start_sample < RATE_HZ
    assert regions[-1].end_sample <= len(samples)


def test_no_samples_hold_no_speech():
    finder = SpeechFinder(RATE_HZ)
    assert finder.add(np.empty(0, np.float32)) == []
    assert finder.finish() == []


def test_the_caller_may_use_a_block_of_samples_again(talk):
    samples = talk[: 60 * RATE_HZ]
    finder, block, regions = SpeechFinder(RATE_HZ), np.empty(4000, np.float32), []
    for start in range(0, len(samples), 4000):
        block[:] = samples[start : start + 4000]
        regions += finder.add(block)
    assert (*regions, *finder.finish()) == find_speech(samples, RATE_HZ)
