"""How the boundary scorer is taught: what it is asked, what it is spared, how it is judged."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from boundary_examples import CONTEXT, Example
from torch import nn

from speech_toolkit.alignment.refinement.letter_classes import CLASSES
from speech_toolkit.alignment.refinement.refining import edge_posterior, place_edges
from speech_toolkit.alignment.refinement.scorer import BoundaryScorer
from speech_toolkit.alignment.refinement.sound import BANDS, HOP_S

SOUND_FRAMES = 2 * CONTEXT
_BATCH = 6
_WIDTH_CELLS = 0.7
_FARTHEST_S = 0.02
_SHORTEST_PAUSE_S = 0.012
_LARGEST_LOSS = 12.0
_CLASS_COLUMNS = 4 * CLASSES


class Network(nn.Module):
    """The scorer as it is trained."""

    def __init__(self, candidates: int, junctures: int, hidden: int, second: int = 16) -> None:
        super().__init__()
        self.sound = nn.Linear(SOUND_FRAMES * BANDS, hidden)
        self.candidate = nn.Linear(candidates, hidden, bias=False)
        self.juncture = nn.Linear(junctures, hidden, bias=False)
        self.second = nn.Linear(hidden, second)
        self.output = nn.Linear(second, 3)
        self.dropout = nn.Dropout(0.1)

    def forward(
        self,
        sound: torch.Tensor,
        candidates: torch.Tensor,
        junctures: torch.Tensor,
        owners: torch.Tensor,
    ) -> torch.Tensor:
        """Score R candidates: their sound (R, O * M), and what is known of them."""
        hidden = self.sound(sound) + self.candidate(candidates) + self.juncture(junctures)[owners]
        hidden = self.dropout(torch.relu(hidden))
        return self.output(torch.relu(self.second(hidden)))

    def scorer(self) -> BoundaryScorer:
        """Return it in the form that the package reads."""
        arrays = [
            self.sound.weight.T.reshape(SOUND_FRAMES, BANDS, -1),
            self.candidate.weight.T,
            self.juncture.weight.T,
            self.sound.bias,
            self.second.weight.T,
            self.second.bias,
            self.output.weight.T,
            self.output.bias,
        ]
        return BoundaryScorer(*(each.detach().float().numpy().copy() for each in arrays))


@dataclass(frozen=True)
class Blocks:
    """Examples with the model that heard each."""

    examples: list[tuple[str, Example]]
    kept: list[np.ndarray]

    @classmethod
    def of(cls, examples: list[tuple[str, Example]]) -> Blocks:
        """Keep the junctures whose true edges are known and inside their windows."""
        return cls(examples, [_usable(example) for _, example in examples])

    def tensors(self, index: int) -> dict[str, torch.Tensor]:
        """Return what a network needs of one block."""
        example, kept = self.examples[index][1], self.kept[index]
        block = example.block
        candidates = block.candidates
        rows = np.flatnonzero(kept[candidates.junctures])
        owners = (np.cumsum(kept) - 1)[candidates.junctures[rows]]
        levels = torch.from_numpy(block.levels_GM)
        windows = levels.unfold(0, SOUND_FRAMES, 1)  # (G', M, O)
        places = candidates.places[rows] - block.first + CONTEXT - SOUND_FRAMES // 2
        firsts_s = HOP_S * candidates.places[candidates.columns == 0][kept]
        cells = np.stack([example.ends_s[kept], example.starts_s[kept]], axis=1)
        return {
            "sound": windows[places].transpose(1, 2).reshape(len(rows), -1),
            "candidates": torch.from_numpy(block.candidate_columns[rows]),
            "junctures": torch.from_numpy(block.juncture_columns[kept]),
            "owners": torch.from_numpy(owners),
            "columns": torch.from_numpy(candidates.columns[rows]),
            "is_joint": torch.from_numpy(block.junctures.is_joint[kept]),
            "cells": torch.from_numpy((cells - firsts_s[:, None]) / HOP_S).float(),
        }


def _usable(example: Example) -> np.ndarray:
    junctures = example.block.junctures
    is_end, is_start = junctures.left >= 0, junctures.right >= 0
    usable = np.ones(len(is_end), dtype=bool)
    for wanted, times_s in ((is_end, example.ends_s), (is_start, example.starts_s)):
        inside = (times_s >= junctures.lows_s - _FARTHEST_S) & (
            times_s <= junctures.highs_s + _FARTHEST_S
        )
        usable &= ~wanted | inside
    return usable


def negative_log_likelihood(scores: torch.Tensor, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return how unlikely the true edges of each juncture are, (J,)."""
    owners, columns = given["owners"], given["columns"]
    count, width = len(given["is_joint"]), int(columns.max()) + 1
    ends, starts, both = (
        torch.full((count, width), -1e4).index_put((owners, columns), scores[:, kind])
        for kind in range(3)
    )
    cell = torch.arange(width)

    def expected(log_weights: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        kernel = torch.exp(-0.5 * ((cell - places[:, None]) / _WIDTH_CELLS) ** 2)
        kernel = torch.where(log_weights > -9e3, kernel, 0.0) + 1e-9
        return (kernel * log_weights.clamp(min=-50)).sum(1) / kernel.sum(1)

    ends_at, starts_at = given["cells"].nan_to_num().T
    before = torch.logcumsumexp(ends, dim=1)[:, :-1]
    paused = torch.logsumexp(starts[:, 1:] + before, dim=1)
    all_both = torch.logsumexp(both, dim=1)
    total = torch.logaddexp(paused, all_both)
    has_pause = (starts_at - ends_at) * HOP_S > _SHORTEST_PAUSE_S
    pair = expected(ends, ends_at) + expected(starts, starts_at) - total
    one = expected(both, (ends_at + starts_at) / 2) - total
    joint = torch.where(has_pause, pair, one)
    end_alone = expected(ends, ends_at) - torch.logsumexp(ends, dim=1)
    start_alone = expected(starts, starts_at) - torch.logsumexp(starts, dim=1)
    alone = torch.where(given["cells"][:, 0].isnan(), start_alone, end_alone)
    return -torch.where(given["is_joint"], joint, alone)


def disturbed(given: dict[str, torch.Tensor], rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """Take away at random what a scorer must not lean on alone."""
    sound = given["sound"].reshape(-1, SOUND_FRAMES, BANDS)
    sound = sound * float(rng.uniform(0.8, 1.2))
    sound = sound + torch.from_numpy(rng.normal(0, 0.2, BANDS)).float()
    sound = sound + 0.1 * torch.randn(len(sound), SOUND_FRAMES, 1)
    if rng.random() < 0.4:
        first = int(rng.integers(BANDS))
        sound[:, :, first : first + int(rng.integers(1, 4))] = 0
    junctures = given["junctures"].clone()
    blind = torch.rand(len(junctures)) < 0.15
    junctures[blind, -_CLASS_COLUMNS:] = 0
    junctures[:, 0] += float(rng.normal(0, 0.1))
    candidates = given["candidates"].clone()
    candidates[:, 9:] += 0.1 * torch.randn(len(candidates), 1)
    return given | {
        "sound": sound.reshape(len(sound), -1),
        "junctures": junctures,
        "candidates": candidates,
    }


def joined(parts: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Put the junctures of several blocks into one batch."""
    counts = [len(part["is_joint"]) for part in parts]
    firsts = [sum(counts[:index]) for index in range(len(counts))]
    batch = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    batch["owners"] = torch.cat(
        [part["owners"] + first for part, first in zip(parts, firsts, strict=True)]
    )
    return batch


def learn(
    learnt: Blocks, checked: Blocks, *, minutes: float, hidden: int, seed: int
) -> BoundaryScorer:
    """Train a network for a while.

    Args:
        learnt: what it learns from.
        checked: on which progress is told.
        minutes: how long.
        hidden: units of the first layer.
        seed: of the order and the disturbances.
    """
    rng = np.random.default_rng(seed)
    given = [learnt.tensors(index) for index in range(len(learnt.examples))]
    given = [each for each in given if len(each["is_joint"])]
    network = Network(given[0]["candidates"].shape[1], given[0]["junctures"].shape[1], hidden)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    begun, told, steps, losses = time.monotonic(), 0.0, 0, []
    while (spent := (time.monotonic() - begun) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (0.02 + 0.98 * (1 + math.cos(math.pi * spent)) / 2)
        optimizer.zero_grad()
        batch = joined([disturbed(given[i], rng) for i in rng.integers(len(given), size=_BATCH)])
        scores = network(batch["sound"], batch["candidates"], batch["junctures"], batch["owners"])
        loss = negative_log_likelihood(scores, batch).clamp(max=_LARGEST_LOSS).mean()
        loss.backward()
        losses.append(float(loss.detach()))
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(network)
        steps += 1
        if spent - told > 0.3:
            told = spent
            print(f"step {steps}: loss {np.mean(losses[-100:]):.3f}", flush=True)
            check(average.module.scorer(), checked)
    print(f"{steps} steps, loss {np.mean(losses[-100:]):.3f}")
    return average.module.scorer()


def check(scorer: BoundaryScorer, checked: Blocks) -> None:
    """Print errors of plain and refined edges, model by model and kind of sound by kind."""
    errors: dict[str, list[np.ndarray]] = defaultdict(list)
    for model, example in checked.examples:
        found = place_edges(example.block, edge_posterior(example.block, scorer))
        truth = np.stack([example.ends_s, example.starts_s], axis=1)
        own = np.stack(
            [
                example.plain_s - truth,
                np.stack([found.ends_s, found.starts_s], axis=1) - truth,
                np.stack(
                    [found.start_lows_s - example.starts_s, found.start_highs_s - example.starts_s],
                    axis=1,
                ),
            ],
            axis=2,
        )
        kind = example.name.split("/")[0] if "/" in example.name else "shard"
        errors[f"{model} {kind}"].append(own)
        errors[f"{model} all"].append(own)
    for name, parts in sorted(errors.items()):
        print(f"  {name:<28} {_row(np.concatenate(parts))}", flush=True)


def _row(errors: np.ndarray) -> str:
    ends, starts = (1000 * errors[~np.isnan(errors[:, side, 0]), side] for side in range(2))
    told = [f"{len(starts):>5}"]
    for name, own in (("ends", ends), ("starts", starts)):
        sizes = np.abs(own[:, :2])
        told.append(
            f"{name} {sizes[:, 0].mean():5.1f} -> {sizes[:, 1].mean():5.1f}  "
            f"<20 {(sizes[:, 0] <= 20).mean():.3f} -> {(sizes[:, 1] <= 20).mean():.3f}"
        )
    ranges = 1000 * errors[~np.isnan(errors[:, 1, 0])][:, :, 2]
    inside = (ranges[:, 0] <= 1e-6) & (ranges[:, 1] >= -1e-6)
    told.append(f"in range {inside.mean():.3f} of {np.diff(ranges, axis=1).mean():.0f} ms")
    return "  ".join(told)


def write_scorer(scorer: BoundaryScorer, path: Path) -> None:
    """Write the weights in the form that the package reads."""
    arrays: dict[str, np.ndarray] = {
        field.name: getattr(scorer, field.name).astype(np.float16) for field in fields(scorer)
    }
    np.savez_compressed(path, **arrays)
    print(f"{path}: {sum(array.size for array in arrays.values())} weights")
