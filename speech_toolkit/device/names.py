"""Names of devices and dtypes, as users write them, taken apart without a look at the machine."""

import re
from typing import TYPE_CHECKING

from speech_toolkit.device.backends import BACKENDS
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.ranges import DEVICE_INDEX

if TYPE_CHECKING:
    import torch

AUTO = "auto"
DTYPE_NAMES = ("float32", "float16", "bfloat16", "float64")
_DEVICE_NAME = re.compile(r"(?P<type>[a-z]+)(?::(?P<index>[0-9]{1,4}))?")


def parse_device_name(name: str) -> tuple[str, int | None]:
    """Split a device name into type and index, without looking for the device.

    Args:
        name: auto, npu, npu:N, cuda, cuda:N or cpu.

    Returns:
        The type ("auto", "npu", "cuda" or "cpu") and the index, None where none was given.

    Raises:
        UsageError: the name has another form.
    """
    found = _DEVICE_NAME.fullmatch(name)
    device_type = found["type"] if found else ""
    index = int(found["index"]) if found and found["index"] else None
    is_known = device_type == AUTO or device_type in BACKENDS
    if not is_known or (index is not None and not (is_card(device_type) and index in DEVICE_INDEX)):
        raise UsageError(
            f"unknown device {shown_value(name)}: use {forms_of_names('or')} (N is {DEVICE_INDEX})"
        )
    return device_type, index


def is_card(device_type: str) -> bool:
    """Tell whether work is queued on devices of a type, "auto" being none."""
    return device_type in BACKENDS and BACKENDS[device_type].is_card


def forms_of_names(conjunction: str) -> str:
    """Return the forms of a device's name in words: "auto, npu, npu:N, cuda, cuda:N or cpu"."""
    forms = [AUTO]
    for device_type in BACKENDS:
        forms += [device_type, f"{device_type}:N"] if is_card(device_type) else [device_type]
    return f"{', '.join(forms[:-1])} {conjunction} {forms[-1]}"


def parse_dtype(name: str) -> "torch.dtype":
    """Turn the name of a floating-point dtype into the dtype.

    Args:
        name: one of `DTYPE_NAMES`, with or without "torch." before it.

    Raises:
        UsageError: the name is none of these.
    """
    import torch

    plain_name = name.removeprefix("torch.")
    if plain_name not in DTYPE_NAMES:
        raise UsageError(f"unknown dtype {name!r}: use one of {', '.join(DTYPE_NAMES)}")
    return getattr(torch, plain_name)
