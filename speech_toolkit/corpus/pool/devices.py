"""The devices of a pool, as users name them: one by one, or all cards of a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.device import count_cards, parse_device_name
from speech_toolkit.device.names import AUTO, is_card
from speech_toolkit.errors import DeviceError, UsageError
from speech_toolkit.processes.runner import run_isolated
from speech_toolkit.progress import UNWATCHED, Progress

_ALL = "all"
_TARGET = f"{__name__}:count_in_child"


def check_devices(names: Sequence[str]) -> None:
    """Make sure that names can be those of a pool's devices, without looking for them.

    Args:
        names: npu:N, cuda:N, npu:all, cuda:all or cpu, which may come several times.

    Raises:
        UsageError: one is none of these.
    """
    for name in names:
        device_type, _, rest = name.partition(":")
        if rest == _ALL and is_card(device_type):
            continue
        if parse_device_name(name)[0] == AUTO:
            raise UsageError(f"{AUTO} names one device; name each, or npu:{_ALL} or cuda:{_ALL}")


def resolve_devices(names: Sequence[str], progress: Progress = UNWATCHED) -> tuple[str, ...]:
    """Return the names of single devices, all cards of a type counted in a process of its own.

    Args:
        names: see :func:`check_devices`.
        progress: told what that process says.

    Raises:
        DeviceError: there is no card of the type, or what drives it is broken.
    """
    devices: list[str] = []
    for name in names:
        device_type, _, rest = name.partition(":")
        if rest == _ALL:
            count = _count(name, device_type, progress)
            devices += [f"{device_type}:{index}" for index in range(count)]
        else:
            devices.append(name)
    return tuple(devices)


def count_in_child(payload: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Count the cards of a type, in a process of its own."""
    return {"count": count_cards(payload["type"])}, {}


def _count(name: str, device_type: str, progress: Progress) -> int:
    counted = run_isolated(
        _TARGET, {"type": device_type}, label=name, timeout_s=None, progress=progress
    )
    if not counted.ok:
        raise DeviceError(f"{name}: {counted.message}")
    return counted.result["count"]
