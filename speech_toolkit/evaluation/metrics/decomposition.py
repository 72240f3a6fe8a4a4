"""How much of an error is made of errors whose causes are known.

An error e is a vector: candidate minus reference, all elements of an output. Each known cause k has
an error f_k of its own, from a run in which nothing else was changed. The parts of e are the
a_k f_k that come closest to it, 0 <= a_k <= 1: a cause acts in full, in some places, or not at all,
and never more than in full, so that a small cause cannot account for a large error by chance. That
is bounded least squares (Stark and Parker, "Bounded-Variable Least-Squares", Computational
Statistics 10, 1995). The explained share of ||e||^2 is divided among the causes as Pratt (1987)
divides the R^2 of a regression: a_k (2 <f_k, e> - <f_k, sum_j a_j f_j>) / ||e||^2 adds up to it.
A cause that takes away from another's error has less than nothing by that; it gets nothing, and
the others share what is explained.

Letters: K causes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speech_toolkit.evaluation.metrics.numeric import BLOCK_ELEMENTS

_SWEEPS = 2000
_SETTLED = 1e-9


@dataclass(frozen=True)
class Part:
    """What one cause has in an error.

    Attributes:
        cause: its name.
        own_error: relative error that the cause makes when nothing else is changed.
        amount: a_k, how much of it is found in the error, in 0..1.
        share: of the squared error, all causes fitted together, in 0..1.
        share_alone: the same, this cause fitted by itself; at most 1.
    """

    cause: str
    own_error: float
    amount: float
    share: float
    share_alone: float


@dataclass(frozen=True)
class Decomposition:
    """An error and its parts.

    Attributes:
        relative_error: ||e|| over the norm of the reference.
        parts: one for each cause, as they were given.
        explained_share: of the squared error, by all causes together, in 0..1.
        residual_error: relative error that is left without them.
    """

    relative_error: float
    parts: tuple[Part, ...]
    explained_share: float
    residual_error: float


def decompose(
    reference: Sequence[np.ndarray],
    candidate: Sequence[np.ndarray],
    causes: Mapping[str, Sequence[np.ndarray]],
    plain: Sequence[np.ndarray] | None = None,
) -> Decomposition | None:
    """Take an error apart.

    Args:
        reference: one or more arrays, taken together as one vector.
        candidate: arrays of the same shapes.
        causes: by name, arrays of the same shapes that were computed with the cause. One that makes
            NaN or infinities, such as a dtype that overflows, is left out.
        plain: the arrays without any cause, where those are not the reference's.

    Returns:
        The parts; None where there is no error, a value is NaN or infinite, or all are zero.
    """
    finite = {
        name: arrays
        for name, arrays in causes.items()
        if all(np.isfinite(array).all() for array in arrays)
    }
    products, size = _products(reference, candidate, list(finite.values()), plain or reference)
    if not np.isfinite(products).all() or not size or not products[0, 0]:
        return None
    squares, along_K, between_KK = products[0, 0], products[0, 1:], products[1:, 1:]
    amounts_K = _fit(along_K, between_KK)
    shares_K = amounts_K * (2 * along_K - between_KK @ amounts_K) / squares
    explained = min(1.0, max(0.0, float(shares_K.sum())))
    shares_K = np.maximum(shares_K, 0.0)
    shares_K *= explained / (float(shares_K.sum()) or 1.0)
    error = math.sqrt(squares / size)
    parts = tuple(
        Part(
            cause=name,
            own_error=math.sqrt(between_KK[k, k] / size),
            amount=float(amounts_K[k]),
            share=float(shares_K[k]),
            share_alone=_alone(along_K[k], between_KK[k, k]) / squares,
        )
        for k, name in enumerate(finite)
    )
    return Decomposition(error, parts, explained, error * math.sqrt(1 - explained))


def _products(
    reference: Sequence[np.ndarray],
    candidate: Sequence[np.ndarray],
    causes: Sequence[Sequence[np.ndarray]],
    plain: Sequence[np.ndarray],
) -> tuple[np.ndarray, float]:
    """Return the products of e and all f_k with each other, and the reference's squared norm."""
    products = np.zeros((1 + len(causes),) * 2)
    size = 0.0
    for which, b in enumerate(reference):
        rows = [(candidate[which], b), *((cause[which], plain[which]) for cause in causes)]
        for start in range(0, b.size, BLOCK_ELEMENTS):
            errors = np.stack([_block(a, start) - _block(other, start) for a, other in rows])
            products += errors @ errors.T
            size += float(np.square(_block(b, start)).sum())
    return products, size


def _block(array: np.ndarray, start: int) -> np.ndarray:
    return array.reshape(-1)[start : start + BLOCK_ELEMENTS].astype(np.float64)


def _fit(along_K: np.ndarray, between_KK: np.ndarray) -> np.ndarray:
    """Return the amounts in 0..1 that leave least, by descent along one cause after the other."""
    amounts_K = np.zeros(len(along_K))
    for _ in range(_SWEEPS):
        before_K = amounts_K.copy()
        for k, square in enumerate(np.diag(between_KK)):
            if square > 0:
                step = (along_K[k] - between_KK[k] @ amounts_K) / square
                amounts_K[k] = min(1.0, max(0.0, amounts_K[k] + step))
        if np.abs(amounts_K - before_K).max(initial=0.0) < _SETTLED:
            break
    return amounts_K


def _alone(along: float, square: float) -> float:
    """Return how much of the squared error one cause accounts for by itself."""
    amount = min(1.0, max(0.0, along / square)) if square > 0 else 0.0
    return amount * (2 * along - amount * square)
