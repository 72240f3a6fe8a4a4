"""Run items in batches that get smaller when the device has too little memory for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from speech_toolkit.device.device import Device
from speech_toolkit.errors import OutOfMemoryError

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
            OutOfMemoryError: with a single item.
            DeviceError: an operator failed on a card.
        """
        results: list[Result] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.size]
            found = self._try(call, part)
            if found is None:
                self._device.empty_cache()  # here, where no error keeps tensors alive any more
                self.halve(len(part))
            else:
                results.extend(found)
        return results

    def halve(self, failed_size: int) -> None:
        """Let batches be half of one for which there was too little memory.

        Args:
            failed_size: items in it, at least 2.
        """
        self.size = failed_size // 2
        warning = f"{self._device.name} was out of memory: batch_size is now {self.size}"
        self.warnings.append(warning)
        self._on_warning(warning)

    def _try(
        self, call: Callable[[Sequence[Item]], Sequence[Result]], part: Sequence[Item]
    ) -> Sequence[Result] | None:
        """Return the results, None where the device is out of memory and half the part may fit."""
        try:
            with self._device.errors(f"with a batch of {len(part)}", self._advice):
                return call(part)
        except OutOfMemoryError:
            if len(part) == 1:
                raise
        return None
