"""What is heard in a window: sentences with the times of their words, pauses, or no speech.

T frames of 20 ms a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
from augment import NoiseBank, knocks
from shards import SAMPLE_RATE_HZ, read_shard
from training_data import SLOT_SAMPLES, phone_grid, played_faster

FRAME_SAMPLES = 320
SLOTS_PER_FRAME = FRAME_SAMPLES // SLOT_SAMPLES
_SLOTS_PER_S = SAMPLE_RATE_HZ // SLOT_SAMPLES


class Layout(Enum):
    """How sentences and pauses lie in a window."""

    MIXED = "pauses of a fraction of a second, now and then of seconds"
    JOINED = "as the planner of windows joins them: margins of silence, edges within sentences"
    GAP = "one pause of many seconds, before or between sentences"


@dataclass(frozen=True)
class Word:
    """A written word and when it is heard, in seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Utterance:
    """One clean sentence; S slots of 5 ms.

    Attributes:
        samples: int16 (S * 80,) at 16 kHz.
        phones: int8 (S,), indices of `PHONES`, `NO_PHONE` where it has no name there.
        words: In order; none where the text is not of the domain.
    """

    samples: np.ndarray
    phones: np.ndarray
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Scene:
    """What is heard in a window: samples float32 (T * 320,), phones (T * 4,), sentences.

    `is_cut` tells that the last sentence goes on after the end.
    """

    samples: np.ndarray
    phones: np.ndarray
    sentences: tuple[tuple[Word, ...], ...]
    is_cut: bool


def load_utterances(path: Path, with_words: bool) -> list[Utterance]:
    """Read the sentences of a shard."""
    samples, entries = read_shard(path)
    utterances = []
    for entry in entries:
        slots = (entry["end"] - entry["start"]) // SLOT_SAMPLES
        words = tuple(_words(entry)) if with_words else ()
        part = samples[entry["start"] : entry["start"] + slots * SLOT_SAMPLES]
        utterances.append(Utterance(part, phone_grid(entry, slots), words))
    return utterances


def _words(entry: dict) -> Iterator[Word]:
    """Words of a group share its time by their letters."""
    for i, group in enumerate(entry["groups"]):
        phones = [phone for phone in entry["phones"] if phone[3] == i]
        start_s, end_s = phones[0][1], phones[-1][2]
        letters = np.cumsum([0] + [len(text) for text in group])
        edges = start_s + (end_s - start_s) * letters / letters[-1]
        for text, start, end in zip(group, edges, edges[1:], strict=False):
            yield Word(text, float(start), float(end))


def at_other_speed(utterance: Utterance, factor: float) -> Utterance:
    """Play a sentence `factor` times faster, with what is heard in it."""
    samples, positions = played_faster(utterance.samples, factor)
    words = tuple(Word(w.text, w.start_s / factor, w.end_s / factor) for w in utterance.words)
    return Utterance(samples, utterance.phones[positions], words)


def compose(
    rng: np.random.Generator,
    frames: int,
    draw: Callable[[], Utterance],
    may_cut: bool,
    layout: Layout = Layout.MIXED,
) -> Scene:
    """Fill a window with sentences and pauses."""
    slots = frames * SLOTS_PER_FRAME
    samples, phones = np.zeros(slots * SLOT_SAMPLES, np.float32), np.zeros(slots, np.int64)
    sentences: list[tuple[Word, ...]] = []
    level = np.exp(rng.normal(0, 0.3))
    pauses = _PAUSES[layout](rng, slots)
    position = next(pauses)
    while position < slots - 60:
        utterance = draw()
        if layout is Layout.JOINED and not sentences and rng.random() < 0.25:
            utterance = _without_beginning(utterance, rng)
        if rng.random() < 0.5:
            utterance = at_other_speed(utterance, float(np.exp(rng.uniform(-0.13, 0.13))))
        room = min(len(utterance.phones), slots - position)
        is_cut = room < len(utterance.phones)
        if is_cut and not may_cut and sentences:
            break
        gain = np.float32(level * np.exp(rng.normal(0, 0.2)) / 20000)
        part = slice(position * SLOT_SAMPLES, (position + room) * SLOT_SAMPLES)
        samples[part] = gain * utterance.samples[: room * SLOT_SAMPLES]
        phones[position : position + room] = utterance.phones[:room]
        start_s = position * SLOT_SAMPLES / SAMPLE_RATE_HZ
        sentences.append(tuple(_later(word, start_s) for word in utterance.words))
        if is_cut:
            return Scene(samples, phones, tuple(sentences), True)
        position += room + next(pauses)
    return Scene(samples, phones, tuple(sentences), False)


def _later(word: Word, seconds: float) -> Word:
    return replace(word, start_s=word.start_s + seconds, end_s=word.end_s + seconds)


def _without_beginning(utterance: Utterance, rng: np.random.Generator) -> Utterance:
    """Leave out the first words, as where a window begins within a sentence."""
    words = utterance.words
    if len(words) < 3:
        return utterance
    left = words[int(rng.integers(1, len(words) - 1)) :]
    slots = int(left[0].start_s * _SLOTS_PER_S)
    kept = tuple(_later(word, -slots / _SLOTS_PER_S) for word in left)
    return Utterance(utterance.samples[slots * SLOT_SAMPLES :], utterance.phones[slots:], kept)


def _mixed_pauses(rng: np.random.Generator, slots: int) -> Iterator[int]:
    """Slots before each sentence: a fraction of a second, now and then up to 12 s."""
    scale = rng.uniform(0.4, 1.6)
    yield int(rng.choice([0, rng.integers(0, 100), rng.integers(0, max(slots // 3, 1))]))
    while True:
        if rng.random() < 0.15:
            yield int(np.exp(rng.uniform(np.log(300), np.log(2400))))
        else:
            yield int(np.clip(scale * np.exp(rng.normal(4.2, 0.7)), 10, 420))


def _joined_pauses(rng: np.random.Generator, slots: int) -> Iterator[int]:
    """Slots before each sentence: margins of 0.25 s where a gap was left out, else up to 0.8 s."""
    yield int(rng.choice([0, 50]))
    while True:
        yield int(rng.choice([100, rng.integers(10, 160)], p=[0.6, 0.4]))


def _gap_pauses(rng: np.random.Generator, slots: int) -> Iterator[int]:
    """Slots before each sentence: short, save one of a quarter to nearly all of the window."""
    place = int(rng.choice([0, 1, 2, 3, 4], p=[0.2, 0.3, 0.25, 0.15, 0.1]))
    for i, pause in enumerate(_joined_pauses(rng, slots)):
        yield int(rng.uniform(0.1, 0.85) * slots) if i == place else pause


_PAUSES = {
    Layout.MIXED: _mixed_pauses,
    Layout.JOINED: _joined_pauses,
    Layout.GAP: _gap_pauses,
}


def passing_noise(rng: np.random.Generator, count: int, noises: NoiseBank) -> np.ndarray:
    """Faint noise in a part of a window, which begins and ends at once; float32."""
    start, end = np.sort(rng.integers(0, count + 1, 2))
    level = np.float32(np.exp(rng.uniform(np.log(1e-4), np.log(0.02))))
    sound = np.zeros(count, np.float32)
    if end > start:
        sound[start:end] = level * noises.draw(rng, int(end - start))
    return sound


def silence(rng: np.random.Generator, frames: int, noises: NoiseBank) -> np.ndarray:
    """A window in which nobody speaks: nothing, noise, hum, tones, knocks; float32."""
    count = frames * FRAME_SAMPLES
    kind = rng.random()
    if kind < 0.15:
        return np.zeros(count, np.float32)
    level = np.float32(np.exp(rng.uniform(np.log(1e-4), np.log(0.3))))
    if kind < 0.65:
        return level * noises.draw(rng, count)
    if kind < 0.75:
        return level * (knocks(rng, count) + np.float32(0.02) * noises.draw(rng, count))
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    tones = np.zeros(count)
    for _ in range(int(rng.integers(1, 4))):
        start_hz, end_hz = np.exp(rng.uniform(np.log(50), np.log(7000), 2))
        hertz = start_hz if rng.random() < 0.7 else np.linspace(start_hz, end_hz, count)
        tones += np.sin(2 * np.pi * hertz * seconds)
    if rng.random() < 0.3:
        tones *= np.sin(2 * np.pi * rng.uniform(0.2, 4) * seconds) > 0
    if rng.random() < 0.5:
        tones += rng.uniform(0, 0.1) * noises.draw(rng, count)
    return (level * tones).astype(np.float32)
