"""Make sets of synthesised speech with true word times, to tune and to test where words are placed.

    python tools/training/make_gold.py tune --output gold/tune
    python tools/training/make_gold.py held-out --output gold/held-out

A set holds a folder each for `clean`, `noise`, `telephone` and `room`; half of the files are clean.
In each lie NAME.flac, NAME.txt and NAME.json, as in samples/: several sentences of one voice, with
pauses. The two sets share no voice, no sentence, no kind of noise, no telephone band and no room.
No voice and no sentence of the held-out set was heard by the bundled models in training. The times
are those at which a synthesiser changes phones; nothing that follows moves speech in time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from augment import babble, coloured, companded, gusts, hum, room_response
from espeak import Espeak
from festival import festival_speak
from flite import Flite
from shards import SAMPLE_RATE_HZ
from speech_corpus import is_sane, sped_up
from speech_synthesis import SpokenToken, SynthesisedSpeech, plain_text
from spoken_text import random_words, speak_words
from timed_words import TimedWord, moved, word_times, write_recording

_SENTENCES_FILE = Path(__file__).with_name("gold_sentences.txt")
_CONDITIONS = ("clean", "noise", "clean", "telephone", "clean", "room")
_FAINT_DB = 50.0

Noise = Callable[[np.random.Generator, list[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class GoldSet:
    """What a set is made of.

    Attributes:
        seed: Of everything drawn.
        minutes: How much speech, by default.
        voices: `synthesiser voice`, taken in turn.
        factors: How much faster speech is played: lowest, highest.
        random_share: Share of sentences that are random talk.
        noises: Kinds of noise.
        band_hz: Of the telephone.
        decays_s: Shortest and longest reverberation.
    """

    seed: int
    minutes: float
    voices: tuple[str, ...]
    factors: tuple[float, float]
    random_share: float
    noises: tuple[Noise, ...]
    band_hz: tuple[float, float]
    decays_s: tuple[float, float]


SETS = {
    "tune": GoldSet(
        seed=15,
        minutes=25,
        voices=(
            "flite slt",
            "espeak en-us+Andy",
            "flite awb",
            "festival ked_diphone",
            "espeak en-us+Gene2",
            "flite kal16",
            "festival cmu_us_slt_arctic_hts",
            "espeak en-us+steph3",
            "espeak en-gb-x-rp+Jacky",
            "espeak en-us+iven2",
        ),
        factors=(0.86, 1.16),
        random_share=0.5,
        noises=(lambda rng, speeches: coloured(rng, 1.0), lambda rng, speeches: hum(rng, 100.0)),
        band_hz=(300.0, 3400.0),
        decays_s=(0.2, 0.4),
    ),
    "held-out": GoldSet(
        seed=51,
        minutes=15,
        voices=(
            "flite rms",
            "espeak en-us+f5",
            "flite rms",
            "espeak en-gb-x-rp+m8",
            "flite rms",
            "espeak en-us+gustave",
            "flite rms",
            "espeak en-us+Nguyen",
            "flite rms",
            "espeak en-gb-scotland+Tweaky",
        ),
        factors=(0.9, 1.12),
        random_share=0.0,
        noises=(
            lambda rng, speeches: coloured(rng, 0.0),
            lambda rng, speeches: gusts(rng, 0.5),
            lambda rng, speeches: babble(rng, speeches, 6),
        ),
        band_hz=(250.0, 3000.0),
        decays_s=(0.45, 0.7),
    ),
}


def sentences_of(name: str, gold: GoldSet, rng: np.random.Generator) -> Iterator[str]:
    """Draw the sentences of a set without end, each written one once before any comes again."""
    sections = _SENTENCES_FILE.read_text(encoding="ascii").split("# ")
    written = next(s for s in sections if s.startswith(f"{name}\n")).splitlines()[1:]
    waiting: list[str] = []
    while True:
        if rng.random() < gold.random_share:
            words = random_words(rng, int(rng.integers(4, 14)))
            yield plain_text(speak_words(words, rng, slur=0.0, pause=0.1))
            continue
        if not waiting:
            waiting = [str(sentence) for sentence in rng.permutation(written)]
        yield waiting.pop()


class Speakers:
    """All voices behind one call."""

    def __init__(self) -> None:
        self._espeak, self._flite = Espeak(), Flite()

    def speak(
        self, sentence: str, voice: str, factor: float, rng: np.random.Generator
    ) -> tuple[SynthesisedSpeech, list[TimedWord]]:
        """Speak a sentence at 16 kHz.

        Raises:
            ValueError: The times of its words are not known, or cannot be right.
        """
        texts = sentence.split()
        tokens = [SpokenToken(text, (text,)) for text in texts]
        synthesiser, _, name = voice.partition(" ")
        slowness = float(rng.uniform(0.8, 1.25))
        if synthesiser == "espeak":
            pitch = int(rng.integers(30, 70))
            speech = self._espeak.speak(tokens, name, round(165 / slowness), pitch)
        elif synthesiser == "flite":
            speech = self._flite.speak(tokens, name, slowness)
        else:
            speech = festival_speak([tokens], name, slowness)[0]
        if speech is None or not is_sane(speech):
            raise ValueError(f"{voice} cannot say {sentence!r}")
        speech = sped_up(speech, factor)
        return speech, word_times(texts, speech)


def speak_file(
    speakers: Speakers,
    gold: GoldSet,
    voice: str,
    sentences: Iterator[str],
    rng: np.random.Generator,
) -> tuple[np.ndarray, str, list[TimedWord]]:
    """Let one voice say some sentences with pauses: samples, transcript, words."""
    factor = float(rng.uniform(*gold.factors))
    length_s = float(rng.uniform(12, 34))
    pieces = [np.zeros(int(rng.uniform(0.1, 1.0) * SAMPLE_RATE_HZ), np.float32)]
    words: list[TimedWord] = []
    transcript: list[str] = []
    while sum(map(len, pieces)) < length_s * SAMPLE_RATE_HZ:
        sentence = next(sentences)
        try:
            speech, times = speakers.speak(sentence, voice, factor, rng)
        except ValueError:
            continue
        pause = np.zeros(int(rng.uniform(0.05, 1.2) * SAMPLE_RATE_HZ), np.float32)
        words += moved(times, sum(map(len, pieces)) / SAMPLE_RATE_HZ)
        pieces += [speech.samples, pause]
        transcript.append(sentence)
    return np.concatenate(pieces), "\n".join(transcript), words


def degraded(
    samples: np.ndarray,
    condition: str,
    gold: GoldSet,
    background: Callable[[int], np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Record clean speech under a condition; nothing moves in time."""
    loudness = np.sqrt(np.mean(samples**2))
    if condition == "room":
        response = room_response(rng, gold.decays_s)
        length = len(samples) + len(response)
        spectrum = np.fft.rfft(samples, length) * np.fft.rfft(response, length)
        samples = np.fft.irfft(spectrum, length)[: len(samples)]
    decibels = rng.uniform(10, 20) if condition == "noise" else _FAINT_DB
    samples = samples + background(len(samples)) * loudness * 10 ** (-decibels / 20)
    if condition == "telephone":
        spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
        low_hz, high_hz = gold.band_hz
        gain = 1 / (1 + (low_hz / np.maximum(hertz, 1)) ** 8) / (1 + (hertz / high_hz) ** 24)
        samples = companded(np.fft.irfft(spectrum * gain, len(samples)))
    return (0.8 * samples / np.abs(samples).max()).astype(np.float32)


def backgrounds(
    gold: GoldSet, speeches: list[np.ndarray], rng: np.random.Generator
) -> Callable[[int], np.ndarray]:
    """Make the noises of a set; what is returned takes a part of the next one, unit power."""
    noises = cycle([make(rng, speeches) for make in gold.noises])

    def background(samples: int) -> np.ndarray:
        noise = next(noises)
        start = int(rng.integers(len(noise)))
        return noise[np.arange(start, start + samples) % len(noise)]

    return background


def write_set(name: str, output: Path, minutes: float) -> None:
    """Write the files of a set until it is long enough."""
    gold, speakers = SETS[name], Speakers()
    rng = np.random.default_rng(gold.seed)
    sentences = sentences_of(name, gold, rng)
    talkers = [speak_file(speakers, gold, v, sentences, rng)[0] for v in gold.voices[:4]]
    background = backgrounds(gold, talkers, rng)
    written_s = 0.0
    for number, voice in enumerate(cycle(gold.voices)):
        condition = _CONDITIONS[(number + number // len(gold.voices)) % len(_CONDITIONS)]
        samples, transcript, words = speak_file(speakers, gold, voice, sentences, rng)
        samples = degraded(samples, condition, gold, background, rng)
        folder = output / condition
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{condition}_{number:03d}_{voice.split()[1].split('+')[-1]}.flac"
        synthesiser, _, voice_name = voice.partition(" ")
        facts = {"synthesiser": synthesiser, "voice": voice_name, "condition": condition}
        write_recording(path, samples, SAMPLE_RATE_HZ, transcript, words, facts)
        written_s += len(samples) / SAMPLE_RATE_HZ
        if written_s >= 60 * minutes:
            print(f"{output}: {number + 1} files, {written_s / 60:.1f} minutes")
            return


def main() -> None:
    """Make one of the sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=SETS, help="which set")
    parser.add_argument("--output", type=Path, required=True, help="folder of the set")
    parser.add_argument("--minutes", type=float, help="how much speech")
    arguments = parser.parse_args()
    minutes = arguments.minutes or SETS[arguments.set].minutes
    write_set(arguments.set, arguments.output, minutes)


if __name__ == "__main__":
    main()
