"""Memory figures of the stand-in, counted by its allocator."""

from typing import Any

from torch_npu import _emulator
from torch_npu.npu import utils


def _figure(name: str, device: Any) -> int:
    return _emulator.memory(utils._get_device_index(device, optional=True))[name]


def memory_allocated(device: Any = None) -> int:
    """Return the bytes held by tensors."""
    return _figure("allocated", device)


def memory_reserved(device: Any = None) -> int:
    """Return the bytes taken from the card."""
    return _figure("reserved", device)


def max_memory_allocated(device: Any = None) -> int:
    """Return the most bytes held by tensors."""
    return _figure("peak_allocated", device)


def max_memory_reserved(device: Any = None) -> int:
    """Return the most bytes taken from the card."""
    return _figure("peak_reserved", device)


def memory_stats(device: Any = None) -> dict[str, int]:
    """Return the figures under torch's names."""
    names = {"allocated": "allocated_bytes.all", "reserved": "reserved_bytes.all"}
    return {
        f"{long_name}.{moment}": _figure(prefix + name, device)
        for name, long_name in names.items()
        for moment, prefix in (("current", ""), ("peak", "peak_"))
    }


def reset_peak_memory_stats(device: Any = None) -> None:
    """Let the peaks start from now."""
    _emulator.library.emulated_npu_reset_peak(utils._get_device_index(device, optional=True))


def empty_cache() -> None:
    """Give back what no tensor holds."""
    _emulator.library.emulated_npu_empty_cache()
