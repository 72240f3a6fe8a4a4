"""Select NPU, CUDA or CPU, and hide everything that differs between them. Imports no torch.

In a script of your own:

    from speech_toolkit.device import select_device
    device = select_device("auto")  # before anything else imports torch
    model = model.to(device.name)
    device.synchronize()
    print(device.memory().peak_allocated_bytes)
"""

from speech_toolkit.device.device import (
    Device,
    MemoryUse,
    environment_facts,
    is_out_of_memory,
    parse_device_name,
    parse_dtype,
    prepare_environment,
    select_device,
)

__all__ = [
    "Device",
    "MemoryUse",
    "environment_facts",
    "is_out_of_memory",
    "parse_device_name",
    "parse_dtype",
    "prepare_environment",
    "select_device",
]
