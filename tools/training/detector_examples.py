"""What the speech detector learns from: banks of speech and of other sounds, and mixtures of them.

Banks hold the power of the detector's bands, so that a mixture is a sum, and every batch is new.

Dimensions: F fine bands, T frames, M moments of two frames.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from augment import companded, room_response
from other_sounds import SAMPLE_RATE_HZ
from shards import read_shard
from sound_kinds import random_sound

from speech_toolkit.transcription.windows.speech.bands import (
    FINE_BANDS,
    LEAST_LEVEL_DB,
    BandLevels,
)
from speech_toolkit.transcription.windows.speech.energy_rules import EnergyRules

_LANGUAGES = "de fr-fr es pt-br pl hu sv nl ro et cs vi id sw ru lt el hi ar ko cmn-latn-pinyin ja"
_VARIANTS = "m1 m3 m4 m7 f1 f2 f4 adam Alicia Annie boris ed klatt2 klatt4 linda Michael paul steph"
_ONSETS = "p t k b d g m n s f v l r h j z st tr pl kr sh ch"
_NUCLEI = "a e i o u a i ai au ei ia"
_CODAS = ["", "", "", "n", "s", "l", "r", "t", "m"]
_PINYIN = "ma shi de wo ni hao zhong guo ren xue xi da xiao tian qi chi fan qu lai shuo hua"

_SPEECH_RANGE_DB = 35.0  # below the loud parts of an utterance it is no longer heard
_HEARD_DB = -8.0  # beside other sounds, speech that is weaker is neither asked for nor against
_NEAR_FRAMES = 15  # beside speech, frames that hold none are neither
_BROAD_BANDS = 12
_SMOOTHED_FRAMES = 5


@dataclass(frozen=True)
class Bank:
    """Sounds as power in bands.

    Attributes:
        power: float32 (F, T), all in a row.
        ends: int64, one past the last frame of each.
        is_speech: bool (T,), which frames hold speech.
    """

    power: np.ndarray
    ends: np.ndarray
    is_speech: np.ndarray

    @classmethod
    def of(cls, sounds: Iterator[tuple[np.ndarray, np.ndarray | None]]) -> Bank:
        """Measure sounds, each with the clean speech in it."""
        powers, marks = [], []
        for heard, clean in sounds:
            powers.append(band_power(heard))
            frames = powers[-1].shape[1]
            marks.append(np.zeros(frames, bool) if clean is None else spoken_frames(clean)[:frames])
        ends = np.cumsum([power.shape[1] for power in powers])
        return cls(np.concatenate(powers, axis=1), ends, np.concatenate(marks))

    def save(self, path: Path) -> None:
        """Write it."""
        np.savez(path, power=self.power, ends=self.ends, is_speech=self.is_speech)

    @classmethod
    def load(cls, path: Path) -> Bank:
        """Read what :meth:`save` wrote."""
        with np.load(path) as stored:
            return cls(stored["power"], stored["ends"], stored["is_speech"])

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return one sound's power, (F, T), and which frames hold speech, (T,)."""
        number = int(rng.integers(len(self.ends)))
        part = slice(int(self.ends[number - 1]) if number else 0, int(self.ends[number]))
        return self.power[:, part], self.is_speech[part]


def band_power(samples: np.ndarray) -> np.ndarray:
    """Return the power in the detector's bands, float32 (F, T)."""
    measured = BandLevels(SAMPLE_RATE_HZ)
    levels = [*measured.add(samples.astype(np.float32)), *measured.finish()]
    return (10 ** (np.concatenate([each.fine for each in levels], axis=1) / 10)).astype(np.float32)


def spoken_frames(clean: np.ndarray) -> np.ndarray:
    """Return which frames of clean speech are heard, bool (T,)."""
    level = 10 * np.log10(band_power(clean).sum(axis=0) + 1e-12)
    return level > np.percentile(level, 95) - _SPEECH_RANGE_DB


def foreign_speech(rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """Speak words that mean nothing in many languages, with eSpeak NG; float32 at 16 kHz."""
    for _ in range(count):
        language = str(rng.choice(_LANGUAGES.split()))
        voice = f"{language}+{rng.choice(_VARIANTS.split())}"
        words = [_word(rng, language) for _ in range(int(rng.integers(2, 18)))]
        text = " ".join(w + ("," if rng.random() < 0.1 else "") for w in words)
        speed, pitch = str(rng.integers(110, 260)), str(rng.integers(10, 95))
        command = ["espeak-ng", "-v", voice, "-s", speed, "-p", pitch, "--stdout", text]
        spoken = subprocess.run(command, capture_output=True, check=True).stdout
        samples = np.frombuffer(spoken[44:], "<i2").astype(np.float32) / 32768
        if len(samples) > 8000:
            yield soxr.resample(samples, 22050, SAMPLE_RATE_HZ)


def _word(rng: np.random.Generator, language: str) -> str:
    syllables = range(int(rng.integers(1, 5)))
    if language.startswith("cmn"):
        return "".join(f"{rng.choice(_PINYIN.split())}{rng.integers(1, 5)}" for _ in syllables)
    parts = (_ONSETS.split(), _NUCLEI.split(), _CODAS)
    return "".join(str(rng.choice(part)) for _ in syllables for part in parts)


def recorded(
    rng: np.random.Generator, clean: Iterator[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Play clean speech in rooms and over lines; yields what is heard, and what was clean."""
    for samples in clean:
        heard = samples
        if rng.random() < 0.4:
            heard = _in_room(heard, room_response(rng, (0.15, 0.9)))
        if rng.random() < 0.1:
            heard = companded(heard)
        yield heard, samples


def _in_room(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    length = 2 ** int(np.ceil(np.log2(len(samples) + len(response))))
    spectrum = np.fft.rfft(samples, length) * np.fft.rfft(response, length)
    return np.fft.irfft(spectrum, length)[: len(samples)]


def shard_speech(paths: Sequence[Path]) -> Iterator[np.ndarray]:
    """Yield the utterances of shards, float32."""
    for path in paths:
        samples, entries = read_shard(path)
        for entry in entries:
            yield samples[entry["start"] : entry["end"]].astype(np.float32) / 32768


def sound_bank(rng: np.random.Generator, minutes: float, each_s: float = 20.0) -> Bank:
    """Make a bank of sounds that are no speech."""
    count = round(60 * minutes / each_s)
    return Bank.of((random_sound(rng, each_s), None) for _ in range(count))


@dataclass(frozen=True)
class Mixture:
    """Speech and other sounds at once.

    Attributes:
        power: float32 (F, T).
        is_speech: bool (T,), which frames hold speech.
        is_asked: bool (T,), which frames are judged.
        stands_out: bool (T,), which frames the energy rules find.
    """

    power: np.ndarray
    is_speech: np.ndarray
    is_asked: np.ndarray
    stands_out: np.ndarray


@dataclass(frozen=True)
class Mixer:
    """Draws mixtures.

    Attributes:
        speech: with rooms and lines.
        sounds: that are no speech.
        frames: of a mixture.
    """

    speech: Bank
    sounds: Bank
    frames: int

    def draw(self, rng: np.random.Generator) -> Mixture:
        """Return speech over other sounds, in turn with them or alone, or other sounds alone."""
        kind = rng.choice(["over", "sounds", "plain", "in turn"], p=[0.42, 0.4, 0.05, 0.13])
        speech, spoken = self._talk(rng, 0.15 if kind == "in turn" else rng.uniform(0.3, 1))
        other = self._background(rng, kind)
        if rng.random() < 0.2:
            other += np.float32(10 ** rng.uniform(-1, 1)) * self._sounds(rng)
        if kind == "sounds":
            speech, spoken = np.zeros_like(speech), np.zeros_like(spoken)
        snr_db = {"over": _snr_over(rng), "plain": 80.0}.get(kind, rng.uniform(-5, 15))
        speech = speech * _equaliser(rng)
        other = other * _equaliser(rng)
        speech_level = speech.sum(axis=0)[spoken].mean() if spoken.any() else np.float32(1)
        other *= (
            speech_level / (other.sum(axis=0).mean() + 1e-12) * np.float32(10 ** (-snr_db / 10))
        )
        if kind == "in turn":
            other *= ~_near(spoken, int(rng.integers(5, 60)))
        floor = rng.standard_exponential(speech.shape, dtype=np.float32) * _equaliser(rng)
        floor *= speech_level * np.float32(10 ** rng.uniform(-9, -3))
        heard = speech.sum(axis=0) > 10 ** (_HEARD_DB / 10) * other.sum(axis=0)
        asked = np.where(spoken, heard, ~_near(spoken, _NEAR_FRAMES))
        mixture = (speech + other + floor) * _line(rng)
        if rng.random() < 0.2:
            edge = int(rng.integers(self.frames // 2))
            part = slice(0, edge) if rng.random() < 0.5 else slice(edge + self.frames // 2, None)
            mixture[:, part], spoken[part] = 0, False
        mixture *= np.float32(10 ** (rng.uniform(-6, 0))) / (mixture.sum(axis=0).max() + 1e-20)
        return Mixture(mixture, spoken, asked, standing_out(mixture))

    def _talk(self, rng: np.random.Generator, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Return utterances with pauses that leave them about a share of the time."""
        power = np.zeros((FINE_BANDS, self.frames), np.float32)
        spoken = np.zeros(self.frames, bool)
        at = int(rng.integers(-200, 200))
        while at < self.frames:
            part, marks = self.speech.draw(rng)
            start, stop = max(at, 0), min(at + len(marks), self.frames)
            if stop > start:
                gain = np.exp(rng.normal(0, 1.0)) / (part.sum(axis=0).mean() + 1e-12)
                power[:, start:stop] = gain * part[:, start - at : stop - at]
                spoken[start:stop] = marks[start - at : stop - at]
            at += len(marks) + int(rng.exponential((1 / share - 1) * 150 + 15))
        return power, spoken

    def _background(self, rng: np.random.Generator, kind: str) -> np.ndarray:
        if kind == "over" and rng.random() < 0.15:
            voices = int(np.exp(rng.uniform(np.log(3), np.log(20))))
            crowd = sum(self._talk(rng, 0.9)[0] for _ in range(voices))
            return _in_hall(rng, crowd) if rng.random() < 0.6 else crowd
        return self._sounds(rng)

    def _sounds(self, rng: np.random.Generator) -> np.ndarray:
        power = np.zeros((FINE_BANDS, self.frames), np.float32)
        at = int(rng.integers(-900, 0)) if rng.random() < 0.8 else 0
        while at < self.frames:
            part = _varied(rng, self.sounds.draw(rng)[0])
            start, stop = max(at, 0), min(at + part.shape[1], self.frames)
            if stop > start:
                power[:, start:stop] = part[:, start - at : stop - at]
                power[:, start:stop] /= part.sum(axis=0).mean() + 1e-12
            at += part.shape[1] + int(rng.exponential(20))
        return power


def _snr_over(rng: np.random.Generator) -> float:
    """Return how far speech is above other sounds, in dB: mostly about as loud as they are."""
    return rng.uniform(-6, 6) if rng.random() < 0.6 else rng.uniform(-3, 35)


def _varied(rng: np.random.Generator, power: np.ndarray) -> np.ndarray:
    """Play a sound at times slower or quicker, higher or lower."""
    if rng.random() < 0.5:
        frames = int(power.shape[1] * np.exp(rng.uniform(-0.25, 0.25)))
        power = power[:, np.linspace(0, power.shape[1] - 1, frames).astype(int)]
    if rng.random() < 0.5:
        up = int(rng.integers(-2, 3))
        moved = np.zeros_like(power)
        moved[max(up, 0) : FINE_BANDS + min(up, 0)] = power[max(-up, 0) : FINE_BANDS - max(up, 0)]
        power = moved
    return power


def _in_hall(rng: np.random.Generator, power: np.ndarray) -> np.ndarray:
    """Add echoes to power (F, T), which fade exponentially."""
    life = np.exp(rng.uniform(np.log(3), np.log(40)))
    fade = np.exp(-np.arange(int(5 * life) + 1) / life)
    length = 2 ** int(np.ceil(np.log2(power.shape[1] + len(fade))))
    spectrum = np.fft.rfft(power, length) * np.fft.rfft(fade / fade.sum(), length)
    echoes = np.fft.irfft(spectrum, length)[:, : power.shape[1]]
    return np.maximum(echoes, 0).astype(np.float32) + np.float32(rng.choice([0, 0.3])) * power


def standing_out(power: np.ndarray) -> np.ndarray:
    """Return which frames the energy rules find, bool (T,), of power in fine bands, (F, T)."""
    starts = np.arange(_BROAD_BANDS) * FINE_BANDS // _BROAD_BANDS
    broad = np.add.reduceat(power, starts, axis=0)
    around = np.ones(_SMOOTHED_FRAMES) / _SMOOTHED_FRAMES
    smooth = np.stack([np.convolve(band, around, "same") for band in broad])
    levels = 10 * np.log10(smooth + 10 ** (LEAST_LEVEL_DB / 10))
    rules = EnergyRules()
    return np.concatenate([rules.add(levels.astype(np.float32)), rules.finish()]) > 0


def _near(marks: np.ndarray, frames: int) -> np.ndarray:
    """Return which frames are at most so many away from a marked one."""
    counts = np.cumsum(np.pad(marks, (frames + 1, frames)))
    return counts[2 * frames + 1 :] > counts[: -2 * frames - 1]


def _equaliser(rng: np.random.Generator) -> np.ndarray:
    """Return smooth random gains of power, (F, 1)."""
    knots = rng.normal(0, rng.uniform(0, 6), 6)
    gain_db = np.interp(np.linspace(0, 5, FINE_BANDS), np.arange(6), knots)
    return (10 ** (gain_db[:, None] / 10)).astype(np.float32)


def _line(rng: np.random.Generator) -> np.ndarray:
    """Return the gains of a telephone or a codec, at times, (F, 1)."""
    gains = np.ones((FINE_BANDS, 1), np.float32)
    if rng.random() < 0.15:
        gains[: int(rng.integers(1, 6))] = gains[int(rng.integers(26, 30)) :] = 1e-6
    elif rng.random() < 0.2:
        gains[int(rng.integers(24, FINE_BANDS)) :] = 1e-6
    return gains
