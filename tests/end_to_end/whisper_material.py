"""Recordings for the tests of inference_whisper.py, and what is said in the bundled ones."""

import json

import numpy as np
import soundfile

from tests.end_to_end.support import SAMPLES

RECOGNITION = SAMPLES / "recognition"
SENTENCE = RECOGNITION / "sentence.flac"
TWO_SENTENCES = RECOGNITION / "two_sentences.wav"
TALK = RECOGNITION / "talk.flac"
SILENCE_INSIDE = RECOGNITION / "silence_inside.flac"
RATE_HZ = 16_000


def truth(audio):
    """Return the transcript, and the sentences and words with their times."""
    return json.loads(audio.with_suffix(".json").read_text(encoding="utf-8"))


def make_recordings(directory):
    """Write recordings without speech, and speech in unusual forms."""
    random = np.random.default_rng(0)
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * 50 * n * time_s) / n for n in (1, 2, 3))
    recordings = {
        "silence": np.zeros(10 * RATE_HZ),
        "noise": random.normal(0, 0.05, 10 * RATE_HZ),
        "hum": 0.1 * hum,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time_s),
    }
    for name, samples in recordings.items():
        soundfile.write(directory / f"{name}.wav", samples, RATE_HZ)
    sentence, _ = soundfile.read(SENTENCE, dtype="float32")
    soundfile.write(directory / "clip.wav", sentence[4_000:5_600], RATE_HZ)
    soundfile.write(directory / "quiet.wav", sentence / 300, RATE_HZ, subtype="FLOAT")
    soundfile.write(directory / "loud.wav", sentence * 20, RATE_HZ, subtype="FLOAT")
    (directory / "text.wav").write_text("hello")
