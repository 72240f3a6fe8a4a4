"""Find the device that a name stands for, and take it."""

import dataclasses
import importlib
import logging

from speech_toolkit.device.backends import BACKENDS
from speech_toolkit.device.device import Device, PassedOver
from speech_toolkit.device.environment import keep_others_out, prepare_environment
from speech_toolkit.device.names import AUTO, is_card, parse_device_name
from speech_toolkit.device.precision import HIGHEST, check_float32_precision
from speech_toolkit.device.variables import AUTOLOAD
from speech_toolkit.errors import DeviceError, first_line
from speech_toolkit.system.interrupts import interrupt_deferred

logger = logging.getLogger(__name__)


def select_device(name: str = AUTO, float32_precision: str = HIGHEST) -> Device:
    """Find the device, make it the current one, and log which was taken and why.

    A device asked for by name is used or is an error. Only `auto` moves on: NPU, CUDA, CPU. On a
    host with torch_npu and no native CUDA, `cuda:N` is mapped to `npu:N`.

    Args:
        name: auto, npu, npu:N, cuda, cuda:N or cpu; without N the first card is taken.
        float32_precision: of float32's matrix products and convolutions in this process from now
            on: "highest" for float32's own, "high" for HF32 or TF32 where the card has it.

    Returns:
        The device, initialised.

    Raises:
        UsageError: the name or the precision is malformed.
        DeviceError: the device is missing or broken; the message says what to do.
    """
    device_type, index = parse_device_name(name)
    check_float32_precision(float32_precision)
    prepare_environment(name)
    _import_torch()
    if device_type == AUTO:
        device, level = _select_auto()
    else:
        device, level = _select_named(device_type, index or 0, name), logging.INFO
    BACKENDS[device.type].set_float32_precision(float32_precision)
    logger.log(level, "Using %s: %s", device.name, device.reason)
    return device


def count_cards(device_type: str) -> int:
    """Return how many cards this process may name by a type, none of which is taken.

    Args:
        device_type: npu or cuda; with torch_npu and no native CUDA, these are the NPUs.

    Raises:
        DeviceError: there is none, or what drives it is broken.
    """
    prepare_environment(device_type)
    _import_torch()
    why = BACKENDS[device_type].why_absent()
    if why is None:
        return BACKENDS[device_type].count()
    for backend in BACKENDS.values():
        if backend.stand_in_reason(device_type, 0) and backend.why_absent() is None:
            return backend.count()
    raise DeviceError(BACKENDS[device_type].missing_text(f"{device_type}:all", why))


def _select_auto() -> tuple[Device, int]:
    """Return the first device that works, and how loudly to say which."""
    skipped, level = [], logging.INFO
    for device_type, backend in BACKENDS.items():
        why = backend.why_absent()
        if why:
            skipped.append(PassedOver(backend.label, f"no {backend.label} ({why})"))
            continue
        reason = "; ".join(each.why for each in skipped)
        reason = reason or f"an {backend.label} is auto's first choice"
        try:
            device = _open(device_type, 0, AUTO, reason)
            return dataclasses.replace(device, passed_over=tuple(skipped)), level
        except DeviceError as error:
            backend.keep_out()
            level = logging.WARNING
            why = f"{backend.package} is installed but gives no {backend.label} ({error})"
            skipped.append(PassedOver(backend.label, why, is_broken=True))
    raise DeviceError("; ".join(each.why for each in skipped))


def _select_named(device_type: str, index: int, requested: str) -> Device:
    why = BACKENDS[device_type].why_absent()
    if why:
        return _select_stand_in(device_type, index, requested, why)
    if is_card(device_type):
        keep_others_out(device_type)
    return _open(device_type, index, requested, "asked for by name")


def _select_stand_in(device_type: str, index: int, requested: str, why: str) -> Device:
    """Take a device of another type that is made for code that names the absent one."""
    reasons_why = [why]
    for other, backend in BACKENDS.items():
        reason = backend.stand_in_reason(requested, index)
        if reason is None:
            continue
        if why_not_other := backend.why_absent():
            reasons_why.append(why_not_other)
            continue
        try:
            return _open(other, index, requested, reason)
        except DeviceError as error:
            raise DeviceError(
                f"{requested} is not there: {why}; and as {other}:{index}: {error}"
            ) from error
    raise DeviceError(BACKENDS[device_type].missing_text(requested, ", ".join(reasons_why)))


def _open(device_type: str, index: int, requested: str, reason: str) -> Device:
    card = index if is_card(device_type) else None
    BACKENDS[device_type].open(card, requested)
    return Device(device_type, card, requested, reason)


def _import_torch() -> None:
    try:
        with interrupt_deferred():
            importlib.import_module("torch")
    except RuntimeError as error:
        raise DeviceError(
            f"torch could not load torch_npu ({first_line(error.__cause__ or error)}): "
            f"source CANN's set_env.sh, or unset {AUTOLOAD} so that other devices work"
        ) from error
    except ImportError as error:
        raise DeviceError(
            f"torch cannot be imported ({first_line(error)}): pip install -r requirements.txt"
        ) from error
