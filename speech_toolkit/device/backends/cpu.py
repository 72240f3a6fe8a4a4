"""The CPU: always there, takes every dtype, and no work is queued on it."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from speech_toolkit.device.host import cpu_model
from speech_toolkit.device.memory import (
    MemoryUse,
    host_free_bytes,
    host_total_bytes,
    process_memory,
)
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.device.variables import PRIMITIVE_CACHE, SPIN_COUNT, WAIT_POLICY

if TYPE_CHECKING:
    import torch


class Cpu:
    """The host itself; what its attributes mean is told in `Backend`."""

    type = "cpu"
    label = "CPU"
    package = "torch"
    is_card = False
    has_fft = True
    default_batch_size = 1
    default_dtype = "float32"
    variables: ClassVar[tuple[str, ...]] = (
        "OMP_NUM_THREADS",
        WAIT_POLICY,
        SPIN_COUNT,
        PRIMITIVE_CACHE,
        "MKL_NUM_THREADS",
        "ONEDNN_DEFAULT_FPMATH_MODE",
    )
    out_of_memory_signs: ClassVar[tuple[str, ...]] = ("can't allocate memory",)
    blocking_variable = None

    def why_absent(self) -> None:
        """Be there."""

    def missing_text(self, requested: str, why: str) -> str:
        """Return what nobody sees: a CPU is never absent."""
        return f"{requested} is not there: {why}"

    def stand_in_reason(self, requested: str, index: int) -> None:
        """Take no card's place: a run on the CPU is never a silent one."""

    def keep_out(self) -> None:
        """Let torch be."""

    def open(self, index: None, requested: str) -> None:
        """Do nothing: torch runs on it already."""

    def make_current(self, index: None) -> None:
        """Do nothing: there is one."""

    def set_float32_precision(self, precision: str) -> None:
        """Keep float32 whole at either precision: the CPU is what cards are held against."""
        import torch

        for products in (torch.backends.mkldnn.matmul, torch.backends.mkldnn.conv):
            products.fp32_precision = "ieee"

    def float32_precision(self) -> str:
        """Return "highest", all that there is."""
        return HIGHEST

    def has_whole_products(self, index: None) -> bool:
        """Tell that float32 is multiplied as float32."""
        return True

    def check_dtype(self, index: None, dtype: "torch.dtype") -> None:
        """Take every dtype."""

    def synchronize(self, index: None) -> None:
        """Wait for nothing."""

    def empty_cache(self) -> None:
        """Do nothing: torch caches no host memory."""

    def memory(self, index: None) -> MemoryUse:
        """Return the resident size of this process."""
        return process_memory()

    def reset_peak_memory(self, index: None) -> None:
        """Let the peak start from now, where Linux permits it."""
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def total_memory_bytes(self, index: None) -> int:
        """Return the memory of the host."""
        return host_total_bytes()

    def free_memory_bytes(self, index: None) -> int | None:
        """Return what the host can still give."""
        return host_free_bytes()

    def seed(self, seed: int) -> None:
        """Do nothing: torch's own stream is the CPU's."""

    def graph_backend(self, index: None) -> None:
        """Record nothing: there are no launches."""

    def hardware_name(self, index: None) -> str:
        """Return the name of the processor."""
        return cpu_model()

    def facts(self) -> dict[str, Any]:
        """Know nothing beyond what every report says."""
        return {}
