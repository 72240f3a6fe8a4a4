"""A small network that tells how well each time fits as the end or the start of a word.

One hidden layer hears the sound around a time and what else is known of it; a second one and three
outputs follow: how well a word ends here, how well one begins here, and how well both do at once.
Its few thousand weights are learnt by ``tools/training/train_boundary_scorer.py``.

Dimensions: G frames of ``HOP_S``, M bands, O frames of sound around a time, H and H' hidden units,
R candidates, J junctures, K and C columns of what is known of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from speech_toolkit.files.arrays import float32_arrays
from speech_toolkit.system.products import product

_WEIGHTS = Path(__file__).with_name("boundary_scorer.npz")


@dataclass(frozen=True)
class BoundaryScorer:
    """The weights; all float32.

    Attributes:
        sound_OMH: of the frames around a time, half of them before it.
        candidate_KH: of what is known of the time.
        juncture_CH: of what is known of the juncture.
        hidden_bias_H: of the first layer.
        second_HH: of the second layer, (H, H').
        second_bias_H: (H',).
        output_H3: of the outputs: end, start, both.
        output_bias_3: likewise.
    """

    sound_OMH: np.ndarray
    candidate_KH: np.ndarray
    juncture_CH: np.ndarray
    hidden_bias_H: np.ndarray
    second_HH: np.ndarray
    second_bias_H: np.ndarray
    output_H3: np.ndarray
    output_bias_3: np.ndarray

    @classmethod
    @cache
    def load(cls, path: Path = _WEIGHTS) -> BoundaryScorer:
        """Read the weights that ship with the package."""
        return cls(**float32_arrays(path))

    @property
    def context(self) -> int:
        """How many frames of sound it hears on either side of a time."""
        return len(self.sound_OMH) // 2

    def heard(self, levels_GM: np.ndarray) -> np.ndarray:
        """Return what the sound gives to the first layer, (G - O + 1, H).

        Row i is of the time before frame i + O / 2.
        """
        rows = len(levels_GM) - len(self.sound_OMH) + 1
        total = np.zeros((rows, self.sound_OMH.shape[2]), dtype=np.float32)
        for offset, weights_MH in enumerate(self.sound_OMH):
            total += product(levels_GM[offset : offset + rows], weights_MH)
        return total

    def scores(
        self,
        heard_RH: np.ndarray,
        candidates_RK: np.ndarray,
        junctures_JC: np.ndarray,
        owners: np.ndarray,
    ) -> np.ndarray:
        """Return unnormalised log-probabilities of an end, a start and both, (R, 3).

        Args:
            heard_RH: of :meth:`heard`, at each candidate.
            candidates_RK: what is known of each candidate.
            junctures_JC: what is known of each juncture.
            owners: int64 (R,), whose candidate each is.
        """
        of_junctures = product(junctures_JC, self.juncture_CH) + self.hidden_bias_H
        hidden = heard_RH + product(candidates_RK, self.candidate_KH) + of_junctures[owners]
        hidden = product(np.maximum(hidden, 0), self.second_HH) + self.second_bias_H
        return product(np.maximum(hidden, 0), self.output_H3) + self.output_bias_3
