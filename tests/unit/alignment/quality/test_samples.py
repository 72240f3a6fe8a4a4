"""The bundled model on the samples: their own text is good, that of others is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from speech_toolkit.alignment import Aligner, AlignmentSettings
from speech_toolkit.alignment.quality.quality import (
    CHECK,
    GOOD,
    NOT_IN_TRANSCRIPT,
    WRONG_TRANSCRIPT,
)
from speech_toolkit.audio.waveform import Waveform

SAMPLES = Path(__file__).parents[4] / "samples"
TEXTS = sorted([*SAMPLES.glob("*.txt"), *SAMPLES.glob("recognition/*.txt")])
NAMES = [str(path.relative_to(SAMPLES).with_suffix("")) for path in TEXTS]


@pytest.fixture(scope="module")
def aligner():
    return Aligner.load(device="cpu")


def audio_of(path):
    return path.parent / json.loads(path.with_suffix(".json").read_text("utf-8"))["audio"]


@pytest.mark.parametrize("path", TEXTS, ids=NAMES)
def test_no_right_sample_is_doubted(aligner, path):
    quality = aligner.align(audio_of(path), path.read_text("utf-8")).quality
    assert quality.verdict == GOOD, quality.reasons


@pytest.mark.parametrize(("name", "other"), [("demo", "slow"), ("story", "numbers")])
def test_the_text_of_another_sample_is_wrong(aligner, name, other):
    audio = next(path for path in TEXTS if path.stem == name)
    text = (SAMPLES / f"{other}.txt").read_text("utf-8")
    assert aligner.align(audio_of(audio), text).quality.verdict == WRONG_TRANSCRIPT


EXCERPT = "Around noon, a small boy came in with flour on his sleeves and guilt on his face."


def test_the_text_of_a_part_of_a_recording_is_told_as_such(aligner):
    quality = aligner.align(SAMPLES / "story.flac", EXCERPT).quality
    assert quality.verdict == CHECK
    assert [reason.kind for reason in quality.reasons] == [NOT_IN_TRANSCRIPT]
    before, after = quality.not_in_transcript
    assert before.start_time < 1 and before.end_time == pytest.approx(40.2, abs=2)
    assert after.start_time == pytest.approx(47.7, abs=1) and after.end_time > 80
    assert quality.not_spoken == ()


def test_a_part_of_a_recording_is_repaired(aligner):
    found = aligner.align(SAMPLES / "story.flac", EXCERPT, AlignmentSettings(repair=True))
    assert found.quality.verdict == CHECK
    assert found.quality.repair.transcript == f"<star> {EXCERPT} <star>"
    assert 40 < found.words[0].start_time < found.words[-1].end_time < 48


def test_what_a_wildcard_was_asked_to_take_up_is_no_fault(aligner):
    text = "Margaret laughed until she had to sit down."
    found = aligner.align(SAMPLES / "story.flac", text, AlignmentSettings(star="edges")).quality
    assert (found.verdict, len(found.not_in_transcript)) == (GOOD, 2)


@pytest.mark.parametrize("sound", ["silence", "chord"])
def test_what_is_not_speech_holds_no_transcript(aligner, sound):
    seconds = np.arange(16_000 * 6) / 16_000
    tones = sum(np.sin(2 * np.pi * hz * seconds) for hz in (220.0, 277.2, 329.6))
    samples = (0.1 * tones if sound == "chord" else 0 * seconds).astype(np.float32)
    waveform = Waveform(samples, 16_000, "made.wav", 16_000, 1)
    text = (SAMPLES / "demo.txt").read_text("utf-8")
    assert aligner.align(waveform, text).quality.verdict == WRONG_TRANSCRIPT
