"""What is heard in a window: sentences with the times of their words, pauses, or no speech.

T frames of 20 ms a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from augment import NoiseBank, knocks
from shards import SAMPLE_RATE_HZ, read_shard
from training_data import SLOT_SAMPLES, phone_grid, played_faster

FRAME_SAMPLES = 320
SLOTS_PER_FRAME = FRAME_SAMPLES // SLOT_SAMPLES


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
    rng: np.random.Generator, frames: int, draw: Callable[[], Utterance], may_cut: bool
) -> Scene:
    """Fill a window with sentences and pauses."""
    slots = frames * SLOTS_PER_FRAME
    samples, phones = np.zeros(slots * SLOT_SAMPLES, np.float32), np.zeros(slots, np.int64)
    sentences: list[tuple[Word, ...]] = []
    level = np.exp(rng.normal(0, 0.3))
    pause_scale = rng.uniform(0.4, 1.6)
    position = int(rng.choice([0, rng.integers(0, 100), rng.integers(0, max(slots // 3, 1))]))
    while position < slots - 60:
        utterance = draw()
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
        sentences.append(
            tuple(Word(w.text, w.start_s + start_s, w.end_s + start_s) for w in utterance.words)
        )
        if is_cut:
            return Scene(samples, phones, tuple(sentences), True)
        position += room + _draw_pause(rng, pause_scale)
    return Scene(samples, phones, tuple(sentences), False)


def _draw_pause(rng: np.random.Generator, scale: float) -> int:
    """Slots between two sentences: a fraction of a second, now and then up to 12 s."""
    if rng.random() < 0.15:
        return int(np.exp(rng.uniform(np.log(300), np.log(2400))))
    return int(np.clip(scale * np.exp(rng.normal(4.2, 0.7)), 10, 420))


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
