"""How float32's matrix products and convolutions may be rounded, by one word for every device."""

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value

HIGHEST = "highest"  # as float32 is
HIGH = "high"  # as the makers of the card allow: HF32 on an NPU, TF32 on a GPU
FLOAT32_PRECISIONS = (HIGHEST, HIGH)


def check_float32_precision(name: str) -> None:
    """Raise a UsageError unless a name is one of `FLOAT32_PRECISIONS`."""
    if name not in FLOAT32_PRECISIONS:
        raise UsageError(
            f"unknown float32_precision {shown_value(name)}: use {' or '.join(FLOAT32_PRECISIONS)}"
        )
