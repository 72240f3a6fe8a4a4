"""How the speech detector is taught: its network in torch, batches, the loss.

Dimensions: N mixtures, F fine bands, T frames, M moments, H hidden units.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import torch
from detector_examples import Mixer
from torch import nn

from speech_toolkit.transcription.windows.speech.bands import FINE_BANDS, LEAST_LEVEL_DB
from speech_toolkit.transcription.windows.speech.detector import (
    DILATIONS,
    FIRST_FRAMES,
    FRAMES_PER_MOMENT,
    LOUDEST_WITHIN_FRAMES,
    Network,
    relative_levels,
)

CONTEXT_FRAMES = LOUDEST_WITHIN_FRAMES + FRAMES_PER_MOMENT * (sum(DILATIONS) + 1)
_BATCH = 12
_PEAK_RATE = 4e-3
_CONTINUED_SHARE = 0.5  # of that rate, where weights are learnt on
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


def batch_of(
    mixer: Mixer, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return what is heard, (N, F, T), whether it is speech, and whether that is asked, (N, M)."""
    heard, spoken, asked = [], [], []
    least = 10 ** (LEAST_LEVEL_DB / 10)
    inner = slice(CONTEXT_FRAMES, mixer.frames - CONTEXT_FRAMES)
    for _ in range(_BATCH):
        power, is_speech, is_asked = mixer.draw(rng)
        heard.append(relative_levels(10 * np.log10(power + np.float32(least))).T)
        of_moments = is_speech[inner].reshape(-1, FRAMES_PER_MOMENT)
        spoken.append(of_moments.any(axis=1))
        asked.append(is_asked[inner].reshape(-1, FRAMES_PER_MOMENT).all(axis=1))
    return (
        torch.from_numpy(np.stack(heard).astype(np.float32)),
        torch.from_numpy(np.stack(spoken)).float(),
        torch.from_numpy(np.stack(asked)).float(),
    )


def learn(
    mixer: Mixer, checker: Mixer, start: DetectorNetwork | int, *, minutes: float, seed: int
) -> DetectorNetwork:
    """Train for a time, and tell now and then how mixtures that were kept apart are judged.

    Args:
        mixer: of the mixtures to learn from.
        checker: of those kept apart.
        start: a network to learn on, or the hidden units of a new one.
        minutes: to train.
        seed: of what is drawn.

    Returns:
        The network as it is then.
    """
    is_new = isinstance(start, int)
    network = DetectorNetwork(start) if is_new else start
    peak_rate = _PEAK_RATE * (1 if is_new else _CONTINUED_SHARE)
    rng = np.random.default_rng(seed)
    check_rng = np.random.default_rng(seed + 1)
    checked = [batch_of(checker, check_rng) for _ in range(8)]
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak_rate, weight_decay=1e-3)
    loss_of = nn.BCEWithLogitsLoss(reduction="none", pos_weight=torch.tensor(_MISSED_WEIGHT))
    started, step, told = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - started) / (60 * minutes)) < 1:
        rate = peak_rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in optimiser.param_groups:
            group["lr"] = rate
        heard, spoken, asked = batch_of(mixer, rng)
        loss = (loss_of(network(heard), spoken) * asked).sum() / asked.sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        if share - told > 0.08:
            told = share
            print(
                f"{100 * share:3.0f} % step {step} loss {loss:.4f} {check(network, checked)}",
                flush=True,
            )
    return network


@torch.no_grad()
def check(network: DetectorNetwork, batches: list[tuple[torch.Tensor, ...]]) -> str:
    """Tell how many moments with and without speech are taken for speech."""
    odds = torch.cat([network(heard)[asked > 0] for heard, _, asked in batches])
    spoken = torch.cat([spoken[asked > 0] for _, spoken, asked in batches]) > 0
    parts = [
        f"{cut:+d}: {100 * (odds[spoken] > cut).float().mean():.2f} "
        f"{100 * (odds[~spoken] > cut).float().mean():.2f} %"
        for cut in (-3, -1, 0, 1)
    ]
    return "found, false at " + ", ".join(parts)


def write_network(network: Network, path: Path) -> None:
    """Write the weights as float16."""
    np.savez(path, **{name: array.astype(np.float16) for name, array in vars(network).items()})
