"""Batches of windows for the small Whisper model: features, and what is said in them when.

T frames of 20 ms a window, of which 1500 make the 30 s that Whisper hears; L tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augment import NoiseBank, drifting_level, record
from shards import shards_of
from torch.utils.data import IterableDataset
from whisper_scene import (
    FRAME_SAMPLES,
    SLOTS_PER_FRAME,
    Layout,
    Scene,
    Utterance,
    compose,
    load_utterances,
    passing_noise,
    silence,
)
from whisper_script import WordEncoder, write_script
from whisper_tokens import TokenIds

WINDOW_FRAMES = 1500


@dataclass(frozen=True)
class Plan:
    """What batches hold at one time of the training.

    Attributes:
        frames: Length of the rows.
        rows: Rows in a batch.
        open_share: Share of rows with words of any kind, for phones alone.
        silent_share: Share of rows without speech.
        partial_share: Share of rows that are digital silence after a while.
        joined_share: Share of the rows with speech that lie as the planner of windows joins them.
        gap_share: Share of them with a pause of many seconds.
    """

    frames: int
    rows: int
    open_share: float
    silent_share: float
    partial_share: float
    joined_share: float = 0.0
    gap_share: float = 0.0

    def draw_layout(self, rng: np.random.Generator) -> Layout:
        """Draw how a row with speech is laid out."""
        kind = rng.random()
        if kind < self.joined_share:
            return Layout.JOINED
        return Layout.GAP if kind < self.joined_share + self.gap_share else Layout.MIXED


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
        open_folder: Shards with words of any kind; None where no plan asks for them.
        plan_now: Called for every batch.
        encoder: Tokens of words.
        seed: Seed of all chance.
    """

    def __init__(
        self,
        domain: Sequence[Path],
        open_folder: Path | None,
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
        if self._open_folder is not None:
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
                return stores[-1 if is_open else int(rng.integers(len(self._domain)))].draw()

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
    layout = plan.draw_layout(rng)
    may_cut = frames == plan.frames and rng.random() < 0.4
    scene = compose(rng, frames, draw, may_cut, layout)
    samples = scene.samples
    if layout is not Layout.MIXED and rng.random() < 0.4:
        samples = samples + passing_noise(rng, len(samples), noises)
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
        for path in shards_of(self._folder, self._known)[:count]:
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
