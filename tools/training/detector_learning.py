"""How the speech detector is taught: its network in torch, batches, the loss.

Dimensions: N mixtures, F fine bands, T frames, M moments, H hidden units.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from detector_decisions import Decisions
from detector_examples import Mixer
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from speech_toolkit.transcription.windows.speech.bands import FINE_BANDS, LEAST_LEVEL_DB
from speech_toolkit.transcription.windows.speech.detector import (
    DILATIONS,
    FIRST_FRAMES,
    FRAMES_PER_MOMENT,
    LOUDEST_WITHIN_FRAMES,
    Network,
    relative_levels,
)
from speech_toolkit.transcription.windows.speech.veto import LEAST_LOG_ODDS

CONTEXT_FRAMES = LOUDEST_WITHIN_FRAMES + FRAMES_PER_MOMENT * (sum(DILATIONS) + 1)
_BATCH = 12
_AVERAGED_DECAY = 0.999
_MISSED_WEIGHT = 3.0  # of speech that is not found, against a false alarm


class DetectorNetwork(nn.Module):
    """The detector as it is trained."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(FINE_BANDS, hidden, FIRST_FRAMES, stride=FRAMES_PER_MOMENT)
        self.layers = nn.ModuleList(nn.Conv1d(hidden, hidden, 3, dilation=d) for d in DILATIONS)
        self.output = nn.Linear(hidden, 1)

    @classmethod
    def of(cls, stored: Network) -> DetectorNetwork:
        """Return it with the weights that the package reads, to learn on."""
        network = cls(len(stored.output))

        def fill(layer: nn.Conv1d, weights: np.ndarray, bias: np.ndarray) -> None:
            taps = weights.reshape(-1, layer.in_channels, layer.out_channels).transpose(2, 1, 0)
            layer.weight.copy_(torch.from_numpy(taps))
            layer.bias.copy_(torch.from_numpy(bias))

        with torch.no_grad():
            fill(network.first, stored.first, stored.first_bias)
            for layer, *own in zip(network.layers, stored.layers, stored.biases, strict=True):
                fill(layer, *own)
            network.output.weight.copy_(torch.from_numpy(stored.output)[None])
            network.output.bias.copy_(torch.from_numpy(stored.output_bias))
        return network

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """Return log-odds (N, M) of what is heard, (N, F, T)."""
        hidden = torch.relu(self.first(heard))
        for dilation, layer in zip(DILATIONS, self.layers, strict=True):
            hidden = torch.relu(layer(hidden)) + hidden[:, :, dilation:-dilation]
        return self.output(hidden.transpose(1, 2)).squeeze(-1)

    def network(self) -> Network:
        """Return it in the form that the package reads."""

        def matrix(layer: nn.Conv1d) -> np.ndarray:
            weights = layer.weight.permute(2, 1, 0)  # (K, in, out)
            return weights.reshape(-1, weights.shape[-1]).detach().numpy().copy()

        return Network(
            first=matrix(self.first),
            first_bias=self.first.bias.detach().numpy().copy(),
            layers=np.stack([matrix(layer) for layer in self.layers]),
            biases=np.stack([layer.bias.detach().numpy() for layer in self.layers]),
            output=self.output.weight[0].detach().numpy().copy(),
            output_bias=self.output.bias.detach().numpy().copy(),
        )


@dataclass(frozen=True)
class Batch:
    """Mixtures as the network learns from them; marks are 0 or 1.

    Attributes:
        heard: float32 (N, F, T).
        spoken: float32 (N, M), whether it is speech.
        asked: float32 (N, M), whether that is asked.
        stands_out: float32 (N, M), whether the energy rules find it.
    """

    heard: torch.Tensor
    spoken: torch.Tensor
    asked: torch.Tensor
    stands_out: torch.Tensor

    @classmethod
    def draw(cls, mixer: Mixer, rng: np.random.Generator) -> Batch:
        """Make new mixtures."""
        mixtures = [mixer.draw(rng) for _ in range(_BATCH)]
        least = np.float32(10 ** (LEAST_LEVEL_DB / 10))
        inner = slice(CONTEXT_FRAMES, mixer.frames - CONTEXT_FRAMES)

        def moments(frames: np.ndarray) -> np.ndarray:
            return frames[inner].reshape(-1, FRAMES_PER_MOMENT)

        def stacked(rows: Iterable[np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.stack(list(rows)).astype(np.float32))

        return cls(
            stacked(relative_levels(10 * np.log10(each.power + least)).T for each in mixtures),
            stacked(moments(each.is_speech).any(axis=1) for each in mixtures),
            stacked(moments(each.is_asked).all(axis=1) for each in mixtures),
            stacked(moments(each.stands_out).any(axis=1) for each in mixtures),
        )

    def decided(self, odds: torch.Tensor) -> Decisions:
        """Return what the veto makes of log-odds, (N, M)."""
        return Decisions.of(odds, self.spoken, self.asked, self.stands_out)


def learn(
    mixer: Mixer,
    checker: Mixer,
    network: DetectorNetwork,
    *,
    rate: float,
    minutes: float,
    seed: int,
) -> DetectorNetwork:
    """Train for a time, and tell now and then how mixtures that were kept apart are judged.

    Args:
        mixer: of the mixtures to learn from.
        checker: of those kept apart.
        network: new, or to learn on.
        rate: of learning, at most.
        minutes: to train, by the processor's time.
        seed: of what is drawn.

    Returns:
        The network, averaged over its last steps.
    """
    rng, check_rng = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    checked = [Batch.draw(checker, check_rng) for _ in range(8)]
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGED_DECAY))
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    started, step, told = time.process_time(), 0, 0.0
    while (share := (time.process_time() - started) / (60 * minutes)) < 1:
        now = min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in optimiser.param_groups:
            group["lr"] = rate * now
        loss = loss_of(network, Batch.draw(mixer, rng))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(network)
        step += 1
        if share - told > 0.08:
            told = share
            print(
                f"{100 * share:3.0f} % step {step} loss {loss:.4f} "
                f"{check(averaged.module, checked)}",
                flush=True,
            )
    return averaged.module


def loss_of(network: DetectorNetwork, batch: Batch) -> torch.Tensor:
    """Return the loss of moments and that of the veto's decisions, ()."""
    odds = network(batch.heard)
    of_moments = functional.binary_cross_entropy_with_logits(
        odds, batch.spoken, reduction="none", pos_weight=torch.tensor(_MISSED_WEIGHT)
    )
    return (of_moments * batch.asked).sum() / batch.asked.sum() + batch.decided(odds).loss()


@torch.no_grad()
def check(network: DetectorNetwork, batches: list[Batch]) -> str:
    """Tell how much speech and how much else stays, at some thresholds of the veto."""
    decided = [batch.decided(network(batch.heard)) for batch in batches]
    speech = torch.cat([each.highest[each.is_wanted] for each in decided])
    other = torch.cat([each.mean[each.is_other] for each in decided])
    parts = [
        f"{cut:+}: {100 * (speech > cut).float().mean():.2f} "
        f"{100 * (other > cut).float().mean():.2f} %"
        for cut in (LEAST_LOG_ODDS + shift for shift in (-1, -0.5, 0, 0.5))
    ]
    return "found, false at " + ", ".join(parts)


def write_network(network: Network, path: Path) -> None:
    """Write the weights as float16."""
    np.savez(path, **{name: array.astype(np.float16) for name, array in vars(network).items()})
