"""Batches of windows for the small Whisper model: features, and what is said in them when.

T frames of 20 ms a window, of which 1500 make the 30 s that Whisper hears; L tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augment import NoiseBank, drifting_level, knocks, record
from speech_synthesis import PAUSE
from torch.utils.data import IterableDataset
from training_data import NO_PHONE, PHONES, SAMPLE_RATE_HZ, SLOT_SAMPLES, common_name, read_shard
from whisper_script import WordEncoder, write_script
from whisper_tokens import TokenIds

FRAME_SAMPLES = 320
SLOTS_PER_FRAME = FRAME_SAMPLES // SLOT_SAMPLES
WINDOW_FRAMES = 1500


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


@dataclass(frozen=True)
class Plan:
    """What batches hold at one time of the training.

    Attributes:
        frames: Length of the rows.
        rows: Rows in a batch.
        open_share: Share of rows with words of any kind, for phones alone.
        silent_share: Share of rows without speech.
        partial_share: Share of rows that are digital silence after a while.
    """

    frames: int
    rows: int
    open_share: float
    silent_share: float
    partial_share: float


def load_utterances(path: Path, with_words: bool) -> list[Utterance]:
    """Read the sentences of a shard."""
    samples, entries = read_shard(path)
    utterances = []
    for entry in entries:
        slots = (entry["end"] - entry["start"]) // SLOT_SAMPLES
        phones = np.zeros(slots, np.int8)
        for name, start_s, end_s, group in entry["phones"]:
            name = common_name(name)
            known = PHONES.index(name) if name in PHONES else NO_PHONE
            phones[_slot(start_s) : _slot(end_s)] = 0 if group == PAUSE else known
        words = tuple(_words(entry)) if with_words else ()
        part = samples[entry["start"] : entry["start"] + slots * SLOT_SAMPLES]
        utterances.append(Utterance(part, phones, words))
    return utterances


def _slot(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ / SLOT_SAMPLES)


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
    """Play a sentence `factor` times faster, pitch and formants moving along."""
    slots = int(len(utterance.phones) / factor)
    positions = np.arange(slots * SLOT_SAMPLES) * factor
    samples = np.interp(positions, np.arange(len(utterance.samples)), utterance.samples)
    words = tuple(Word(w.text, w.start_s / factor, w.end_s / factor) for w in utterance.words)
    phones = utterance.phones[(np.arange(slots) * factor).astype(int)]
    return Utterance(samples.astype(np.int16), phones, words)


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
        position += room + int(np.clip(pause_scale * np.exp(rng.normal(4.2, 0.7)), 10, 420))
    return Scene(samples, phones, tuple(sentences), False)


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


class LogMel:
    """Whisper's features, as its feature extractor computes them.

    The scale is relative to the loudest bin of what is given, here a part of a window.
    """

    def __init__(self, mel_bins: int) -> None:
        from transformers import WhisperFeatureExtractor

        filters = WhisperFeatureExtractor(feature_size=mel_bins).mel_filters
        self._filters = torch.from_numpy(filters.T.astype(np.float32))
        self._window = torch.hann_window(400)

    def __call__(self, samples: np.ndarray) -> torch.Tensor:
        """float32 (N,) to (mel bins, N / 160)."""
        spectrum = torch.stft(
            torch.from_numpy(samples), 400, 160, window=self._window, return_complex=True
        )
        mel = self._filters @ spectrum[:, :-1].abs().square()
        logs = mel.clamp(min=1e-10).log10()
        return (torch.maximum(logs, logs.max() - 8) + 4) / 4


def frame_phones(phones: np.ndarray) -> np.ndarray:
    """The phone in the middle of every frame and the distinct ones around it, int64 (3, T)."""
    now = phones[1::SLOTS_PER_FRAME]
    edges = np.flatnonzero(np.diff(now)) + 1
    runs = np.split(np.arange(len(now)), edges)
    names = np.array([now[run[0]] for run in runs])
    lengths = [len(run) for run in runs]
    before = np.repeat(np.concatenate([[0], names[:-1]]), lengths)
    after = np.repeat(np.concatenate([names[1:], [0]]), lengths)
    return np.stack([now, before, after])


class Windows(IterableDataset):
    """Endless batches; shards that appear later in the folders join in.

    Args:
        domain: Folders of shards of the domain; all are drawn from equally often.
        open_folder: Shards with words of any kind.
        plan_now: Called for every batch.
        encoder: Tokens of words.
        seed: Seed of all chance.
    """

    def __init__(
        self,
        domain: Sequence[Path],
        open_folder: Path,
        plan_now: Callable[[], Plan],
        encoder: WordEncoder,
        mel_bins: int,
        seed: int,
    ) -> None:
        super().__init__()
        self._domain, self._open_folder, self._plan_now = domain, open_folder, plan_now
        self._encoder, self._mel_bins, self._seed = encoder, mel_bins, seed

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        torch.set_num_threads(1)
        rng = np.random.default_rng(self._seed)
        stores = [_Store(folder, True, rng) for folder in self._domain]
        stores.append(_Store(self._open_folder, False, rng))
        for store in stores:
            store.read_more(6)
        noises = NoiseBank(rng, [stores[0].draw().samples.astype(np.float32) for _ in range(200)])
        log_mel = LogMel(self._mel_bins)
        while True:
            for store in stores:
                store.read_more(1)
            for _ in range(25):
                plan = self._plan_now()
                rows = [self._row(rng, plan, stores, noises, log_mel) for _ in range(plan.rows)]
                yield _stack(rows, self._encoder.ids)

    def _row(
        self,
        rng: np.random.Generator,
        plan: Plan,
        stores: Sequence[_Store],
        noises: NoiseBank,
        log_mel: LogMel,
    ) -> dict[str, np.ndarray]:
        frames = plan.frames
        kind = rng.random()
        if kind < plan.silent_share:
            nothing = np.zeros(frames * SLOTS_PER_FRAME, np.int64)
            scene = Scene(silence(rng, frames, noises), nothing, (), False)
        else:
            is_open = kind > 1 - plan.open_share

            def draw() -> Utterance:
                return stores[-1 if is_open else int(rng.integers(len(stores) - 1))].draw()

            scene = _recorded_scene(rng, plan, draw, noises)
            if is_open:
                scene = Scene(scene.samples, scene.phones, (), False)
        first = 0
        if frames < WINDOW_FRAMES:
            last = WINDOW_FRAMES - frames
            first = last if scene.is_cut else int(rng.choice([0, rng.integers(last + 1)]))
        labelled = kind <= 1 - plan.open_share
        script = write_script(scene.sentences, scene.is_cut, self._encoder, first, frames, rng)
        row = script if labelled else {key: value[:1] for key, value in script.items()}
        if not labelled:
            row["labels"] = np.full(1, -100)
        return row | {
            "mel": log_mel(scene.samples).numpy(),
            "first_frame": np.array(first),
            "phones": frame_phones(scene.phones).astype(np.int64),
            "words": self._encoder.word_grid(scene.sentences, frames, labelled),
        }


def _recorded_scene(
    rng: np.random.Generator, plan: Plan, draw: Callable[[], Utterance], noises: NoiseBank
) -> Scene:
    """Compose a window and play it in a room; at times its rest is digital silence."""
    frames = plan.frames
    if rng.random() < plan.partial_share:
        frames = int(np.exp(rng.uniform(np.log(min(100, frames - 1)), np.log(frames))))
    scene = compose(rng, frames, draw, may_cut=frames == plan.frames and rng.random() < 0.4)
    samples = scene.samples
    severity = float(rng.choice([0.0, 0.2, 0.5, 1.0], p=[0.45, 0.35, 0.15, 0.05]))
    if severity > 0:
        samples = record(samples * drifting_level(rng, len(samples)), noises, rng, severity)
    loudest = np.abs(samples).max() + 1e-6
    samples = samples * np.float32(np.exp(rng.uniform(np.log(0.05), 0)) / loudest)
    missing = plan.frames - frames
    return Scene(
        np.pad(samples, (0, missing * FRAME_SAMPLES)),
        np.pad(scene.phones, (0, missing * SLOTS_PER_FRAME)),
        scene.sentences,
        scene.is_cut,
    )


def _stack(rows: Sequence[dict[str, np.ndarray]], ids: TokenIds) -> dict[str, torch.Tensor]:
    """Pad the scripts to the longest and put the rows on top of each other."""
    longest = max(len(row["tokens"]) for row in rows)
    fill = {"tokens": ids.end, "labels": -100, "next_spans": 0, "last_spans": 0}
    batch = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        if key in fill:
            values = [
                np.pad(
                    value,
                    [(0, longest - len(value))] + [(0, 0)] * (value.ndim - 1),
                    constant_values=fill[key],
                )
                for value in values
            ]
        batch[key] = torch.from_numpy(np.stack(values))
    return batch


class _Store:
    """The utterances of a folder, drawn without repetition until all were heard."""

    def __init__(self, folder: Path, with_words: bool, rng: np.random.Generator) -> None:
        self._folder, self._with_words, self._rng = folder, with_words, rng
        self._known: set[Path] = set()
        self._all: list[Utterance] = []
        self._waiting: list[int] = []

    def read_more(self, count: int) -> None:
        """Read up to `count` shards that were not read yet."""
        found = [p for p in sorted(self._folder.glob("shard_????.npz")) if p not in self._known]
        for path in found[:count]:
            self._known.add(path)
            fresh = load_utterances(path, self._with_words)
            self._waiting += range(len(self._all), len(self._all) + len(fresh))
            self._all += fresh
        self._rng.shuffle(self._waiting)

    def draw(self) -> Utterance:
        """The next utterance."""
        if not self._waiting:
            self._waiting = self._rng.permutation(len(self._all)).tolist()
        return self._all[self._waiting.pop()]
