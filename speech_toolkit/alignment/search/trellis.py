"""The CTC trellis of a search, and the search of one that is short, in NumPy.

Letters: T frames, V vocabulary, L labels, C columns in use (blank and distinct labels), F frames of
a block. Positions and states are laid out as :mod:`speech_toolkit.alignment.search.kernels`
describes: position r has r labels still to come, state 2 r is its blank, 2 r - 1 its label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Stands for -inf, and outweighs all that the finite emissions of a path can add up to.
IMPOSSIBLE = np.float32(-1e9)


@dataclass(frozen=True)
class Trellis:
    """A search problem, forwards or mirrored in time.

    Attributes:
        log_probs: (T, V) float32, frames in the order of the search.
        used: (C,) the columns of log_probs that occur, the blank's first.
        columns: (L + 1,) uint32, for each position its label's place in ``used``; 0 at position 0,
            which has no label.
        repeat_penalty: (L + 1,) float32, -inf where a label equals the one before it, else 0.
        mirrored: whether frames and labels run backwards.
    """

    log_probs: np.ndarray
    used: np.ndarray
    columns: np.ndarray
    repeat_penalty: np.ndarray
    mirrored: bool

    @classmethod
    def of(cls, log_probs: np.ndarray, targets: np.ndarray, blank: int) -> Trellis:
        """Lay out the forward problem of log_probs (T, V) and targets (L,)."""
        distinct, places = np.unique(targets, return_inverse=True)
        columns = np.zeros(len(targets) + 1, np.uint32)
        columns[:0:-1] = places + 1
        return cls(log_probs, np.append(blank, distinct), columns, _repeat_penalty(columns), False)

    def mirror(self) -> Trellis:
        """Return the same problem with frames and labels in reverse."""
        columns = np.append(self.columns[:1], self.columns[:0:-1])
        penalty = _repeat_penalty(columns)
        return Trellis(self.log_probs[::-1], self.used, columns, penalty, not self.mirrored)

    @property
    def labels(self) -> int:
        """L."""
        return len(self.columns) - 1

    def emissions(self, start: int, stop: int) -> np.ndarray:
        """Return the scores (F, C) of the columns in use, float32, none below ``IMPOSSIBLE``."""
        return np.maximum(self.log_probs[start:stop, self.used], IMPOSSIBLE)


def _repeat_penalty(columns: np.ndarray) -> np.ndarray:
    penalty = np.zeros(len(columns), np.float32)
    penalty[:-1][columns[:-1] == columns[1:]] = -np.inf
    return penalty


def search_short(trellis: Trellis) -> np.ndarray:
    """Return the state (T,) of the best path in every frame; keeps all 2 T L scores.

    The recurrence and the rule for ties are those of ``_viterbi_kernels``.
    """
    frames, labels = len(trellis.log_probs), trellis.labels
    blank = np.full((frames + 1, labels + 1), -np.inf)
    label = np.full((frames + 1, labels + 2), -np.inf)
    blank[0, labels] = 0.0
    emissions = trellis.emissions(0, frames)
    blank_emissions, label_emissions = emissions[:, 0].tolist(), emissions[:, trellis.columns]
    skip = np.empty(labels + 1)
    for frame in range(frames):
        enter, stay, previous = blank[frame], label[frame, :-1], label[frame, 1:]
        best = label[frame + 1, :-1]
        np.add(previous, trellis.repeat_penalty, out=skip)
        np.maximum(stay, enter, out=best)
        np.maximum(best, skip, out=best)
        best += label_emissions[frame]
        np.maximum(enter, previous, out=blank[frame + 1])
        blank[frame + 1] += blank_emissions[frame]
    return _follow(blank, label, trellis.repeat_penalty)


def _follow(blank: np.ndarray, label: np.ndarray, repeat_penalty: np.ndarray) -> np.ndarray:
    """Walk back through the rows before and after every frame: (T + 1, L + 1), (T + 1, L + 2)."""
    states = np.empty(len(blank) - 1, np.int64)
    state = int(label[-1, 1] > blank[-1, 0])
    for frame in reversed(range(len(states))):
        states[frame] = state
        r = (state + 1) // 2
        stay, enter, previous = label[frame, r], blank[frame, r], label[frame, r + 1]
        if state % 2 == 0:
            state += int(previous > enter)
        elif previous + repeat_penalty[r] > max(stay, enter):
            state += 2
        else:
            state += int(enter > stay)
    return states
