"""Scores of ends and starts -> where a word most likely ends, and where the next begins.

Of a juncture with scores e_t of an end, s_t of a start and b_t of both at once, the pair "ends at
t, begins at u > t" weighs exp(e_t + s_u), the pair "ends and begins at t" exp(b_t). The sums over
one of the two need no more than running sums. A time is then the median of its distribution, with
the cells of the grid as wide as they are: it lies between the times of the grid, and moves
little when the scores move little.

Dimensions: J junctures, N candidates of the juncture that has the most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

END, START, BOTH = range(3)


@dataclass(frozen=True)
class EdgePosterior:
    """How likely each candidate of J junctures is.

    Attributes:
        ends_JN: float64, probability that the word ends there, given that a pause follows it.
        starts_JN: float64, that the next word begins there, given that a pause precedes it.
        both_JN: float64, that both are there, given that there is no pause.
        pause_J: float64, probability of a pause.
    """

    ends_JN: np.ndarray
    starts_JN: np.ndarray
    both_JN: np.ndarray
    pause_J: np.ndarray

    @classmethod
    def of(
        cls, scores_R3: np.ndarray, owners: np.ndarray, columns: np.ndarray, is_joint: np.ndarray
    ) -> EdgePosterior:
        """Compute it.

        Args:
            scores_R3: of the candidates of all junctures, those of each in one run.
            owners: int64 (R,), whose candidate each is.
            columns: int64 (R,), how many of its juncture are before each.
            is_joint: bool (J,), whether both an end and a start are sought.
        """
        padded = np.full((3, len(is_joint), int(columns.max()) + 1), -np.inf)
        padded[:, owners, columns] = scores_R3.T
        tops = padded.max(axis=2, keepdims=True)
        ends, starts, both = np.exp(padded - tops)
        joint_starts = starts * _sums_before(ends)
        joint_ends = ends * _sums_before(starts[:, ::-1])[:, ::-1]
        pause = joint_starts.sum(axis=1)
        with np.errstate(divide="ignore"):
            lead = (
                np.log(pause) + tops[END, :, 0] + tops[START, :, 0] - tops[BOTH, :, 0]
            ) - np.log(both.sum(axis=1))
        possible = is_joint & (pause > 0)
        ends = np.where(possible[:, None], joint_ends, ends)
        starts = np.where(possible[:, None], joint_starts, starts)
        share = 1 / (1 + np.exp(np.clip(-lead, -500, 500)))
        return cls(
            _normalized(ends),
            _normalized(starts),
            _normalized(both),
            np.where(is_joint, np.where(pause > 0, share, 0.0), 1.0),
        )

    @property
    def any_start_JN(self) -> np.ndarray:
        """Probability that the next word begins there, with a pause or without."""
        pause = self.pause_J[:, None]
        return pause * self.starts_JN + (1 - pause) * self.both_JN


def quantile(probabilities_JN: np.ndarray, level: float | np.ndarray) -> np.ndarray:
    """Return where the distribution of each row reaches a level, in cells from the first, (J,).

    The cell of candidate n reaches from n - 1/2 to n + 1/2.
    """
    sums = np.cumsum(probabilities_JN, axis=1)
    levels = np.broadcast_to(level, len(sums))
    place = np.minimum((sums < levels[:, None]).sum(axis=1), sums.shape[1] - 1)
    rows = np.arange(len(sums))
    own = probabilities_JN[rows, place]
    into = (levels - (sums[rows, place] - own)) / np.maximum(own, 1e-12)
    return place + np.clip(into, 0, 1) - 0.5


def _sums_before(weights_JN: np.ndarray) -> np.ndarray:
    """Return for each candidate the sum of those before it; no rounding makes it negative."""
    sums = np.zeros_like(weights_JN)
    np.cumsum(weights_JN[:, :-1], axis=1, out=sums[:, 1:])
    return sums


def _normalized(weights_JN: np.ndarray) -> np.ndarray:
    return weights_JN / weights_JN.sum(axis=1, keepdims=True)
