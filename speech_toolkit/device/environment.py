"""Environment variables that have to be set before torch is imported, and those of a report."""

import os
import sys

from speech_toolkit.device.backends import BACKENDS
from speech_toolkit.device.names import AUTO, is_card, parse_device_name
from speech_toolkit.device.variables import (
    AUTOLOAD,
    PRIMITIVE_CACHE,
    SPIN_COUNT,
    WAIT_POLICY,
    set_by,
    set_default,
)

# Of the 1024 that oneDNN would keep of convolutions on the CPU, one for every length of audio: they
# take some 200 MB in time, and are seldom met again.
_PRIMITIVES_KEPT = "64"
_TURNS_BEFORE_SLEEP = "1000"  # some ten microseconds: the pause between two small operators


def prepare_environment(requested: str = AUTO) -> None:
    """Set what must be set before torch is imported; a variable that the user set stays.

    torch loads an installed torch_npu by itself, and fails when that fails: this is switched off,
    so that the import waits until an NPU is wanted. For a CPU run the packages of cards are kept
    away from transformers too, whose check for torch_npu would raise when it is broken.
    `select_device` calls this; call it earlier only where torch is imported earlier.

    Args:
        requested: the device name as the user gave it.

    Raises:
        UsageError: the name is malformed.
    """
    device_type, _ = parse_device_name(requested)
    set_default(AUTOLOAD, "0")
    if WAIT_POLICY not in os.environ:
        set_default(WAIT_POLICY, "PASSIVE")
        set_default(SPIN_COUNT, _TURNS_BEFORE_SLEEP)
    set_default(PRIMITIVE_CACHE, _PRIMITIVES_KEPT)
    torch_will_load_them = os.environ[AUTOLOAD] == "1" and "torch" not in sys.modules
    if device_type != AUTO and not is_card(device_type) and not torch_will_load_them:
        keep_others_out(device_type)


def keep_others_out(device_type: str) -> None:
    """See to it that nobody loads the packages of the other types of devices."""
    for other, backend in BACKENDS.items():
        if other != device_type:
            backend.keep_out()


def environment_facts() -> dict[str, dict[str, str]]:
    """List the variables that change how a device runs and are set: value and who set it."""
    return {
        name: {"value": os.environ[name], "set_by": set_by(name)}
        for backend in BACKENDS.values()
        for name in backend.variables
        if name in os.environ
    }
