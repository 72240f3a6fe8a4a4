"""Batches of training audio with what is heard in every 5 ms: letters and phones.

Labels stand on a grid of 5 ms, four slots to a frame of the model. Utterances of different voices
follow each other with gaps, each with its own level, all through one room and microphone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augment import NoiseBank, breath, drifting_level, knocks, record
from letter_times import LetterAligner, LetterTime
from shards import SAMPLE_RATE_HZ, read_shard, shards_of
from speech_synthesis import PAUSE
from torch.utils.data import IterableDataset

SLOT_SAMPLES = 80
SLOTS_PER_FRAME = 4
BLANK = 0
VOCABULARY = {
    "<blank>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "i": 5, "e": 6, "n": 7, "o": 8,
    "u": 9, "t": 10, "s": 11, "r": 12, "m": 13, "k": 14, "l": 15, "d": 16, "g": 17, "h": 18,
    "y": 19, "b": 20, "p": 21, "w": 22, "c": 23, "v": 24, "j": 25, "z": 26, "f": 27, "'": 28,
    "q": 29, "x": 30,
}  # fmt: skip
_PHONE_NAMES = (
    "pau aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th "
    "uh uw v w y z zh"
)
PHONES = tuple(_PHONE_NAMES.split())
_ESPEAK_PHONES = {
    "I": "ih", "I2": "ih", "I#": "ih", "IR": "er", "i": "iy", "i:": "iy", "E": "eh", "a": "ae",
    "a#": "ax", "A:": "aa", "0": "aa", "O:": "ao", "O2": "ao", "U": "uh", "u:": "uw", "V": "ah",
    "VR": "er", "3": "er", "3:": "er", "@": "ax", "@2": "ax", "@5": "ax", "@-": "ax", "eI": "ey",
    "aI": "ay", "aI2": "ay", "aI3": "ay", "OI": "oy", "aU": "aw", "oU": "ow", "h": "hh",
    "j": "y", ";": "y", "N": "ng", "n-": "n", "S": "sh", "Z": "zh", "T": "th", "D": "dh",
    "tS": "ch", "dZ": "jh", "t#": "t", "t2": "t", "t[": "t", "?": "t", "r-": "r", "w#": "w",
}  # fmt: skip
NO_PHONE = -100
_PHONE_IDS = {name: i for i, name in enumerate(PHONES)} | {
    espeak: PHONES.index(name) for espeak, name in _ESPEAK_PHONES.items()
}


@dataclass(frozen=True)
class LabelledSpeech:
    """One clean utterance; S slots of 5 ms.

    Attributes:
        samples: int16, a multiple of 80.
        letters: int8 (S,), vocabulary ids, `BLANK` in pauses.
        phones: int8 (S,), indices of `PHONES`, `NO_PHONE` where it has no name there.
        letter_starts: int8 (S,), vocabulary id where a letter begins, else 0.
    """

    samples: np.ndarray
    letters: np.ndarray
    phones: np.ndarray
    letter_starts: np.ndarray


def common_name(phone: str) -> str:
    """Name of a phone in `PHONES`, or its own where it has none there."""
    return PHONES[_PHONE_IDS[phone]] if phone in _PHONE_IDS else phone


def fit_letter_aligner(paths: Sequence[Path]) -> LetterAligner:
    """Learn which letters stand for which phones from the words of some shards."""
    aligner = LetterAligner()
    aligner.fit(
        (letters, tuple(name for name, _, _ in phones))
        for path in paths
        for utterance in read_shard(path)[1]
        for letters, phones in _groups(utterance)
    )
    return aligner


def _groups(utterance: dict) -> Iterator[tuple[str, list[tuple[str, float, float]]]]:
    for i, words in enumerate(utterance["groups"]):
        phones = [(common_name(n), s, e) for n, s, e, group in utterance["phones"] if group == i]
        yield "".join(words), phones


def load_shard(path: Path, aligner: LetterAligner) -> list[LabelledSpeech]:
    """Label the utterances of a shard; those whose spelling cannot be paired are left out."""
    samples, utterances = read_shard(path)
    labelled = (
        _label(samples[utterance["start"] : utterance["end"]], utterance, aligner)
        for utterance in utterances
    )
    return [speech for speech in labelled if speech is not None]


def letter_shares(paths: Sequence[Path], aligner: LetterAligner) -> np.ndarray:
    """Share of the time that each token of the vocabulary is heard, float64 (31,)."""
    counts = np.zeros(len(VOCABULARY))
    for path in paths:
        for speech in load_shard(path, aligner):
            counts += np.bincount(speech.letters, minlength=len(VOCABULARY))
    return counts / counts.sum()


def _label(samples: np.ndarray, utterance: dict, aligner: LetterAligner) -> LabelledSpeech | None:
    slots = len(samples) // SLOT_SAMPLES
    letter_times: list[LetterTime] = []
    for letters, phones in _groups(utterance):
        times = aligner.letter_times(letters, phones)
        if times is None:
            return None
        letter_times += times
    letter_ids, starts = _letter_grid(letter_times, slots)
    phone_ids = phone_grid(utterance, slots)
    return LabelledSpeech(samples[: slots * SLOT_SAMPLES], letter_ids, phone_ids, starts)


def phone_grid(utterance: dict, slots: int) -> np.ndarray:
    """The phone of every slot, int8 (slots,): an index of `PHONES`, or `NO_PHONE`."""
    grid = np.zeros(slots, np.int8)
    for name, start_s, end_s, group in utterance["phones"]:
        phone_id = 0 if group == PAUSE else _PHONE_IDS.get(name, NO_PHONE)
        grid[slot_of(start_s) : slot_of(end_s)] = phone_id
    return grid


def slot_of(seconds: float) -> int:
    """Return the slot of 5 ms that begins nearest to a time."""
    return round(seconds * SAMPLE_RATE_HZ / SLOT_SAMPLES)


def _letter_grid(times: Sequence[LetterTime], slots: int) -> tuple[np.ndarray, np.ndarray]:
    """Letters on the grid; a doubled letter gets 20 ms of blank in between, as CTC needs."""
    grid, starts = np.zeros(slots, np.int8), np.zeros(slots, np.int8)
    for before, letter in zip([None, *times], times, strict=False):
        start, end = slot_of(letter.start_s), min(slot_of(letter.end_s), slots)
        if start >= end:
            continue
        grid[start:end] = VOCABULARY[letter.letter]
        starts[start] = VOCABULARY[letter.letter]
        touches = before is not None and letter.start_s - before.end_s < 0.005
        if touches and before.letter == letter.letter:
            grid[max(start - 2, 0) : min(start + 2, end - 1)] = BLANK
    return grid, starts


@dataclass(frozen=True)
class BatchShape:
    """How long the rows of a batch are, and how many seconds it holds in all."""

    seconds: Sequence[float] = (5.0, 8.0, 8.0, 12.0, 12.0, 24.0)
    total_s: float = 24.0


class Batches(IterableDataset):
    """Endless batches; shards that appear in the folder later join in.

    Args:
        folder: Where the shards are.
        aligner: A fitted letter aligner.
        shape: Length and size of the batches.
        seed: Seed of the order and of every room and noise.
        severity: Upper limit of the severity of `augment.record`.
    """

    def __init__(
        self, folder: Path, aligner: LetterAligner, shape: BatchShape, seed: int, severity: float
    ) -> None:
        super().__init__()
        self._folder, self._aligner, self._shape = folder, aligner, shape
        self._seed, self._severity = seed, severity

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        rng = np.random.default_rng(self._seed)
        speeches: list[LabelledSpeech] = []
        waiting: list[int] = []
        known: set[Path] = set()
        noises = None
        while True:
            new = shards_of(self._folder, known)
            for path in new[: 2 if speeches else 8]:
                known.add(path)
                fresh = load_shard(path, self._aligner)
                waiting += range(len(speeches), len(speeches) + len(fresh))
                speeches += fresh
            rng.shuffle(waiting)
            if noises is None:
                noises = NoiseBank(rng, [s.samples.astype(np.float32) for s in speeches[:300]])
            for _ in range(40):
                if len(waiting) < 100:
                    waiting += rng.permutation(len(speeches)).tolist()
                yield self._batch(rng, speeches, waiting, noises)

    def _batch(
        self,
        rng: np.random.Generator,
        speeches: Sequence[LabelledSpeech],
        waiting: list[int],
        noises: NoiseBank,
    ) -> dict[str, torch.Tensor]:
        seconds = float(rng.choice(self._shape.seconds))
        rows = [
            make_row(rng, seconds, lambda: speeches[waiting.pop()], noises, self._severity)
            for _ in range(max(1, round(self._shape.total_s / seconds)))
        ]
        return {key: torch.from_numpy(np.stack([row[key] for row in rows])) for key in rows[0]}


def played_faster(samples: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Play samples `factor` times faster, pitch and formants moving along.

    Args:
        samples: int16, whole slots of 5 ms.
        factor: Above 1 is faster.

    Returns:
        The samples, int16, again whole slots, and for each of these slots where it came from.
    """
    slots = int(len(samples) // SLOT_SAMPLES / factor)
    positions = np.arange(slots * SLOT_SAMPLES) * factor
    played = np.interp(positions, np.arange(len(samples)), samples)
    return played.astype(np.int16), (np.arange(slots) * factor).astype(int)


def at_other_speed(speech: LabelledSpeech, factor: float) -> LabelledSpeech:
    """Play speech `factor` times faster, with what is heard in it."""
    samples, positions = played_faster(speech.samples, factor)
    slots = len(positions)
    starts = np.zeros(slots, np.int8)
    at = np.flatnonzero(speech.letter_starts)
    starts[np.minimum((at / factor).astype(int), slots - 1)] = speech.letter_starts[at]
    return LabelledSpeech(
        samples,
        speech.letters[positions],
        speech.phones[positions],
        starts,
    )


def make_row(
    rng: np.random.Generator,
    seconds: float,
    next_speech: Callable[[], LabelledSpeech],
    noises: NoiseBank,
    severity: float,
) -> dict[str, np.ndarray]:
    """Fill one row with utterances and gaps and record it.

    Returns:
        `samples` float32 (N,), zero mean, about unit variance; `letters`, `phones` and
        `letter_starts` int64 (S,).
    """
    slots = int(seconds * SAMPLE_RATE_HZ / SLOT_SAMPLES)
    clean = np.zeros(slots * SLOT_SAMPLES, np.float32)
    letters, phones = np.zeros(slots, np.int64), np.zeros(slots, np.int64)
    starts = np.zeros(slots, np.int64)
    position = int(rng.choice([0, rng.integers(0, 160), _draw_gap(rng)]))
    while position < slots:
        speech = next_speech()
        if rng.random() < 0.6:
            speech = at_other_speed(speech, float(np.exp(rng.uniform(-0.13, 0.13))))
        skip = int(rng.integers(len(speech.letters))) if position == 0 and rng.random() < 0.5 else 0
        room = min(len(speech.letters) - skip, slots - position)
        part = slice(position, position + room)
        gain = np.float32(np.exp(rng.normal(0, 0.5)) / 8000)
        clean[position * SLOT_SAMPLES : (position + room) * SLOT_SAMPLES] = (
            gain * speech.samples[skip * SLOT_SAMPLES : (skip + room) * SLOT_SAMPLES]
        )
        letters[part] = speech.letters[skip : skip + room]
        phones[part] = speech.phones[skip : skip + room]
        starts[part] = speech.letter_starts[skip : skip + room]
        position += room
        gap = _draw_gap(rng)
        if gap > 40 and rng.random() < 0.3 and position + gap < slots:
            _add_breath(rng, clean, position, gap)
        position += gap
    clean *= drifting_level(rng, len(clean))
    if rng.random() < 0.15 * severity:
        _add_far_talker(rng, clean, next_speech())
    if rng.random() < 0.15 * severity:
        loudness = np.float32(np.abs(clean).max() * np.exp(rng.uniform(-3.5, 0)))
        clean += loudness * knocks(rng, len(clean))
    level = severity * float(rng.choice([0.2, 0.6, 1.0]))
    samples = record(clean, noises, rng, level)
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    samples *= np.float32(np.exp(rng.normal(0, 0.25)))
    return {"samples": samples, "letters": letters, "phones": phones, "letter_starts": starts}


def _draw_gap(rng: np.random.Generator) -> int:
    """Slots of silence between two utterances: mostly short, at times seconds."""
    if rng.random() < 0.12:
        return int(rng.uniform(150, 900))
    return int(np.exp(rng.normal(3.7, 1.0)))


def _add_far_talker(rng: np.random.Generator, clean: np.ndarray, speech: LabelledSpeech) -> None:
    """Add faint speech of someone else, which stays unlabelled."""
    count = min(len(speech.samples), len(clean))
    start = int(rng.integers(len(clean) - count + 1))
    far = speech.samples[:count] / np.float32(8000)
    loud = np.sqrt(np.mean(clean**2) + 1e-9)
    level = np.float32(loud * 10 ** (-rng.uniform(16, 30) / 20))
    clean[start : start + count] += level * far / (np.sqrt(np.mean(far**2)) + np.float32(1e-6))


def _add_breath(rng: np.random.Generator, clean: np.ndarray, position: int, gap: int) -> None:
    count = int(min(gap, rng.integers(30, 110))) * SLOT_SAMPLES
    start = (position + gap) * SLOT_SAMPLES - count
    level = np.float32(np.exp(rng.uniform(np.log(0.004), np.log(0.08))))
    clean[start : start + count] += level * breath(rng, count).astype(np.float32)
