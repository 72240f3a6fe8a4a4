"""A third opinion on two results: a computation of higher precision, or an emulated rounding."""

import math
from dataclasses import dataclass

import numpy as np

from speech_toolkit.evaluation.metrics.numeric import error_norm, relative_error


@dataclass(frozen=True)
class GoldenComparison:
    """Reference and candidate, each against a computation of higher precision.

    Attributes:
        reference_error: relative error (Frobenius) of the reference against the golden array.
        candidate_error: that of the candidate.
        ratio: candidate_error over reference_error or `floor`, the larger of them.
        floor: an error of the reference below this is taken for it.
        limit: most that candidate_error may be.
        passed: whether the candidate is no further from the golden array than that.
    """

    reference_error: float
    candidate_error: float
    ratio: float
    floor: float
    limit: float
    passed: bool


def compare_to_golden(
    golden: np.ndarray,
    reference: np.ndarray,
    candidate: np.ndarray,
    *,
    factor: float,
    tolerance: float,
    floor: float,
) -> GoldenComparison:
    """Tell whether a candidate is no further from the truth than the reference is.

    The limit, factor x reference_error + tolerance, is that of PyTorch's `same` in
    torch/_dynamo/utils.py; ratio and floor are those of the double benchmark of Ascend's msprobe.

    Args:
        golden: the same computation in higher precision.
        reference: the reference's array, of the same shape.
        candidate: the candidate's.
        factor: how many times the reference's error the candidate's may be.
        tolerance: relative error that is granted on top.
        floor: relative error below which the reference's is taken for this.
    """
    reference_error = relative_error(golden, reference)
    candidate_error = relative_error(golden, candidate)
    limit = factor * reference_error + tolerance
    return GoldenComparison(
        reference_error=reference_error,
        candidate_error=candidate_error,
        ratio=candidate_error / max(reference_error, floor),
        floor=floor,
        limit=limit,
        passed=candidate_error <= limit,
    )


def explained_share(
    reference: np.ndarray, candidate: np.ndarray, emulated: np.ndarray
) -> float | None:
    """Return how much of a candidate's squared error an emulation of its rounding accounts for.

    Returns:
        1 where the candidate computed what was emulated, 0 or less where the emulation comes no
        closer to it than the reference does; None where there is no error to explain.
    """
    error = error_norm(candidate, reference)
    if error == 0 or not math.isfinite(error):
        return None
    return 1 - (error_norm(candidate, emulated) / error) ** 2
