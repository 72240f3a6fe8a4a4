"""Make the speech of samples/: held-out voices, held-out sentences, true word times.

    python tools/training/make_samples.py --output samples

Each sample is an audio file, its transcript (.txt) and the times of its words (.json). The voices
`rms` of Flite and the variants `f5` and `m8` of eSpeak NG are not used in training, nor are these
sentences. The result is the same on every run with the same versions of the synthesisers.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr
from espeak import Espeak
from flite import Flite
from speech_synthesis import SpokenToken
from timed_words import TimedWord, moved, word_times, write_recording

STORY = (
    "Nobody in the village remembered who had planted the walnut tree.",
    "It stood behind the bakery, taller than the roof, and in October it dropped its fruit on the "
    "tiles with a noise like distant applause.",
    "Every autumn, Margaret swept the yard before opening the shop.",
    "She kept a wooden bowl by the door, and customers were welcome to help themselves.",
    "One morning the bowl was missing.",
    "She looked under the counter, behind the flour sacks, and even inside the oven.",
    "Well, that is strange, she said to the cat, who did not answer.",
    "Around noon, a small boy came in with flour on his sleeves and guilt on his face.",
    "He had borrowed the bowl to carry water for the tree, because his grandfather said that it "
    "looked thirsty.",
    "Margaret laughed until she had to sit down.",
    "From that day, she paid him one fresh roll for each bowl of water.",
    "The tree, people say, has never given so many walnuts as it did the following year.",
    "The boy grew tall, moved to the coast, and became an engineer.",
    "But every October a parcel leaves the village, and there are walnuts inside.",
)


@dataclass(frozen=True)
class Sample:
    """One sample to make.

    Attributes:
        name: File name with its extension, which decides the format.
        text: The transcript; its words are what stands between spaces.
        synthesiser: `flite` or `espeak`.
        voice: A voice of it.
        pace: Above 1 is slower.
        sample_rate_hz: Rate of the file.
        channels: 1 or 2.
        noise_db: Level of white noise below the speech, or None.
    """

    name: str
    text: str | tuple[str, ...]
    synthesiser: str = "flite"
    voice: str = "rms"
    pace: float = 1.0
    sample_rate_hz: int = 16000
    channels: int = 1
    noise_db: float | None = None


SAMPLES = (
    Sample("demo.wav", "The old lighthouse keeper waved at every boat that left the harbour."),
    Sample(
        "numbers.wav",
        "We sold 42 tickets on Monday, 90 on Tuesday; that's 7 more than last year!",
    ),
    Sample(
        "spontaneous.wav",
        "So, um, I was going to, you know, call my sister, but, uh, I don't know where she went.",
    ),
    Sample("fast.wav", "Could you please bring the blue folder when you come back?", pace=0.75),
    Sample("slow.wav", "Please listen carefully to the following message.", pace=1.5),
    Sample("noisy.wav", "The kitchen window rattles whenever a lorry drives past.", noise_db=12.0),
    Sample("telephone_8khz.wav", "Your parcel will arrive on Friday morning.", sample_rate_hz=8000),
    Sample(
        "stereo_48khz.wav",
        "Nine brown horses crossed that narrow bridge slowly.",
        synthesiser="espeak",
        voice="en-us+f5",
        sample_rate_hz=48000,
        channels=2,
    ),
    Sample(
        "question.flac",
        "Why do cats always sleep under warm lamps?",
        synthesiser="espeak",
        voice="en+m8",
    ),
    Sample("story.flac", STORY),
)


@cache
def _espeak() -> Espeak:
    return Espeak()


@cache
def _flite(voice: str) -> Flite:
    return Flite((voice,))


def speak_sentence(sample: Sample, sentence: str) -> tuple[np.ndarray, int, list[TimedWord]]:
    """Synthesise one sentence and read off its word times.

    Raises:
        ValueError: The synthesiser joined words, so that their times are not known.
    """
    texts = sentence.split()
    tokens = [SpokenToken(text, (text,)) for text in texts]
    if sample.synthesiser == "flite":
        speech = _flite(sample.voice).speak(tokens, sample.voice, sample.pace)
    else:
        speech = _espeak().speak(tokens, sample.voice, round(160 / sample.pace))
    return speech.samples, speech.sample_rate_hz, word_times(texts, speech)


def speak_sample(sample: Sample) -> tuple[np.ndarray, int, list[TimedWord]]:
    """Synthesise all sentences of a sample, with pauses of 0.3 to 1.6 s between them."""
    if isinstance(sample.text, str):
        return speak_sentence(sample, sample.text)
    rng = np.random.default_rng(1130)
    pieces: list[np.ndarray] = []
    words: list[TimedWord] = []
    offset_samples, rate = 0, 0
    for sentence in sample.text:
        samples, rate, times = speak_sentence(sample, sentence)
        words += moved(times, offset_samples / rate)
        pause = np.zeros(int(rng.uniform(0.3, 1.6) * rate), np.float32)
        pieces += [samples, pause]
        offset_samples += len(samples) + len(pause)
    return np.concatenate(pieces), rate, words


def write_sample(sample: Sample, folder: Path) -> None:
    """Write the audio, the transcript and the word times of one sample."""
    samples, rate, words = speak_sample(sample)
    if sample.noise_db is not None:
        level = np.sqrt(np.mean(samples**2)) * 10 ** (-sample.noise_db / 20)
        noise = np.random.default_rng(1130).standard_normal(len(samples)) * level
        samples = samples + noise.astype(np.float32)
    samples = soxr.resample(samples, rate, sample.sample_rate_hz, "VHQ")
    samples = 0.8 * samples / np.abs(samples).max()
    path = folder / sample.name
    if sample.channels == 2:
        samples = np.stack([samples, 0.6 * samples], axis=1)
    transcript = sample.text if isinstance(sample.text, str) else "\n".join(sample.text)
    facts = {
        "synthesiser": {"flite": "Flite", "espeak": "eSpeak NG"}[sample.synthesiser],
        "voice": sample.voice,
    }
    write_recording(path, samples, sample.sample_rate_hz, transcript, words, facts)


def main() -> None:
    """Make all samples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder of the samples")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES:
        write_sample(sample, arguments.output)


if __name__ == "__main__":
    main()
