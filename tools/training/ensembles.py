"""Ensembles of keyboards, sections, plucked and bass notes, with drums, as a studio mixes them.

Everything about an ensemble is drawn: what plays, how it sounds, what it plays, rooms and effects.
"""

from __future__ import annotations

import numpy as np
from other_sounds import SAMPLE_RATE_HZ, add_at, levelled

_LIMIT_HZ = 7600
_MODES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 9, 10),
    (0, 2, 4, 5, 7, 9, 10),
    (0, 1, 4, 5, 7, 8, 11),
)
_CHORDS = ((0, 2, 4), (0, 4), (0, 2, 4, 6), (0, 3, 4), (0, 2, 4, 8), (0,))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


class Voice:
    """A random instrument whose notes are made of operators or of partials."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._is_modulated = rng.random() < 0.45
        self._attack_s = _between(rng, 0.001, 0.03 if rng.random() < 0.6 else 0.5)
        self._half_life_s = _between(rng, 0.05, 4)
        self._held_level = rng.choice([0.0, rng.uniform(0.1, 1)], p=[0.6, 0.4])
        self._release_s = _between(rng, 0.02, 0.5)
        self._high_fades = rng.uniform(0, 1.2)  # how much faster high notes and partials fade
        self._strings = int(rng.choice([1, 1, 2, 3]))
        self._detune = _between(rng, 3e-4, 0.01)
        self._tremolo = (
            _between(rng, 0.5, 9),
            rng.choice([0, rng.uniform(0.1, 0.9)], p=[0.6, 0.4]),
        )
        self._vibrato = (rng.uniform(3, 8), rng.choice([0, rng.uniform(0, 0.02)], p=[0.6, 0.4]))
        self._knock = rng.choice([0.0, _between(rng, 0.01, 0.5)], p=[0.6, 0.4])
        self._choose_operators()
        self._choose_partials()
        self._made: dict[tuple[float, float], np.ndarray] = {}

    def _choose_operators(self) -> None:
        rng = self._rng
        count = int(rng.integers(1, 4))
        whole = rng.choice([0.5, 1, 1, 1, 2, 3, 4, 5, 6, 8, 9, 11, 14], count)
        self._ratios = np.where(
            rng.random(count) < 0.7, whole, np.exp(rng.uniform(-0.7, 2.6, count))
        )
        self._carriers = rng.choice([0.5, 1, 1, 1, 2, 3], 2)
        self._depths = np.exp(rng.uniform(np.log(0.1), np.log(8), count))
        self._depth_lives_s = np.exp(rng.uniform(np.log(0.02), np.log(3), count))
        self._depths_left = rng.choice([0.0, 1.0], count) * rng.uniform(0, 0.6, count)
        self._in_series = rng.random() < 0.4
        self._second = rng.choice([0.0, rng.uniform(0, 1)])

    def _choose_partials(self) -> None:
        rng = self._rng
        numbers = np.arange(1, 17)
        self._levels = numbers ** -rng.uniform(0.4, 2.6) * np.exp(rng.normal(0, 0.6, 16))
        if rng.random() < 0.4:  # struck or plucked at a point of the string
            self._levels *= np.abs(np.sin(np.pi * numbers * rng.uniform(0.05, 0.5)))
        self._stretch = rng.choice([0.0, _between(rng, 1e-5, 2e-3)])
        if rng.random() < 0.12:  # bars and bells
            self._places = np.sort(np.exp(rng.uniform(0, 2.6, 16)))
            self._places[0] = 1
        else:
            self._places = numbers * np.sqrt(1 + self._stretch * numbers**2)
        self._opening_s = _between(rng, 0.03, 2)
        self._open_hz = (_between(rng, 200, 8000), _between(rng, 200, 8000))
        self._slope = rng.uniform(1, 6) if rng.random() < 0.5 else 0.0

    def play(self, pitch_hz: float, length_s: float) -> np.ndarray:
        """One note, float32."""
        key = (round(pitch_hz, 2), round(length_s, 2))
        if key not in self._made:
            self._made[key] = self._note(*key)
        return self._made[key]

    def _note(self, pitch_hz: float, length_s: float) -> np.ndarray:
        count = int((length_s + self._release_s) * SAMPLE_RATE_HZ) + 1
        t = np.arange(count, dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)
        rate, depth = self._vibrato
        shaken = t + np.float32(depth / (6.283 * rate)) * np.sin(np.float32(6.283 * rate) * t)
        output = np.zeros(count, np.float32)
        sounded = self._operators if self._is_modulated else self._partials
        for number in range(self._strings):
            detune = 1 + self._detune * (number - (self._strings - 1) / 2) * self._rng.normal(
                1, 0.2
            )
            turns = np.float32(6.28318 * pitch_hz * detune) * shaken
            output += sounded(t, turns, pitch_hz)
        output *= self._envelope(t, pitch_hz, length_s)
        if self._knock:
            short = min(count, 1200)
            hiss = self._rng.standard_normal(short) * np.exp(-np.arange(short) / 150)
            output[:short] += np.float32(self._knock) * hiss.astype(np.float32)
        rate, depth = self._tremolo
        return output * (1 - np.float32(depth) * (0.5 + 0.5 * np.sin(np.float32(6.283 * rate) * t)))

    def _envelope(self, t: np.ndarray, pitch_hz: float, length_s: float) -> np.ndarray:
        life_s = self._half_life_s * (220 / pitch_hz) ** (0.6 * self._high_fades)
        fall = np.exp2(-t / np.float32(life_s))
        held = self._held_level + (1 - self._held_level) * fall
        rise = np.minimum(t / np.float32(self._attack_s), 1)
        return held * rise * np.clip(1 - (t - np.float32(length_s)) / self._release_s, 0, 1) ** 2

    def _operators(self, t: np.ndarray, turns: np.ndarray, pitch_hz: float) -> np.ndarray:
        bend, last = np.zeros_like(t), np.zeros_like(t)
        for ratio, depth, life_s, left in zip(
            self._ratios, self._depths, self._depth_lives_s, self._depths_left, strict=True
        ):
            ratio = min(ratio, 5000 / pitch_hz)
            swing = np.float32(depth) * (left + (1 - left) * np.exp(-t / np.float32(life_s)))
            last = swing * np.sin(np.float32(ratio) * turns + (last if self._in_series else 0))
            bend = last if self._in_series else bend + last
        first, second = (np.float32(carrier) for carrier in self._carriers)
        output = np.sin(first * turns + bend)
        if self._second:
            output += np.float32(self._second) * np.sin(second * turns + np.float32(0.3) * bend)
        return output

    def _partials(self, t: np.ndarray, turns: np.ndarray, pitch_hz: float) -> np.ndarray:
        output = np.zeros_like(t)
        start_hz, end_hz = self._open_hz
        cutoff_hz = end_hz + (start_hz - end_hz) * np.exp(-t / np.float32(self._opening_s))
        for place, level in zip(self._places, self._levels, strict=True):
            hertz = place * pitch_hz
            if hertz > _LIMIT_HZ or level < 0.004:
                continue
            part = np.sin(np.float32(place) * turns + np.float32(self._rng.uniform(0, 6)))
            if self._high_fades:
                part *= np.exp(t * np.float32(-self._high_fades * (place - 1) * 0.7))
            if self._slope:
                part /= 1 + (np.float32(hertz) / cutoff_hz) ** np.float32(self._slope)
            output += np.float32(level) * part
        return output


def _add(output: np.ndarray, at_s: float, part: np.ndarray) -> None:
    add_at(output, max(int(at_s * SAMPLE_RATE_HZ), 0), part)


class _Score:
    """What all parts of a piece share: time, harmony, chance."""

    def __init__(self, rng: np.random.Generator, duration_s: float) -> None:
        self.rng, self.duration_s = rng, duration_s
        self.beat_s = 60 / _between(rng, 50, 200)
        self.beats = int(rng.choice([3, 4, 4, 4, 5, 6, 7]))  # in a bar
        self.mode = _MODES[int(rng.integers(len(_MODES)))]
        self.key_hz = 55 * 2 ** rng.uniform(0, 1)
        self.chords = rng.integers(0, 7, int(rng.integers(2, 9)))
        self.bars_each = int(rng.choice([1, 1, 2]))
        self.swing = rng.choice([0.0, rng.uniform(0, 0.3)])
        self.looseness_s = _between(rng, 1e-4, 0.03)

    def pitch(self, degree: int, octave: int) -> float:
        """Return a degree of the scale in Hz."""
        turns, place = divmod(int(degree), len(self.mode))
        return self.key_hz * 2 ** (octave + turns + self.mode[place] / 12)

    def chord(self, at_s: float) -> int:
        """Return the root at a time."""
        bar = int(at_s / (self.beats * self.beat_s))
        return int(self.chords[bar // self.bars_each % len(self.chords)])

    def times(self, per_beat: int, density: float) -> list[float]:
        """Return the starts of a rhythm that repeats, in seconds."""
        bar = self.rng.random(self.beats * per_beat) < density
        bar[0] = True
        steps = np.arange(int(self.duration_s / self.beat_s * per_beat) + 1)
        steps = steps[bar[steps % len(bar)]]
        late = self.swing * (steps % 2) + self.rng.normal(0, self.looseness_s, len(steps))
        return ((steps + late) * self.beat_s / per_beat).tolist()


def _chord_part(score: _Score) -> np.ndarray:
    """Chords: held, struck in a rhythm or broken."""
    rng, voice = score.rng, Voice(score.rng)
    output = np.zeros(int(score.duration_s * SAMPLE_RATE_HZ), np.float32)
    shape, octave = _CHORDS[int(rng.integers(len(_CHORDS)))], int(rng.integers(1, 4))
    kind, per_beat = rng.integers(3), int(rng.choice([1, 2, 2, 3, 4]))
    if kind == 0:
        bar_s = score.beats * score.beat_s
        times, length_s = (
            np.arange(0, score.duration_s, bar_s).tolist(),
            bar_s * rng.uniform(0.5, 1),
        )
    else:
        times = score.times(per_beat, rng.uniform(0.3, 1))
        length_s = score.beat_s / per_beat * _between(rng, 0.4, 3)
    strum_s = rng.choice([0.0, rng.uniform(0, 0.06)])
    for number, at in enumerate(times):
        root, loud = score.chord(at), np.float32(np.exp(rng.normal(0, 0.25)))
        degrees = [shape[number % len(shape)]] if kind == 2 else shape
        for place, degree in enumerate(degrees):
            note = voice.play(score.pitch(root + degree, octave), min(length_s, 4))
            _add(output, at + place * strum_s, loud * note)
    return output


def _bass_part(score: _Score) -> np.ndarray:
    rng, voice = score.rng, Voice(score.rng)
    output = np.zeros(int(score.duration_s * SAMPLE_RATE_HZ), np.float32)
    per_beat = int(rng.choice([1, 1, 2, 4]))
    length_s = score.beat_s / per_beat * rng.uniform(0.4, 2)
    steps = rng.choice([0, 0, 4, 7, 2], 8)
    for number, at in enumerate(score.times(per_beat, rng.uniform(0.3, 1))):
        degree = score.chord(at) + int(steps[number % 8])
        _add(output, at, voice.play(score.pitch(degree, 0), min(length_s, 3)))
    return output


def _lead_part(score: _Score) -> np.ndarray:
    """A line that wanders by steps and leaps, with phrases and rests."""
    rng, voice = score.rng, Voice(score.rng)
    output = np.zeros(int(score.duration_s * SAMPLE_RATE_HZ), np.float32)
    degree, octave, leap = 7, int(rng.integers(1, 3)), rng.uniform(0.5, 3)
    rests, legato = rng.uniform(0, 0.5), _between(rng, 0.3, 1.5)
    at = 0.0
    while at < score.duration_s:
        length_s = score.beat_s * float(rng.choice([0.25, 0.5, 0.5, 1, 1, 1.5, 2, 0.333]))
        degree = int(np.clip(degree + round(rng.normal(0, leap)), 0, 16))
        if rng.random() >= rests:
            note = voice.play(score.pitch(degree, octave), min(length_s * legato, 3))
            _add(output, at, np.float32(np.exp(rng.normal(0, 0.3))) * note)
        at += length_s
    return output


def _drum_part(score: _Score) -> np.ndarray:
    """Skins, wires and metal, each a mixture of falling tones and coloured noise."""
    rng = score.rng
    output = np.zeros(int(score.duration_s * SAMPLE_RATE_HZ), np.float32)
    for low_hz, high_hz, density in ((40, 120, 0.3), (120, 400, 0.25), (1500, 6000, 0.7)):
        t = np.arange(int(_between(rng, 0.03, 0.5) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        hertz = _between(rng, low_hz, high_hz) * (1 + rng.uniform(0, 3) * np.exp(-t * 40))
        tone = np.sin(6.283 * np.cumsum(hertz) / SAMPLE_RATE_HZ)
        hiss = rng.standard_normal(len(t))
        if rng.random() < 0.7:
            hiss = np.diff(hiss, prepend=0)
        share = rng.uniform(0, 0.4) if low_hz < 100 else rng.uniform(0.3, 1)
        hit = ((1 - share) * tone + share * hiss) * np.exp(-t / t[-1] * rng.uniform(3, 8))
        loud = _between(rng, 0.2, 1)
        for at in score.times(int(rng.choice([1, 2, 4])), density):
            _add(output, at, (loud * rng.uniform(0.5, 1) * hit).astype(np.float32))
    return output


def _shaped(rng: np.random.Generator, samples: np.ndarray, room_share: float) -> np.ndarray:
    """Equalise, and at times add a room."""
    length = 2 ** int(np.ceil(np.log2(len(samples) + 2 * SAMPLE_RATE_HZ)))
    spectrum = np.fft.rfft(samples, length)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), 31) / 31)
    gain_db = np.interp(octaves, np.arange(9), rng.normal(0, rng.uniform(0, 6), 9))
    spectrum *= 10 ** (gain_db / 20)
    if rng.random() < room_share:
        tail_s = _between(rng, 0.05, 0.6)
        tail = rng.standard_normal(2 * SAMPLE_RATE_HZ)
        tail *= np.exp(-np.arange(len(tail)) / SAMPLE_RATE_HZ / tail_s)
        tail *= _between(rng, 0.05, 1.5) / np.sqrt(np.sum(tail**2))
        tail[0] += 1
        spectrum *= np.fft.rfft(tail, length)
    return np.fft.irfft(spectrum, length)[: len(samples)]


def _chorused(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Add the sound again, later by a time that swings: chorus, flanger, echo."""
    places = np.arange(len(samples))
    swing = _between(rng, 0.0005, 0.006) * SAMPLE_RATE_HZ
    later = _between(rng, 0.001, 0.4) * SAMPLE_RATE_HZ + swing
    delay = later + swing * np.sin(places * (6.283 * _between(rng, 0.1, 6) / SAMPLE_RATE_HZ))
    return samples + rng.uniform(-0.9, 0.9) * np.interp(places - delay, places, samples, left=0)


def _pressed(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Compress: loud moments are turned down."""
    block = int(_between(rng, 0.003, 0.2) * SAMPLE_RATE_HZ)
    blocks = np.pad(samples, (0, -len(samples) % block)).reshape(-1, block)
    level = np.sqrt(np.mean(blocks**2, axis=1)) + 0.01
    gain = level ** -rng.uniform(0.2, 0.9)
    return samples * np.interp(np.arange(len(samples)), (np.arange(len(gain)) + 0.5) * block, gain)


def ensemble(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """One to six parts, each with its own sound, mixed, in float32 with a peak of 1."""
    score = _Score(rng, duration_s)
    pitched = [_chord_part, _chord_part, _lead_part, _lead_part, _bass_part]
    number = int(rng.choice([1, 1, 2, 3, 4, 5]))
    parts = [pitched[k] for k in rng.choice(len(pitched), number, replace=False)]
    parts += [_drum_part] * (rng.random() < (0.2 if number == 1 else 0.6))
    mixed = np.zeros(int(duration_s * SAMPLE_RATE_HZ))
    for make in parts:
        part = make(score)
        if rng.random() < 0.3:
            part = _chorused(rng, part)
        if rng.random() < 0.2:
            part = np.tanh(part / (part.std() + 1e-6) * _between(rng, 0.3, 5))
        part = _shaped(rng, part, 0.3)
        mixed += np.exp(rng.normal(0, 0.6)) * part / (part.std() + 1e-6)
    mixed = _shaped(rng, mixed / mixed.std(), 0.3)
    if rng.random() < 0.5:
        mixed = _pressed(rng, mixed / mixed.std())
    return levelled(mixed)
