"""What cards have in common: a module of torch whose functions carry the same names."""

from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from speech_toolkit.device.backends.backend import GraphBackend
from speech_toolkit.device.memory import MemoryUse
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.device.variables import shown_variable
from speech_toolkit.errors import DeviceError

if TYPE_CHECKING:
    import torch


class Card:
    """Most of what `Backend` asks of a type of card; `why_absent` and `open` are left.

    Attributes:
        listing_tool: the command that shows the cards of a machine.
        visibility_variable: which cards a process may see.
        graph_class: name of the class that records launches.
        records_by_default: whether recognition records its steps without being asked.
    """

    type: str
    label: str
    package: str
    listing_tool: str
    visibility_variable: str
    graph_class: str
    blocking_variable: str
    variables: ClassVar[tuple[str, ...]] = ()
    out_of_memory_signs: ClassVar[tuple[str, ...]] = ()
    records_by_default = False
    is_card = True
    has_fft = False
    default_batch_size = 8
    default_dtype = "float16"

    @property
    def module(self) -> ModuleType:
        """The part of torch that drives it, such as torch.cuda."""
        import torch

        return getattr(torch, self.type)

    def missing_text(self, requested: str, why: str) -> str:
        """Return the error for a card that was asked for by name and is absent."""
        return f"{requested} is not there: {why}; use --device cpu"

    def stand_in_reason(self, requested: str, index: int) -> str | None:
        """Take no other card's place."""
        return None

    def keep_out(self) -> None:
        """Let its package be: nothing loads it unasked, or it does no harm."""

    def make_current(self, index: int) -> None:
        """Make a card the current one of the calling thread."""
        self.module.set_device(index)

    def set_float32_precision(self, precision: str) -> None:
        """Leave float32 as it is: most cards have no coarser products to choose from."""

    def float32_precision(self) -> str:
        """Return "highest", all that there is."""
        return HIGHEST

    def has_whole_products(self, index: int) -> bool:
        """Tell that float32 is multiplied as float32."""
        return True

    def count(self) -> int:
        """Return how many are visible, without taking one.

        Raises:
            DeviceError: there is none, or what drives it is broken.
        """
        count = self.module.device_count()
        self.check_index(0, count)
        return count

    def check_index(self, index: int, count: int) -> None:
        """Raise a DeviceError unless a card is among the ``count`` that are visible."""
        visible = shown_variable(self.visibility_variable)
        if count == 0:
            raise DeviceError(
                f"no {self.type} device is visible: check the driver with `{self.listing_tool}`, "
                f"that the container was given the card, and {visible}"
            )
        if index >= count:
            raise DeviceError(
                f"{self.type}:{index} is out of range: {count} visible ({self.type}:0 to "
                f"{self.type}:{count - 1}), {visible}"
            )

    def check_dtype(self, index: int, dtype: "torch.dtype") -> None:
        """Raise a DeviceError for bfloat16 on a card that lacks it."""
        import torch

        if dtype is torch.bfloat16 and not self.has_bfloat16():
            raise DeviceError(
                f"{self.type}:{index} ({self.hardware_name(index)}) has no bfloat16: use float16 "
                "or float32"
            )

    def has_bfloat16(self) -> bool:
        """Tell whether the current card computes in bfloat16."""
        return self.module.is_bf16_supported()

    def synchronize(self, index: int) -> None:
        """Wait until the card has done all work queued on it."""
        self.module.synchronize(index)

    def empty_cache(self) -> None:
        """Give memory that the allocator caches back to the card."""
        self.module.empty_cache()

    def memory(self, index: int) -> MemoryUse:
        """Return the figures of torch's caching allocator for this process."""
        module = self.module
        return MemoryUse(
            allocated_bytes=module.memory_allocated(index),
            reserved_bytes=module.memory_reserved(index),
            peak_allocated_bytes=module.max_memory_allocated(index),
            peak_reserved_bytes=module.max_memory_reserved(index),
        )

    def reset_peak_memory(self, index: int) -> None:
        """Let the peaks of `memory` start from now."""
        self.module.reset_peak_memory_stats(index)

    def total_memory_bytes(self, index: int) -> int:
        """Return the size of the card's memory."""
        return self.module.get_device_properties(index).total_memory

    def free_memory_bytes(self, index: int) -> int:
        """Return what the card can still give, to any process."""
        return self.module.mem_get_info(index)[0]

    def seed(self, seed: int) -> None:
        """Seed the random streams of all cards of the type."""
        self.module.manual_seed_all(seed)

    def graph_backend(self, index: int) -> GraphBackend | None:
        """Return what records launches; None where the card's module has no such yet."""
        module = self.module
        graph_type = getattr(module, self.graph_class, None)
        if graph_type is None or not hasattr(module, "graph"):
            return None
        return GraphBackend(module, index, graph_type, self.records_by_default)

    def hardware_name(self, index: int) -> str:
        """Return the name of the card."""
        return self.module.get_device_name(index)

    def facts(self) -> dict[str, Any]:
        """Return what it knows for a report."""
        return {}
