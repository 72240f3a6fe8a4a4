"""What the toolkit asks of a type of device."""

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from speech_toolkit.device.memory import MemoryUse

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class GraphBackend:
    """What a card offers to record the launches of a function once and to replay them.

    Attributes:
        module: torch.npu or torch.cuda, with ``device``, ``Stream``, ``stream``,
            ``current_stream``, ``graph_pool_handle`` and ``graph``.
        index: the card.
        graph_type: the class of a recording.
        is_default: whether to record without being asked.
    """

    module: ModuleType
    index: int
    graph_type: type
    is_default: bool


class Backend(Protocol):
    """One type of device. It keeps no state: the index of the device comes with each call.

    Nothing here is called before torch is imported, save `keep_out`. `Card` in `card.py` does most
    of it for whatever has a module of its own in torch.

    Attributes:
        type: what torch calls it, and what a device's name begins with.
        label: what messages call it, such as "NPU".
        package: what drives it.
        is_card: whether it has memory of its own and work is queued on it.
        has_fft: whether torch.fft runs on it, at any length.
        default_batch_size: windows that run together where the user says nothing.
        default_dtype: of recognition, where the user says nothing.
        variables: environment variables that change how it runs, for reports.
        out_of_memory_signs: what, in lower case, errors say of too little memory in their own way.
        blocking_variable: what the user sets to 1 for errors at the operator that made them; None
            where an error's traceback shows that anyway.
    """

    type: str
    label: str
    package: str
    is_card: bool
    has_fft: bool
    default_batch_size: int
    default_dtype: str
    variables: tuple[str, ...]
    out_of_memory_signs: tuple[str, ...]
    blocking_variable: str | None

    def why_absent(self) -> str | None:
        """Return why it cannot be here, such as "torch_npu is not installed"; None if it may be."""

    def missing_text(self, requested: str, why: str) -> str:
        """Return the error for a device that was asked for by name and is absent."""

    def stand_in_reason(self, requested: str, index: int) -> str | None:
        """Return why it may be taken for an absent device of another type; None if it may not."""

    def keep_out(self) -> None:
        """See to it that nobody loads its package in a process that runs on another device."""

    def open(self, index: int | None, requested: str) -> None:
        """Load what drives it, and make one device the current one.

        Args:
            index: which of the visible cards; None for the CPU.
            requested: the name that the user gave, such as "auto".

        Raises:
            DeviceError: it is missing or broken; the message says what to do.
        """

    def make_current(self, index: int | None) -> None:
        """Make a device that was opened the current one of the calling thread."""

    def set_float32_precision(self, precision: str) -> None:
        """Say how float32's matrix products and convolutions are rounded in this process.

        Args:
            precision: "highest" for float32's own, "high" for what the makers of the card allow.
        """

    def float32_precision(self) -> str:
        """Return which precision is set now."""

    def has_whole_products(self, index: int | None) -> bool:
        """Tell whether float32 is multiplied as float32 where the precision is "highest".

        It is called where that is set.
        """

    def check_dtype(self, index: int | None, dtype: "torch.dtype") -> None:
        """Raise a DeviceError if the device cannot compute in a dtype."""

    def synchronize(self, index: int | None) -> None:
        """Wait until the device has done all work queued on it."""

    def empty_cache(self) -> None:
        """Give memory that the allocator caches back to the device."""

    def memory(self, index: int | None) -> MemoryUse:
        """Return the memory figures of this process."""

    def reset_peak_memory(self, index: int | None) -> None:
        """Let the peaks of `memory` start from now."""

    def total_memory_bytes(self, index: int | None) -> int:
        """Return the size of the device's memory."""

    def free_memory_bytes(self, index: int | None) -> int | None:
        """Return what the device can still give; None where nobody says."""

    def seed(self, seed: int) -> None:
        """Seed the random streams of all devices of the type."""

    def graph_backend(self, index: int | None) -> GraphBackend | None:
        """Return what records launches; None where there is no such."""

    def hardware_name(self, index: int | None) -> str:
        """Return the name of the card or of the processor."""

    def facts(self) -> dict[str, Any]:
        """Return what it knows for a report: ``cann``, ``driver``, ``gelu``, and what may round.

        ``hf32``, ``tf32`` and ``float16_products`` tell of ``matmul`` and ``conv`` whether their
        float32 factors may be rounded to that; the last is so whatever is asked for.
        """
