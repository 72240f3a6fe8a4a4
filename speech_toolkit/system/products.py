"""Products of tall and narrow matrices, on one core.

A BLAS library wakes its threads for each product above a certain size, and they wait for the next
one in a busy loop. That takes more of the processor than products as thin as these.

Dimensions: R rows, K and N columns.
"""

from __future__ import annotations

import numpy as np

# OpenBLAS stays on one core up to twice as many multiplications.
_MULTIPLICATIONS = 1 << 17


def product(rows_RK: np.ndarray, weights_KN: np.ndarray) -> np.ndarray:
    """Return ``rows_RK @ weights_KN``, computed some rows at a time.

    Args:
        rows_RK: float32.
        weights_KN: float32.
    """
    at_once = max(1, _MULTIPLICATIONS // weights_KN.size)
    result_RN = np.empty((len(rows_RK), weights_KN.shape[1]), dtype=np.float32)
    for first in range(0, len(rows_RK), at_once):
        part = slice(first, first + at_once)
        np.matmul(rows_RK[part], weights_KN, out=result_RN[part])
    return result_RN
