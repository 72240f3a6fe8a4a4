"""Make the speech of samples/recognition/: what `inference_whisper.py` is shown and tested on.

    python tools/make_recognition_samples.py --output samples/recognition

Voices as in `make_samples.py`, held out of training like the sentences, whose words the small
Whisper model knows. Beside each file: its transcript, a sentence a line (.txt), and the times of
its words and sentences (.json).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from make_samples import Sample, TimedWord, speak_sentence

_RATE_HZ = 16000
_PEAK = 0.8

_TALK = (
    "Last Tuesday, my brother and I walked to the harbour.",
    "It was a cold morning, and the street was quiet.",
    "The baker opened his shop before six o'clock.",
    "We bought fresh bread, some cheese and two small rolls.",
    "An old man stood by the bridge.",
    "He asked where the lighthouse was.",
    "You can see it from the other bridge of the city.",
    "There were forty two boats near the beach.",
    "Nobody remembered which one was his.",
    "So we looked under the counter, behind the church, and even inside the old hotel.",
    "Why did he leave his umbrella on the table?",
    "At noon the wind became cold and the children went home.",
    "My sister found a red bicycle in the garden.",
    "She painted it blue, because the paint was cheap.",
    "The engineer fixed the radio and the broken clock.",
    "Please bring seven chairs and a long bench.",
    "In the evening, our neighbour played a beautiful song.",
    "Everyone laughed when the dog sat down on the hat.",
    "The train leaves at nine thirty.",
    "Will you come back in October?",
    "I will write you a letter.",
)
_BEFORE = (
    "The doctor left the hospital at ten o'clock.",
    "She walked slowly through the park.",
    "Then the phone was quiet.",
)
_AFTER = (
    "On Saturday, somebody opened the window.",
    "Two white birds stood on the roof.",
    "Could you close the door, please?",
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
    Scene("greeting.flac", ("Good morning, is there some coffee?",)),
    Scene("two_sentences.wav", ("The boat is red.", "Where is the key of the wooden box?")),
    Scene("phone_number.flac", ("My number is four seven two nine five one.",)),
    Scene(
        "noisy.flac",
        ("The farmer sold nineteen horses on Friday, but nobody paid for the sheep.",),
        noise_db=15.0,
    ),
    Scene(
        "telephone_8khz.wav",
        ("Please call the doctor before noon, because the station will close.",),
        sample_rate_hz=8000,
    ),
    Scene(
        "stereo_48khz.flac",
        ("Three girls carried a heavy basket over the narrow bridge.",),
        synthesiser="espeak",
        voice="en-us+f5",
        sample_rate_hz=48000,
        channels=2,
    ),
    Scene(
        "british.flac",
        ("Why did everyone remember that strange picture?",),
        synthesiser="espeak",
        voice="en+m8",
    ),
    Scene("talk.flac", _TALK, longest_pause_s=3.0),
    Scene(
        "silence_inside.flac",
        _BEFORE + _AFTER,
        hole_after=len(_BEFORE),
        hole_s=20.0,
    ),
)


def speak_scene(scene: Scene) -> tuple[np.ndarray, list[list[TimedWord]]]:
    """Speak all sentences: float32 at 16 kHz, and the words of each with their times."""
    rng = np.random.default_rng(404)
    pieces: list[np.ndarray] = []
    sentences: list[list[TimedWord]] = []
    offset_samples = 0
    for i, text in enumerate(scene.sentences):
        if i > 0:
            pause = np.zeros(int(rng.uniform(0.3, scene.longest_pause_s) * _RATE_HZ), np.float32)
            pieces.append(_hole(scene, rng) if i == scene.hole_after else pause)
            offset_samples += len(pieces[-1])
        voice = Sample("", text, synthesiser=scene.synthesiser, voice=scene.voice)
        samples, rate, words = speak_sentence(voice, text)
        samples = soxr.resample(samples, rate, _RATE_HZ, "VHQ")
        start_s = offset_samples / _RATE_HZ
        sentences.append([TimedWord(w.text, w.start_s + start_s, w.end_s + start_s) for w in words])
        pieces.append(samples)
        offset_samples += len(samples)
    return np.concatenate(pieces), sentences


def _hole(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    count = int(scene.hole_s / 2 * _RATE_HZ)
    noise = 0.002 * rng.standard_normal(count, np.float32)
    return np.concatenate([np.zeros(count, np.float32), noise])


def write_scene(scene: Scene, folder: Path) -> None:
    """Write the audio, the transcript and the times of one file."""
    samples, sentences = speak_scene(scene)
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
    transcript = "\n".join(scene.sentences)
    path.with_suffix(".txt").write_text(transcript + "\n", encoding="utf-8", newline="\n")
    facts = {
        "audio": scene.name,
        "transcript": transcript,
        "synthesiser": {"flite": "Flite", "espeak": "eSpeak NG"}[scene.synthesiser],
        "voice": scene.voice,
        "sample_rate_hz": scene.sample_rate_hz,
        "sentences": [
            _timed(text, words[0].start_s, words[-1].end_s)
            for text, words in zip(scene.sentences, sentences, strict=True)
        ],
        "words": [_timed(w.text, w.start_s, w.end_s) for words in sentences for w in words],
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8", newline="\n")


def _timed(text: str, start_s: float, end_s: float) -> dict:
    return {"text": text, "start_s": round(start_s, 4), "end_s": round(end_s, 4)}


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
