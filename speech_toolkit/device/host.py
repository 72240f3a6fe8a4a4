"""What the system says of the machine."""

import os
import platform
import re
from functools import cache
from pathlib import Path


@cache
def cpu_model() -> str:
    """Return the name of the processor."""
    info = read_system_file("/proc/cpuinfo")
    found = re.search(r"^(?:model name|Model Name)\s*:\s*(.+)$", info, re.M)
    return found.group(1) if found else platform.processor() or platform.machine()


def read_system_file(path: str) -> str:
    """Read a small system file; "" where the system has none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def usable_cores() -> int:
    """Return how many cores of the CPU this process may use."""
    has_affinity = hasattr(os, "sched_getaffinity")  # macOS has none
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


def own_threads() -> int:
    """Return how many threads torch uses for an operator on the CPU, in the calling thread."""
    import torch

    return torch.get_num_threads()


def use_threads(count: int) -> None:
    """Let torch use so many threads for an operator on the CPU, in the calling thread.

    Threads that are new to torch follow it; others, as the main thread, keep their own number.
    """
    import torch

    torch.set_num_threads(count)
