"""Run items in batches that get smaller when the device has too little memory for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from speech_toolkit.device import Device, is_out_of_memory
from speech_toolkit.errors import DeviceError

Item = TypeVar("Item")
Result = TypeVar("Result")


class HalvingBatches:
    """Halves its batches, for good, whenever the device is out of memory.

    Attributes:
        size: items in a batch from now on.
        warnings: one for each time that it was halved.
    """

    def __init__(
        self,
        device: Device,
        size: int,
        advice: str,
        on_warning: Callable[[str], None] = lambda warning: None,
    ) -> None:
        """Begin with batches of ``size``.

        Args:
            device: whose cached memory is given back before the next try.
            size: at least 1.
            advice: what the user can do where not even one item fits.
            on_warning: called with each warning.
        """
        self.size = size
        self.warnings: list[str] = []
        self._device = device
        self._advice = advice
        self._on_warning = on_warning

    def run(
        self, call: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item]
    ) -> list[Result]:
        """Run all items.

        Args:
            call: runs any stretch of the items and returns a result for each.
            items: in order.

        Returns:
            The results in the same order.

        Raises:
            DeviceError: out of memory with a single item.
        """
        results: list[Result] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.size]
            found = self._try(call, part)
            if found is None:
                self._device.empty_cache()  # here, where no error keeps tensors alive any more
                self._halve(len(part))
            else:
                results.extend(found)
        return results

    def _try(
        self, call: Callable[[Sequence[Item]], Sequence[Result]], part: Sequence[Item]
    ) -> Sequence[Result] | None:
        """Return the results, None where the device is out of memory and half the part may fit."""
        try:
            return call(part)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if len(part) == 1:
                raise DeviceError(
                    f"{self._device.name}: out of memory with a batch of 1, {self._held()}; "
                    f"{self._advice}"
                ) from error
        return None

    def _halve(self, failed_size: int) -> None:
        self.size = failed_size // 2
        warning = f"{self._device.name} was out of memory: batch_size is now {self.size}"
        self.warnings.append(warning)
        self._on_warning(warning)

    def _held(self) -> str:
        memory = self._device.memory()
        figures = {"allocated": memory.allocated_bytes, "reserved": memory.reserved_bytes}
        return " and ".join(
            f"{kind} {figure / 2**20:.0f} MiB"
            for kind, figure in figures.items()
            if figure is not None
        )
