"""torch.npu: the calls that a port uses, with the names and signatures of torch_npu 2.13."""

import os
import warnings
from types import SimpleNamespace
from typing import Any

import torch

from torch_npu import _emulator
from torch_npu.npu import utils
from torch_npu.npu.memory import (
    empty_cache,
    max_memory_allocated,
    max_memory_reserved,
    memory_allocated,
    memory_reserved,
    memory_stats,
    reset_peak_memory_stats,
)
from torch_npu.npu.npu_config import conv, is_jit_compile_false, matmul, set_compile_mode
from torch_npu.npu.random import (
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
)
from torch_npu.npu.utils import (
    current_device,
    current_stream,
    default_stream,
    device,
    is_bf16_supported,
    set_device,
    set_stream,
    stream,
    synchronize,
)

__all__ = [
    "Event",
    "NPUGraph",
    "Stream",
    "conv",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "init",
    "initial_seed",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "is_jit_compile_false",
    "manual_seed",
    "manual_seed_all",
    "matmul",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_compile_mode",
    "set_device",
    "set_stream",
    "stream",
    "synchronize",
]

_initialized = False


class Stream(torch.Stream):
    """A queue of work; the emulation runs everything at once, so it only has a name.

    torch takes no instance of a subclass, so calling this makes a plain `torch.Stream`.
    """

    def __new__(cls, device: Any = None, priority: int = 0, **kwargs: Any) -> torch.Stream:
        """Make a stream on a card, the current one by default."""
        index = utils._get_device_index(device, optional=True)
        return torch.Stream(device=f"npu:{index}", priority=priority, **kwargs)


class Event(torch.Event):
    """A point in a stream whose time can be read; a plain `torch.Event` likewise."""

    def __new__(
        cls, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> torch.Event:
        """Make an event on the current card."""
        return torch.Event(device="npu", enable_timing=enable_timing, blocking=blocking)


class NPUGraph:
    """Graphs are refused: nothing can be captured from operators that have run already."""

    def __new__(cls) -> "NPUGraph":
        """Refuse."""
        raise RuntimeError("the emulated NPU captures no graphs")


def init() -> None:
    """Initialise the runtime."""
    global _initialized
    _initialized = True


_lazy_init = init


def is_initialized() -> bool:
    """Whether the runtime is initialised."""
    return _initialized


def _is_in_bad_fork() -> bool:
    return False


def device_count() -> int:
    """Return how many cards are visible."""
    return _emulator.library.emulated_npu_card_count()


def is_available() -> bool:
    """Whether a card is visible."""
    return device_count() > 0


def get_device_name(device_name: Any = None) -> str:
    """Return the chip's name, the same for every card."""
    utils._get_device_index(device_name, optional=True)
    return _emulator.DEVICE_NAME


def get_device_properties(device_name: Any = None) -> SimpleNamespace:
    """Return name and memory of a card."""
    utils._get_device_index(device_name, optional=True)
    return SimpleNamespace(
        name=_emulator.DEVICE_NAME, total_memory=_emulator.library.emulated_npu_total_memory()
    )


def get_device_capability(device: Any = None) -> tuple[int, int] | None:
    """Return None, or what TORCH_NPU_DEVICE_CAPABILITY pretends."""
    pretended = os.environ.get("TORCH_NPU_DEVICE_CAPABILITY")
    if not pretended:
        warnings.warn("You can set TORCH_NPU_DEVICE_CAPABILITY.", stacklevel=2)
        return None
    major, minor = pretended.split(".")
    return int(major), int(minor)


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Return free and total memory of a card in bytes."""
    index = utils._get_device_index(device, optional=True)
    total = _emulator.library.emulated_npu_total_memory()
    return max(total - _emulator.memory(index)["reserved"], 0), total


def _typed_tensor(dtype: torch.dtype) -> type:
    class TypedTensor:
        def __new__(cls, *size: Any) -> torch.Tensor:
            return torch.empty(*size, dtype=dtype, device="npu")

    return TypedTensor


FloatTensor = _typed_tensor(torch.float32)
HalfTensor = _typed_tensor(torch.float16)
