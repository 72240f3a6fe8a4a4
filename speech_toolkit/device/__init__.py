"""Select NPU, CUDA or CPU, and hide everything that differs between them. Imports no torch.

A new type of device is one file in `backends/` and one line of its table.

In a script of your own:

    from speech_toolkit.device import select_device
    device = select_device("auto")  # before anything else imports torch
    model = model.to(device.name)
    device.synchronize()
    print(device.memory().peak_allocated_bytes)
"""

from speech_toolkit.device.device import Device, is_out_of_memory
from speech_toolkit.device.environment import environment_facts, prepare_environment
from speech_toolkit.device.memory import MemoryUse
from speech_toolkit.device.names import parse_device_name, parse_dtype
from speech_toolkit.device.select import count_cards, select_device

__all__ = [
    "Device",
    "MemoryUse",
    "count_cards",
    "environment_facts",
    "is_out_of_memory",
    "parse_device_name",
    "parse_dtype",
    "prepare_environment",
    "select_device",
]
