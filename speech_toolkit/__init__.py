"""Speech models on Ascend NPU, CUDA and CPU: alignment, recognition and proof of parity."""

__version__ = "0.1.0"
