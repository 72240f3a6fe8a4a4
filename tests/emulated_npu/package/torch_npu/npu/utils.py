"""Devices, streams and versions of the stand-in."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch

from torch_npu import _emulator

_CANN = os.environ.get("EMULATED_NPU_CANN", "8.5.0")
_CANN_VERSIONS = {"CANN": _CANN, "TOOLKIT": _CANN, "RUNTIME": _CANN, "DRIVER": "25.5.0"}


def get_cann_version(module: str = "CANN") -> str:
    """Return the version of a part of CANN or of the driver; "" where it is unknown."""
    return _CANN_VERSIONS.get(module, "")


def _get_device_index(device: Any, optional: bool = False, allow_cpu: bool = False) -> int:
    if device is None:
        return current_device()
    if not isinstance(device, int):
        device = torch.device(device)
        if device.type != "npu":
            raise ValueError(f"Expected a npu device, but got: {device}")
        device = current_device() if device.index is None else device.index
    if not 0 <= device < _emulator.library.emulated_npu_card_count():
        raise AssertionError("Invalid device id")
    return device


def current_device() -> int:
    """Return the index of the current card."""
    return _emulator.library.emulated_npu_current_card()


def set_device(device: Any) -> None:
    """Make a card the current one."""
    failing = os.environ.get("EMULATED_NPU_BUSY_CARD")
    index = _get_device_index(device, optional=True)
    if failing == str(index):
        raise RuntimeError(
            "npuSetDevice:NPU function error: aclrtSetDevice failed, error code is 507033\n"
            "[ERROR] ERR00100 PTA call acl api failed"
        )
    _emulator.library.emulated_npu_set_card(index)


def synchronize(device: Any = None) -> None:
    """Wait for a card; only counted, since every operator has run when its call returns."""
    _get_device_index(device, optional=True)
    _emulator.library.emulated_npu_synchronize()


class device:
    """Context manager that makes a card the current one."""

    def __init__(self, device: Any) -> None:
        self.idx = _get_device_index(device, optional=True)

    def __enter__(self) -> None:
        self.previous = current_device()
        set_device(self.idx)

    def __exit__(self, *exception: object) -> None:
        set_device(self.previous)


def is_bf16_supported(including_emulation: bool = False) -> bool:
    """Whether the chip computes in bfloat16: the 310P and 910A do not."""
    return not _emulator.CHIP.startswith(("Ascend310P", "Ascend910A"))


def current_stream(device: Any = None) -> torch.Stream:
    """Return the stream that work goes to."""
    return torch.accelerator.current_stream(_get_device_index(device, optional=True))


def default_stream(device: Any = None) -> torch.Stream:
    """Return the stream that work goes to unless another is chosen."""
    index = _get_device_index(device, optional=True)
    private_use = int(torch._C._autograd.DeviceType.PrivateUse1)
    return torch.Stream(stream_id=0, device_index=index, device_type=private_use)


def set_stream(stream: torch.Stream | None) -> None:
    """Choose the stream that work goes to."""
    if stream is not None:
        torch.accelerator.set_stream(stream)


@contextlib.contextmanager
def stream(stream: torch.Stream | None) -> Iterator[None]:
    """Choose a stream for a while."""
    before = current_stream()
    set_stream(stream)
    try:
        yield
    finally:
        set_stream(before)
