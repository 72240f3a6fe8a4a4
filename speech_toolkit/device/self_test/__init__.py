"""A self-test: what is installed, what fits what, and whether the device computes as the CPU does.

Nothing here prints or starts a process: `python -m speech_toolkit.device` does.
"""

from speech_toolkit.device.self_test.installed import check_installed
from speech_toolkit.device.self_test.on_device import look_at_device, test_operators
from speech_toolkit.device.self_test.results import (
    DeviceReport,
    Finding,
    Measurement,
    OperatorResult,
    SelfTest,
)

__all__ = [
    "DeviceReport",
    "Finding",
    "Measurement",
    "OperatorResult",
    "SelfTest",
    "check_installed",
    "look_at_device",
    "test_operators",
]
