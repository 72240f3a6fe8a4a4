"""What is known of each time at which a word might end or begin.

Times are seconds, log-probabilities nats; both are scaled so that most values lie in -3..3.

Dimensions: T frames and V labels of a model, S stretches, J junctures, R candidates of all
junctures, K columns of a candidate, C columns of a juncture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.refinement.junctures import NONE, Junctures, Stretches
from speech_toolkit.alignment.refinement.letter_classes import CLASSES
from speech_toolkit.alignment.refinement.sound import HOP_S

_FAR = 3.0
_NEAR_S = 0.03
_SCALE_S = 0.1
_LOWEST_LOG_PROB = -15.0
_LOG_PROB_SCALE = 5.0
_FRAME_SCALE_S = 0.02


@dataclass(frozen=True)
class Letters:
    """What the edges of S stretches are made of.

    Attributes:
        targets: int64 (S, 2), columns of the first and the last label.
        classes: int64 (S, 4), classes of the first, the second, the last but one and the last.
        edges_s: float64 (S, 4), where the first label ends and the second begins, where the last
            but one ends and the last begins.
        counts: int64 (S,), how many labels there are.
        spikiness: share of the frames between first and last letters that no letter took, 0..1.
    """

    targets: np.ndarray
    classes: np.ndarray
    edges_s: np.ndarray
    counts: np.ndarray
    spikiness: float


@dataclass(frozen=True)
class Candidates:
    """The times that come into question, juncture by juncture.

    Attributes:
        places: int64 (R,), in ``HOP_S``.
        junctures: int64 (R,), whose candidate each is.
        counts: int64 (J,), how many each juncture has.
    """

    places: np.ndarray
    junctures: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, junctures: Junctures) -> Candidates:
        """Lay out the candidates of junctures, at least one for each."""
        lows = np.ceil(junctures.lows_s / HOP_S - 1e-6).astype(np.int64)
        highs = np.floor(junctures.highs_s / HOP_S + 1e-6).astype(np.int64)
        lows = np.minimum(lows, np.maximum(highs, 0))
        counts = np.maximum(highs, lows) - lows + 1
        firsts = np.concatenate([[0], np.cumsum(counts)])
        owners = np.repeat(np.arange(len(counts)), counts)
        return cls(np.arange(firsts[-1]) - firsts[owners] + lows[owners], owners, counts)

    @property
    def columns(self) -> np.ndarray:
        """How many candidates of its juncture are before each, int64 (R,)."""
        firsts = np.cumsum(self.counts) - self.counts
        return np.arange(len(self.places)) - firsts[self.junctures]


def juncture_columns(
    junctures: Junctures, stretches: Stretches, letters: Letters, stride_s: float
) -> np.ndarray:
    """Return what is the same for all candidates of a juncture, as float32 (J, C)."""
    lengths_s = np.diff(stretches.cores_s, axis=1)[:, 0] / letters.counts
    pace = np.log(np.maximum(lengths_s, stride_s / 2) / max(np.median(lengths_s), stride_s / 2))
    first_s = letters.edges_s[:, 0] - stretches.cores_s[:, 0]
    last_s = stretches.cores_s[:, 1] - letters.edges_s[:, 3]
    second_s = letters.edges_s[:, 1] - letters.edges_s[:, 0]
    before_last_s = letters.edges_s[:, 3] - letters.edges_s[:, 2]
    gap_s = _known(stretches.cores_s[:, 0], junctures.right, np.inf) - _known(
        stretches.cores_s[:, 1], junctures.left, -np.inf
    )
    plain_gap_s = _known(stretches.plain_s[:, 0], junctures.right, np.inf) - _known(
        stretches.plain_s[:, 1], junctures.left, -np.inf
    )
    columns = [
        np.full(len(gap_s), 2 * letters.spikiness - 1),
        np.full(len(gap_s), np.log2(stride_s / _FRAME_SCALE_S)),
        _near(gap_s),
        _near(plain_gap_s),
        junctures.left == NONE,
        junctures.right == NONE,
    ]
    for stretch, core, inner in (
        (junctures.left, last_s, before_last_s),
        (junctures.right, first_s, second_s),
    ):
        columns += [
            _known(pace, stretch, 0.0),
            _near(_known(core, stretch, 0.0)),
            _near(_known(inner, stretch, 0.0)),
            _known(letters.counts == 1, stretch, 0.0),
        ]
    sounds = [
        (_known(letters.classes[:, place], stretch, -1)[:, None] == np.arange(CLASSES))
        for stretch, place in (
            (junctures.left, 2),
            (junctures.left, 3),
            (junctures.right, 0),
            (junctures.right, 1),
        )
    ]
    return np.concatenate([np.stack(columns, axis=1), *sounds], axis=1).astype(np.float32)


def candidate_columns(
    candidates: Candidates,
    junctures: Junctures,
    stretches: Stretches,
    letters: Letters,
    log_probs_TV: np.ndarray,
    stride_s: float,
    blank: int,
) -> np.ndarray:
    """Return what differs between candidates, the sound aside, as float32 (R, K)."""
    own = candidates.junctures
    times_s = candidates.places * HOP_S
    last_s = _known(stretches.cores_s[:, 1], junctures.left, -np.inf)[own]
    first_s = _known(stretches.cores_s[:, 0], junctures.right, np.inf)[own]
    anchors_s = (
        _known(stretches.plain_s[:, 1], junctures.left, -np.inf)[own],
        _known(stretches.plain_s[:, 0], junctures.right, np.inf)[own],
        last_s,
        first_s,
    )
    columns = [_near(times_s - anchor_s) for anchor_s in anchors_s]
    columns += [np.tanh((times_s - anchor_s) / _NEAR_S) for anchor_s in anchors_s]
    with np.errstate(invalid="ignore"):
        share = (times_s - last_s) / np.maximum(first_s - last_s, HOP_S)
    columns.append(np.clip(np.nan_to_num(share), -1, 2))
    frames = times_s / stride_s - 0.5
    for labels, is_known in (
        (np.full(len(own), blank), np.ones(len(own), dtype=bool)),
        (_known(letters.targets[:, 1], junctures.left, blank)[own], junctures.left[own] != NONE),
        (_known(letters.targets[:, 0], junctures.right, blank)[own], junctures.right[own] != NONE),
    ):
        for step in (-1, 0, 1):
            heard = _interpolated(log_probs_TV, frames + step, labels)
            columns.append(np.where(is_known, heard, _LOWEST_LOG_PROB) / _LOG_PROB_SCALE + 1)
    return np.stack(columns, axis=1).astype(np.float32)


def _interpolated(log_probs_TV: np.ndarray, frames: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return log-probabilities of labels at fractional frames, those beyond the edges repeated."""
    frames = np.clip(frames, 0, len(log_probs_TV) - 1)
    before = frames.astype(np.int64)
    after = np.minimum(before + 1, len(log_probs_TV) - 1)
    share = frames - before
    low = np.maximum(log_probs_TV[before, labels], _LOWEST_LOG_PROB)
    high = np.maximum(log_probs_TV[after, labels], _LOWEST_LOG_PROB)
    return low + share * (high - low)


def _known(values: np.ndarray, stretches: np.ndarray, otherwise: float) -> np.ndarray:
    """Return the values of stretches, ``otherwise`` for ``NONE``."""
    return np.where(stretches == NONE, otherwise, values[stretches])


def _near(seconds: np.ndarray) -> np.ndarray:
    """Return times against each other in tenths of a second, cut where they are far apart."""
    return np.clip(seconds / _SCALE_S, -_FAR, _FAR)
