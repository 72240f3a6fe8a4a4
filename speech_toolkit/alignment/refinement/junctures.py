"""Where one word ends and the next begins: which pairs of edges are sought together, and where.

The edges between two neighbouring stretches of letters are one juncture, as long as nothing else
and no long pause is between them; else each edge is sought by itself. Edges are sought no farther
than the middle of their own letters, so no two junctures cross.

Dimensions: S stretches, J junctures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_INTO_LETTERS_S = 0.25
_BEYOND_LETTERS_S = 0.45
_LONGEST_JOINT_PAUSE_S = 0.6
_HALF_SHORTEST_S = 0.005
NONE = -1


@dataclass(frozen=True)
class Stretches:
    """Runs of letters without a long pause: a word, or a part of one. All in seconds.

    Attributes:
        cores_s: float64 (S, 2), from the first letter's frames to the last letter's.
        limits_s: float64 (S, 2), how far each may reach: its neighbours' letters, a wildcard, the
            edges of the audio.
        plain_s: float64 (S, 2), where it begins and ends by the frames alone.
    """

    cores_s: np.ndarray
    limits_s: np.ndarray
    plain_s: np.ndarray


@dataclass(frozen=True)
class Junctures:
    """Edges to be placed, in the order of time; their windows do not overlap.

    Attributes:
        left: int64 (J,), the stretch that ends in it, or ``NONE``.
        right: int64 (J,), the stretch that begins in it, or ``NONE``.
        lows_s: float64 (J,), where its window begins.
        highs_s: float64 (J,), where its window ends.
    """

    left: np.ndarray
    right: np.ndarray
    lows_s: np.ndarray
    highs_s: np.ndarray

    @property
    def is_joint(self) -> np.ndarray:
        """Which of them are both an end and a start, bool (J,)."""
        return (self.left != NONE) & (self.right != NONE)

    def part(self, first: int, stop: int) -> Junctures:
        """Return those from ``first`` to ``stop`` - 1."""
        columns = (self.left, self.right, self.lows_s, self.highs_s)
        return Junctures(*(column[first:stop] for column in columns))


def find_junctures(stretches: Stretches) -> Junctures:
    """Lay out the junctures of S stretches, at least one."""
    cores, limits = stretches.cores_s, stretches.limits_s
    middles = cores.mean(axis=1)
    start_lows = np.maximum(limits[:, 0], cores[:, 0] - _BEYOND_LETTERS_S)
    start_highs = np.minimum(middles - _HALF_SHORTEST_S, cores[:, 0] + _INTO_LETTERS_S)
    end_lows = np.maximum(middles + _HALF_SHORTEST_S, cores[:, 1] - _INTO_LETTERS_S)
    end_highs = np.minimum(limits[:, 1], cores[:, 1] + _BEYOND_LETTERS_S)
    touch = (limits[:-1, 1] == cores[1:, 0]) & (limits[1:, 0] == cores[:-1, 1])
    joint = touch & (cores[1:, 0] - cores[:-1, 1] <= _LONGEST_JOINT_PAUSE_S)
    pauses = (cores[:-1, 1] + cores[1:, 0]) / 2
    end_highs[:-1] = np.minimum(end_highs[:-1], pauses)
    start_lows[1:] = np.maximum(start_lows[1:], pauses)
    order = np.arange(len(cores))
    ends = ~np.append(joint, False)
    starts = ~np.insert(joint, 0, False)
    left = np.concatenate([order[:-1][joint], order[ends], np.full(starts.sum(), NONE)])
    right = np.concatenate([order[1:][joint], np.full(ends.sum(), NONE), order[starts]])
    lows = np.concatenate([end_lows[:-1][joint], end_lows[ends], start_lows[starts]])
    highs = np.concatenate([start_highs[1:][joint], end_highs[ends], start_highs[starts]])
    by_time = np.argsort(np.where(left >= 0, 2 * left + 1, 2 * right), kind="stable")
    return Junctures(left[by_time], right[by_time], lows[by_time], highs[by_time])
