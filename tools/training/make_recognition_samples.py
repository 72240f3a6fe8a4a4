"""Make the speech of samples/recognition/: what `inference_whisper.py` is shown and tested on.

    python tools/training/make_recognition_samples.py --output samples/recognition

Voices as in `make_samples.py`, held out of training. The sentences are of the domain of the small
Whisper model, chosen among those held out of its training. Beside each file: its transcript, a
sentence a line (.txt), and the times of its words and sentences (.json).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from make_samples import Sample, TimedWord, speak_sentence
from whisper_domain import is_held_out

_RATE_HZ = 16000
_PEAK = 0.8


_TALK = (
    "Last week, Mary found a narrow clock.",
    "In the evening, the children sat down slowly.",
    "The engineer was busy after she bought the cake.",
    "Who fixed the computer in the museum?",
    "We sold fourteen potatoes in the summer.",
    "He could wait for eleven black chairs.",
    "Nobody outside remembered who had carried the chair.",
    "She can paint the coat on Friday morning.",
    "The boys played over the library around noon.",
    "Our friends arrived from the office at two o'clock.",
    "Peter told me that we should clean the yellow machine.",
    "The bell is broken, but the cup is new.",
    "Your bicycle will arrive after dinner.",
    "There are twelve cups before the market.",
    "I don't know where they waited.",
    "The baker liked the bench by the window.",
    "Last Monday, my parents played alone.",
    "Could you please take the green plate when you move the sleeve?",
    "Where is the expensive cup?",
    "He became an engineer and worked at the hotel.",
    "I was going to buy my counter, but she worked behind the church.",
    "It is eleven o'clock in the evening.",
    "That is wrong, said their daughter, who did not answer.",
)
_BEFORE = (
    "My sister stood in the church.",
    "The garden was good and long.",
    "He will move the bottle around noon.",
)
_AFTER = (
    "Some guests laughed here in August.",
    "I would like eleven chairs and some fish, please.",
    "Where is the red ticket?",
)


@dataclass(frozen=True)
class Scene:
    """One file to make.

    Attributes:
        name: File name with its extension, which decides the format.
        sentences: The transcript.
        synthesiser: `flite` or `espeak`.
        voice: A voice of it.
        sample_rate_hz: Rate of the file.
        channels: 1 or 2.
        noise_db: Level of white noise below the speech, or None.
        longest_pause_s: Pauses between sentences are drawn from 0.3 s to this.
        hole_after: Sentences before the hole; 0 for none.
        hole_s: Length of the hole: half digital silence, half faint noise.
    """

    name: str
    sentences: tuple[str, ...]
    synthesiser: str = "flite"
    voice: str = "rms"
    sample_rate_hz: int = _RATE_HZ
    channels: int = 1
    noise_db: float | None = None
    longest_pause_s: float = 1.2
    hole_after: int = 0
    hole_s: float = 0.0


SCENES = (
    Scene("sentence.flac", ("Please buy the fresh flowers next to the river.",)),
    Scene(
        "two_sentences.wav", ("The house was beautiful and clean.", "Where is the yellow basket?")
    ),
    Scene("phone_number.flac", ("My number is seven eight five eight nine one.",)),
    Scene("noisy.flac", ("I would like fourteen books and some butter, please.",), noise_db=15.0),
    Scene(
        "telephone_8khz.wav",
        ("The farmer had cheese and sugar before noon.",),
        sample_rate_hz=8000,
    ),
    Scene(
        "stereo_48khz.flac",
        ("Your phone will arrive next year.",),
        synthesiser="espeak",
        voice="en-us+f5",
        sample_rate_hz=48000,
        channels=2,
    ),
    Scene(
        "british.flac",
        ("Could you please find the good bowl when you listen to the umbrella?",),
        synthesiser="espeak",
        voice="en+m8",
    ),
    Scene("talk.flac", _TALK, longest_pause_s=3.0),
    Scene("silence_inside.flac", _BEFORE + _AFTER, hole_after=len(_BEFORE), hole_s=20.0),
)


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence: float32 samples at 16 kHz, and its words with their times."""

    text: str
    samples: np.ndarray
    words: list[TimedWord]


def speak(scene: Scene) -> list[SpokenSentence]:
    """Speak the sentences of a file.

    Raises:
        ValueError: The synthesiser joined words, or a sentence was in training.
    """
    spoken = []
    for text in scene.sentences:
        if not is_held_out(text):
            raise ValueError(f"{text!r} may have been in training")
        voice = Sample("", text, synthesiser=scene.synthesiser, voice=scene.voice)
        samples, rate, words = speak_sentence(voice, text)
        spoken.append(SpokenSentence(text, soxr.resample(samples, rate, _RATE_HZ, "VHQ"), words))
    return spoken


def join(scene: Scene, spoken: Sequence[SpokenSentence]) -> tuple[np.ndarray, list[float]]:
    """Put sentences one after the other: float32 at 16 kHz, and the second each begins at."""
    rng = np.random.default_rng(404)
    pieces: list[np.ndarray] = []
    starts_s: list[float] = []
    for i, sentence in enumerate(spoken):
        if i > 0:
            pause = np.zeros(int(rng.uniform(0.3, scene.longest_pause_s) * _RATE_HZ), np.float32)
            pieces.append(_hole(scene, rng) if i == scene.hole_after else pause)
        starts_s.append(sum(map(len, pieces)) / _RATE_HZ)
        pieces.append(sentence.samples)
    return np.concatenate(pieces), starts_s


def _hole(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    count = int(scene.hole_s / 2 * _RATE_HZ)
    noise = 0.002 * rng.standard_normal(count, np.float32)
    return np.concatenate([np.zeros(count, np.float32), noise])


def write_scene(scene: Scene, folder: Path) -> None:
    """Write the audio, the transcript and the times of one file."""
    spoken = speak(scene)
    samples, starts_s = join(scene, spoken)
    if scene.noise_db is not None:
        level = np.sqrt(np.mean(samples**2)) * 10 ** (-scene.noise_db / 20)
        noise = np.random.default_rng(404).standard_normal(len(samples), np.float32)
        samples = samples + np.float32(level) * noise
    samples = soxr.resample(samples, _RATE_HZ, scene.sample_rate_hz, "VHQ")
    samples = _PEAK * samples / np.abs(samples).max()
    path = folder / scene.name
    if scene.channels == 2:
        samples = np.stack([samples, 0.6 * samples], axis=1)
    soundfile.write(path, samples, scene.sample_rate_hz, subtype="PCM_16")
    transcript = "\n".join(sentence.text for sentence in spoken)
    path.with_suffix(".txt").write_text(transcript + "\n", encoding="utf-8", newline="\n")
    facts = {
        "audio": scene.name,
        "transcript": transcript,
        "synthesiser": {"flite": "Flite", "espeak": "eSpeak NG"}[scene.synthesiser],
        "voice": scene.voice,
        "sample_rate_hz": scene.sample_rate_hz,
        "sentences": [
            _timed(sentence.text, sentence.words[0].start_s, sentence.words[-1].end_s, start_s)
            for sentence, start_s in zip(spoken, starts_s, strict=True)
        ],
        "words": [
            _timed(word.text, word.start_s, word.end_s, start_s)
            for sentence, start_s in zip(spoken, starts_s, strict=True)
            for word in sentence.words
        ],
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8", newline="\n")


def _timed(text: str, start_s: float, end_s: float, offset_s: float) -> dict[str, str | float]:
    return {
        "text": text,
        "start_s": round(start_s + offset_s, 4),
        "end_s": round(end_s + offset_s, 4),
    }


def main() -> None:
    """Make all files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder of the files")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        write_scene(scene, arguments.output)


if __name__ == "__main__":
    main()
