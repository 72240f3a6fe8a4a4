"""Levels of fine bands -> how likely each moment holds speech, told by a small network.

The network hears some seconds around a moment, relative to the loudest sound near it, whatever the
level of the recording. Its weights are learnt by ``tools/training/train_speech_detector.py``.

Dimensions: F fine bands, T frames of ``bands.HOP_S``, M moments of two frames, H hidden units,
L layers, K moments that a layer hears.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from speech_toolkit.files.arrays import float32_arrays
from speech_toolkit.system.products import product
from speech_toolkit.transcription.windows.speech.bands import (
    FINE_BANDS,
    HOP_S,
    LEAST_LEVEL_DB,
)

FRAMES_PER_MOMENT = 2
FIRST_FRAMES = 5  # heard by the first layer
DILATIONS = (1, 2, 4, 8, 16, 32, 48)  # in moments, of the layers behind it
LOUDEST_WITHIN_FRAMES = round(1 / HOP_S)
RANGE_DB = 60.0
SCALE_DB = 20.0

_AROUND_FRAMES = FRAMES_PER_MOMENT * sum(DILATIONS) + FRAMES_PER_MOMENT
_CONTEXT_FRAMES = _AROUND_FRAMES + LOUDEST_WITHIN_FRAMES
_WEIGHTS = Path(__file__).with_name("speech_detector.npz")


@dataclass(frozen=True)
class Network:
    """The weights; all float32.

    Attributes:
        first: of the first layer, (5 F, H).
        first_bias: (H,).
        layers: of the layers behind it, (L, K H, H).
        biases: (L, H).
        output: (H,).
        output_bias: (1,).
    """

    first: np.ndarray
    first_bias: np.ndarray
    layers: np.ndarray
    biases: np.ndarray
    output: np.ndarray
    output_bias: np.ndarray

    @classmethod
    @cache
    def load(cls, path: Path = _WEIGHTS) -> Network:
        """Read the weights that ship with the package."""
        return cls(**float32_arrays(path))

    def log_odds(self, heard: np.ndarray) -> np.ndarray:
        """Return the log-odds of speech, float32 (M,).

        Args:
            heard: float32 (T, F), with the context that the layers hear on both sides.
        """
        moments = (len(heard) - FIRST_FRAMES) // FRAMES_PER_MOMENT + 1
        last = FRAMES_PER_MOMENT * (moments - 1) + 1
        lags = [heard[lag : lag + last : FRAMES_PER_MOMENT] for lag in range(FIRST_FRAMES)]
        hidden = product(np.concatenate(lags, axis=1), self.first)
        hidden = np.maximum(hidden + self.first_bias, 0)
        for dilation, weights, bias in zip(DILATIONS, self.layers, self.biases, strict=True):
            middle = hidden[dilation:-dilation]
            taps = np.concatenate([hidden[: -2 * dilation], middle, hidden[2 * dilation :]], axis=1)
            hidden = np.maximum(product(taps, weights) + bias, 0) + middle
        return np.einsum("mh,h->m", hidden, self.output) + self.output_bias


def relative_levels(fine: np.ndarray) -> np.ndarray:
    """Return what the network hears of levels with 1 s of context on both sides.

    Args:
        fine: float32 (F, T), in dB.

    Returns:
        float32 (T - 2 s, F), relative to the loudest moment within 1 s.
    """
    loudest = np.lib.stride_tricks.sliding_window_view(
        fine.max(axis=0), 2 * LOUDEST_WITHIN_FRAMES + 1
    ).max(axis=-1)
    inner = fine[:, LOUDEST_WITHIN_FRAMES : fine.shape[1] - LOUDEST_WITHIN_FRAMES]
    return np.maximum(inner - loudest, -RANGE_DB).T / np.float32(SCALE_DB) + np.float32(1)


class SpeechDetector:
    """Tells how likely frames hold speech, of levels that come block by block."""

    def __init__(self) -> None:
        self._network = Network.load()
        self._fine = np.full((FINE_BANDS, _CONTEXT_FRAMES), LEAST_LEVEL_DB, np.float32)
        self._num_frames = 0

    def add(self, fine: np.ndarray) -> np.ndarray:
        """Return the log-odds of speech, float32 (T,), in the frames that can be judged now.

        Args:
            fine: float32 (F, T), levels of the next frames, in dB.
        """
        self._num_frames += fine.shape[1]
        return self._heard(fine)

    def finish(self) -> np.ndarray:
        """Return the same of the frames that are left."""
        odd = self._num_frames % FRAMES_PER_MOMENT
        silence = np.full((FINE_BANDS, _CONTEXT_FRAMES + odd), LEAST_LEVEL_DB, np.float32)
        log_odds = self._heard(silence)
        return log_odds[: len(log_odds) - odd]

    def _heard(self, fine: np.ndarray) -> np.ndarray:
        held = np.concatenate([self._fine, fine], axis=1)
        frames = held.shape[1] - 2 * _CONTEXT_FRAMES
        frames -= frames % FRAMES_PER_MOMENT
        if frames <= 0:
            self._fine = held
            return np.empty(0, np.float32)
        self._fine = held[:, frames:]
        heard = relative_levels(held[:, : frames + 2 * _CONTEXT_FRAMES])
        return np.repeat(self._network.log_odds(heard), FRAMES_PER_MOMENT)
