"""Speech models on Ascend NPU, CUDA and CPU: alignment, recognition and proof of parity."""

import logging

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # or Python prints our warnings
