"""Arrays that ship with the package: the weights of small networks."""

from pathlib import Path

import numpy as np


def float32_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file by their names, as float32."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
