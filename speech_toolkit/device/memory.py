"""Figures of memory, on a card and on the host."""

import os
import re
import resource
import sys
from dataclasses import dataclass

from speech_toolkit.device.host import read_system_file


@dataclass(frozen=True)
class MemoryUse:
    """Memory of one device in bytes; a figure the backend does not keep is None.

    On a card these are the caching allocator's figures for this process. A CPU has no such
    allocator: there `allocated` is the resident size of the whole process, interpreter included,
    and nothing is reserved.

    Attributes:
        allocated_bytes: held by live tensors now.
        reserved_bytes: taken from the device now, cached blocks included.
        peak_allocated_bytes: most allocated since the start or the last `reset_peak_memory`.
        peak_reserved_bytes: most reserved since then.
    """

    allocated_bytes: int | None
    reserved_bytes: int | None
    peak_allocated_bytes: int | None
    peak_reserved_bytes: int | None


def process_memory() -> MemoryUse:
    """Return the resident size of this process; only its peak where the system says no more."""
    status = read_system_file("/proc/self/status")
    kibibytes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.M))
    if not kibibytes:
        unit_bytes = 1 if sys.platform == "darwin" else 1024
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes
        return MemoryUse(None, None, peak_bytes, None)
    resident_bytes, peak_bytes = (int(kibibytes[key]) * 1024 for key in ("VmRSS", "VmHWM"))
    return MemoryUse(resident_bytes, None, peak_bytes, None)


def host_free_bytes() -> int | None:
    """Return what the host can still give; None where the system does not say."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", read_system_file("/proc/meminfo"), re.M)
    return int(found[1]) * 1024 if found else None


def host_total_bytes() -> int:
    """Return the memory of the host."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def shown_size(size_bytes: int) -> str:
    """Return a size as messages show it, in MiB or GiB."""
    if size_bytes < 2**30:
        return f"{size_bytes / 2**20:.0f} MiB"
    return f"{size_bytes / 2**30:.2f} GiB"
