"""How far one array of numbers is from another that should be the same.

All sums are float64 and run over blocks, so that an array of any size takes little memory.
Letters: N elements, T rows (frames or tokens), V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speech_toolkit.errors import UsageError

BLOCK_ELEMENTS = 1 << 20
KEPT_FLIPS = 50
# Element errors are counted in half decades from 1e-9 to 10, with one bin on either side.
HISTOGRAM_EDGES = tuple(10 ** (exponent / 2) for exponent in range(-18, 3))


@dataclass(frozen=True)
class ArrayComparison:
    """A candidate array against the reference.

    d is candidate minus reference, b the reference. Elements that are NaN or infinite on either
    side are left out of all figures but the last two. The relative error of one element is
    |d| / max(|b|, RMS of b): a sum is rounded as coarsely as its terms are, so an element that
    happens to be near zero can be held to no more than the array's usual size.

    Attributes:
        elements: N.
        reference_rms: root mean square of b.
        relative_error: Frobenius norm of d over that of b.
        max_abs_error: largest |d|.
        mean_abs_error: mean |d|.
        share_within_1pct: share of elements of relative error at most 1 %, in 0..1.
        share_within_01pct: the same for 0.1 %.
        cosine: of the two arrays as vectors.
        error_balance: | share of d > 0 - share of d < 0 |; near 0 for rounding, 1 for an offset.
        max_error_index: position of the largest |d|.
        histogram: elements of relative error 0, then below the first of `HISTOGRAM_EDGES`, between
            each two of them, and above the last.
        reference_non_finite: elements of the reference that are NaN or infinite.
        non_finite_differ: elements that are NaN, infinite or finite on one side only.
        first_non_finite_index: position of the first of these.
    """

    elements: int
    reference_rms: float
    relative_error: float
    max_abs_error: float
    mean_abs_error: float
    share_within_1pct: float
    share_within_01pct: float
    cosine: float
    error_balance: float
    max_error_index: tuple[int, ...] | None
    histogram: tuple[int, ...]
    reference_non_finite: int
    non_finite_differ: int
    first_non_finite_index: tuple[int, ...] | None

    @property
    def snr_db(self) -> float:
        """Signal-to-noise ratio, -20 log10 of the relative error; infinite without an error."""
        return -20 * math.log10(self.relative_error) if self.relative_error > 0 else math.inf


@dataclass(frozen=True)
class Flip:
    """A row whose best column is another one for the candidate.

    Attributes:
        row: frame or token.
        reference: the reference's best column.
        candidate: the candidate's.
        reference_margin: how far the reference's best column leads over the candidate's, in
            log-probability.
        candidate_margin: how far the candidate's best column leads over the reference's.
    """

    row: int
    reference: int
    candidate: int
    reference_margin: float
    candidate_margin: float


@dataclass(frozen=True)
class DistributionComparison:
    """Logits of a candidate against the reference's, as distributions over the columns.

    Attributes:
        rows: T, rows that are finite on both sides.
        mean_kl: mean Kullback-Leibler divergence of the candidate from the reference, in nats.
        max_kl: the largest of a row.
        argmax_agreement: share of rows with the same best column, in 0..1.
        decided_agreement: the same, rows aside where the reference's lead was a tie's: their flips
            count as agreement.
        flips: the rows where it differs, at most `KEPT_FLIPS` of them.
        max_flip_margin: largest `reference_margin` of all flips, 0 without any.
    """

    rows: int
    mean_kl: float
    max_kl: float
    argmax_agreement: float
    decided_agreement: float
    flips: tuple[Flip, ...]
    max_flip_margin: float


def compare_arrays(reference: np.ndarray, candidate: np.ndarray) -> ArrayComparison:
    """Compare two arrays of one shape, of any float type.

    Raises:
        UsageError: their shapes differ, or they are empty.
    """
    if reference.shape != candidate.shape or reference.size == 0:
        raise UsageError(
            f"arrays of shape {reference.shape} and {candidate.shape} cannot be compared: they "
            "must be of one shape and hold something"
        )
    square_sum, finite = 0.0, 0
    for _, b, _ in _finite_blocks(reference, candidate):
        square_sum += float(b @ b)
        finite += len(b)
    rms = math.sqrt(square_sum / finite) if finite else math.nan
    totals = _Totals()
    for positions, b, c in _finite_blocks(reference, candidate):
        totals.add(positions, b, c, rms)
    differ, first = _non_finite_differences(reference, candidate)
    count = finite or math.nan
    return ArrayComparison(
        elements=reference.size,
        reference_rms=rms,
        relative_error=_ratio(math.sqrt(totals.error_squares), math.sqrt(square_sum)),
        max_abs_error=totals.max_abs if finite else math.nan,
        mean_abs_error=totals.abs_sum / count,
        share_within_1pct=totals.within_1pct / count,
        share_within_01pct=totals.within_01pct / count,
        cosine=totals.cosine(square_sum),
        error_balance=abs(totals.sign_sum) / count,
        max_error_index=_index(totals.max_position, reference.shape),
        histogram=tuple(int(count) for count in totals.histogram),
        reference_non_finite=_count_non_finite(reference),
        non_finite_differ=differ,
        first_non_finite_index=_index(first, reference.shape),
    )


def relative_error(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Return ||candidate - reference|| / ||reference|| over what is finite on both sides.

    It is infinite where an element is NaN or infinite on one side only.
    """
    return _ratio(*_error_and_size(reference, candidate))


def error_norm(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Return ||candidate - reference||, as `relative_error` does."""
    return _error_and_size(reference, candidate)[0]


def compare_distributions(
    reference: np.ndarray, candidate: np.ndarray, tie_margin: float = 0.0
) -> DistributionComparison:
    """Compare logits of shape (T, V), row by row, as distributions.

    Rows with NaN or infinite logits on either side are left out.

    Args:
        reference: of shape (T, V).
        candidate: of shape (T, V).
        tie_margin: leads below it, in nats, are ties, which either side may break as it likes.

    Raises:
        UsageError: the arrays are not of one shape (T, V).
    """
    if reference.ndim != 2 or reference.shape != candidate.shape:
        raise UsageError(
            f"logits of shape {reference.shape} and {candidate.shape} cannot be compared: both "
            "must be of one shape (rows, columns)"
        )
    rows_per_block = max(1, BLOCK_ELEMENTS // reference.shape[1])
    kl_rows: list[np.ndarray] = []
    flips: list[Flip] = []
    for start in range(0, len(reference), rows_per_block):
        block = slice(start, start + rows_per_block)
        b_TV, c_TV = (np.asarray(a[block], dtype=np.float64) for a in (reference, candidate))
        finite_T = np.isfinite(b_TV).all(axis=1) & np.isfinite(c_TV).all(axis=1)
        b_TV, c_TV = log_softmax(b_TV[finite_T]), log_softmax(c_TV[finite_T])
        kl_rows.append((np.exp(b_TV) * (b_TV - c_TV)).sum(axis=1))
        flips.extend(_flips(b_TV, c_TV, start + np.flatnonzero(finite_T)))
    kl_T = np.maximum(np.concatenate(kl_rows), 0.0)  # rounding can leave it just below
    rows = len(kl_T)
    decided = [flip for flip in flips if flip.reference_margin >= tie_margin]
    return DistributionComparison(
        rows=rows,
        mean_kl=float(kl_T.mean()) if rows else math.nan,
        max_kl=float(kl_T.max()) if rows else math.nan,
        argmax_agreement=1 - len(flips) / rows if rows else math.nan,
        decided_agreement=1 - len(decided) / rows if rows else math.nan,
        flips=tuple(flips[:KEPT_FLIPS]),
        max_flip_margin=max((flip.reference_margin for flip in flips), default=0.0),
    )


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the log-probabilities over the last axis, in float64."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


class _Totals:
    """Sums over the finite elements of a pair of arrays."""

    def __init__(self) -> None:
        self.error_squares = self.products = self.candidate_squares = 0.0
        self.abs_sum = self.max_abs = 0.0
        self.max_position: int | None = None
        self.within_1pct = self.within_01pct = self.sign_sum = 0
        self.histogram = np.zeros(len(HISTOGRAM_EDGES) + 2, dtype=np.int64)

    def add(self, positions: np.ndarray, b: np.ndarray, c: np.ndarray, rms: float) -> None:
        if not len(b):
            return
        d = c - b
        self.error_squares += float(d @ d)
        self.products += float(b @ c)
        self.candidate_squares += float(c @ c)
        self.sign_sum += int(np.count_nonzero(d > 0)) - int(np.count_nonzero(d < 0))
        np.abs(d, out=d)
        self.abs_sum += float(d.sum())
        largest = int(d.argmax())
        if self.max_position is None or d[largest] > self.max_abs:
            self.max_abs, self.max_position = float(d[largest]), int(positions[largest])
        size = np.maximum(np.abs(b), rms)
        relative = np.divide(d, size, out=np.where(d > 0, np.inf, 0.0), where=size > 0)
        self.within_1pct += int(np.count_nonzero(relative <= 1e-2))
        self.within_01pct += int(np.count_nonzero(relative <= 1e-3))
        zeros = int(np.count_nonzero(relative == 0))
        bins = np.searchsorted(HISTOGRAM_EDGES, relative[relative > 0], side="right")
        self.histogram[0] += zeros
        self.histogram[1:] += np.bincount(bins, minlength=len(HISTOGRAM_EDGES) + 1)

    def cosine(self, square_sum: float) -> float:
        norms = math.sqrt(square_sum) * math.sqrt(self.candidate_squares)
        if norms == 0:
            return 1.0 if square_sum == self.candidate_squares else 0.0
        return min(1.0, self.products / norms)


def _block(array: np.ndarray, start: int) -> np.ndarray:
    return array.reshape(-1)[start : start + BLOCK_ELEMENTS].astype(np.float64)


def _error_and_size(reference: np.ndarray, candidate: np.ndarray) -> tuple[float, float]:
    """Return ||candidate - reference|| and ||reference|| in one pass over the arrays."""
    error_squares = square_sum = 0.0
    for start in range(0, reference.size, BLOCK_ELEMENTS):
        b, c = _block(reference, start), _block(candidate, start)
        if not (np.isfinite(b).all() and np.isfinite(c).all()):
            if not _same_where_non_finite(b, c).all():
                return math.inf, math.inf
            finite = np.isfinite(b)
            b, c = b[finite], c[finite]
        d = c - b
        error_squares += float(d @ d)
        square_sum += float(b @ b)
    return math.sqrt(error_squares), math.sqrt(square_sum)


def _finite_blocks(
    reference: np.ndarray, candidate: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield positions and values of the elements that are finite on both sides, in float64."""
    for start in range(0, reference.size, BLOCK_ELEMENTS):
        b, c = _block(reference, start), _block(candidate, start)
        finite = np.isfinite(b) & np.isfinite(c)
        yield start + np.flatnonzero(finite), b[finite], c[finite]


def _non_finite_differences(reference: np.ndarray, candidate: np.ndarray) -> tuple[int, int | None]:
    """Count the elements that are NaN, +Inf or -Inf on one side only; and give the first."""
    count, first = 0, None
    for start in range(0, reference.size, BLOCK_ELEMENTS):
        b, c = _block(reference, start), _block(candidate, start)
        differs = ~_same_where_non_finite(b, c)
        if first is None and differs.any():
            first = start + int(differs.argmax())
        count += int(np.count_nonzero(differs))
    return count, first


def _same_where_non_finite(b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Tell per element whether both sides are finite, or both the same NaN or infinity."""
    return (np.isfinite(b) & np.isfinite(c)) | (np.isnan(b) & np.isnan(c)) | (b == c)


def _count_non_finite(array: np.ndarray) -> int:
    return sum(
        int(np.count_nonzero(~np.isfinite(_block(array, start))))
        for start in range(0, array.size, BLOCK_ELEMENTS)
    )


def _flips(b_TV: np.ndarray, c_TV: np.ndarray, rows_T: np.ndarray) -> Iterator[Flip]:
    if not len(rows_T):
        return
    best_b, best_c = b_TV.argmax(axis=1), c_TV.argmax(axis=1)
    for index in np.flatnonzero(best_b != best_c):
        of_b, of_c = int(best_b[index]), int(best_c[index])
        yield Flip(
            row=int(rows_T[index]),
            reference=of_b,
            candidate=of_c,
            reference_margin=float(b_TV[index, of_b] - b_TV[index, of_c]),
            candidate_margin=float(c_TV[index, of_c] - c_TV[index, of_b]),
        )


def _ratio(error: float, size: float) -> float:
    if 0 < size < math.inf:
        return error / size
    return math.inf if error > 0 else 0.0


def _index(position: int | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    if position is None:
        return None
    return tuple(int(part) for part in np.unravel_index(position, shape))
