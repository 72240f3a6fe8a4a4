"""Run a batch in smaller parts when the device has too little memory for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from speech_toolkit.device import Device, is_out_of_memory
from speech_toolkit.errors import DeviceError

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_halving(
    call: Callable[[Sequence[Item]], Sequence[Result]],
    batch: Sequence[Item],
    device: Device,
    on_halve: Callable[[int], None],
) -> list[Result]:
    """Run a batch, in parts half as large whenever the device is out of memory.

    Args:
        call: runs any part of the batch and returns a result for each item.
        batch: at least one item.
        device: whose cached memory is given back before the next try.
        on_halve: called with the size of the parts from then on.

    Returns:
        The results in the order of the batch.

    Raises:
        DeviceError: out of memory with a single item.
    """
    results: list[Result] = []
    size = len(batch)
    while len(results) < len(batch):
        part = batch[len(results) : len(results) + size]
        found = _try(call, part, device)
        if found is not None:
            results.extend(found)
            continue
        device.empty_cache()  # out here, where the error no longer keeps tensors alive
        size = len(part) // 2
        on_halve(size)
    return results


def _try(
    call: Callable[[Sequence[Item]], Sequence[Result]], part: Sequence[Item], device: Device
) -> Sequence[Result] | None:
    """Return the results, None where the device is out of memory and half the part may fit."""
    try:
        return call(part)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        if len(part) == 1:
            raise DeviceError(
                f"{device.name}: out of memory with a batch of 1; use --dtype float16, or free "
                "the device"
            ) from error
    return None
