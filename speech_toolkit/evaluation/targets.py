"""Which devices an evaluation runs on, and what keeps one from being judged.

Nothing here imports torch: to find out which card a machine has, a process of its own is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from speech_toolkit.device import parse_device_name
from speech_toolkit.device.names import DTYPE_NAMES, forms_of_names
from speech_toolkit.device.precision import FLOAT32_PRECISIONS, HIGH, HIGHEST
from speech_toolkit.errors import DeviceError, UsageError
from speech_toolkit.evaluation.thresholds import FAIL
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.lists import entries
from speech_toolkit.processes.runner import ERROR, run_isolated

CPU = "cpu"
AUTO = "auto"
FLOAT32 = "float32"
REPEATABILITY_ONLY = "repeatability only"
_PROBE_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Target:
    """A device, the dtype that the model has on it, and how float32 products are rounded there.

    Attributes:
        device: its name, such as "cpu" or "npu:0".
        dtype: name of the dtype; None where the family's default is still to be filled in.
        float32_precision: "highest" or "high", of a card in float32; elsewhere they are the same.
    """

    device: str
    dtype: str | None = None
    float32_precision: str = HIGHEST

    @property
    def label(self) -> str:
        """The target as reports name it, such as "npu:0 float16" or "npu:0 float32 high"."""
        named = self.device if self.dtype is None else f"{self.device} {self.dtype}"
        is_rounded = self.dtype == FLOAT32 and self.float32_precision == HIGH and not self.is_cpu
        return f"{named} {HIGH}" if is_rounded else named

    @property
    def is_cpu(self) -> bool:
        """Whether this is the CPU, the reference of every comparison."""
        return self.device == CPU

    def with_default_dtype(self, card_dtype: str) -> "Target":
        """Fill in a missing dtype: float32 on the CPU, ``card_dtype`` on a card.

        The precision becomes "highest" where there is nothing to choose.
        """
        dtype = self.dtype or (FLOAT32 if self.is_cpu else card_dtype)
        has_choice = dtype == FLOAT32 and not self.is_cpu
        precision = self.float32_precision if has_choice else HIGHEST
        return Target(self.device, dtype, precision)


REFERENCE = Target(CPU, FLOAT32)


def parse_targets(text: str, float32_precision: str = HIGHEST) -> tuple[Target, ...]:
    """Take a list of devices apart, each with or without a dtype.

    Args:
        text: entries DEVICE, DEVICE:DTYPE or DEVICE:float32:PRECISION between commas, such as
            "cpu,npu:0:float16,npu:0:float32:high".
        float32_precision: of the entries that name none.

    Returns:
        The targets in order; the first is the reference.

    Raises:
        UsageError: an entry is empty, or has another form.
    """
    found = entries(text)
    if not all(found):
        raise UsageError(
            f"--devices {shown_value(text)}: an entry is empty; write for example cpu,npu:0"
        )
    return tuple(_parse_target(entry, float32_precision) for entry in found)


def _parse_target(entry: str, default_precision: str) -> Target:
    rest, precision = _split_last(entry, FLOAT32_PRECISIONS)
    name, dtype = _split_last(rest, DTYPE_NAMES)
    try:
        parse_device_name(name)
    except UsageError as error:
        raise UsageError(
            f"--devices: {shown_value(entry)} is no DEVICE, DEVICE:DTYPE or "
            f"DEVICE:float32:PRECISION; devices are {forms_of_names('and')}, dtypes "
            f"{', '.join(DTYPE_NAMES)}, precisions {' and '.join(FLOAT32_PRECISIONS)}"
        ) from error
    if precision is not None and dtype != FLOAT32:
        raise UsageError(
            f"--devices: {shown_value(entry)}: a precision is float32's; write "
            f"{name}:{FLOAT32}:{precision}"
        )
    return Target(name, dtype, precision or default_precision)


def _split_last(text: str, known: Sequence[str]) -> tuple[str, str | None]:
    """Split off the part behind the last colon; None where it is none of the known ones."""
    rest, _, last = text.rpartition(":")
    return (rest, last) if rest and last in known else (text, None)


def find_best_device() -> str:
    """Return the name of the device that ``auto`` stands for on this machine.

    Raises:
        DeviceError: not even torch can be imported.
    """
    outcome = run_isolated(
        f"{__name__}:probe_auto", {}, label="looking for a card", timeout_s=_PROBE_TIMEOUT_S
    )
    if outcome.result is None or not outcome.ok:
        raise DeviceError(f"no device can be selected: {outcome.message}")
    return outcome.result["device"]


def probe_auto(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Select the automatic device; runs in a process of its own."""
    from speech_toolkit.device import select_device

    return {"device": select_device(AUTO).name}, {}


def device_facts(device: str, float32_precision: str) -> dict[str, Any] | None:
    """Return what a report says of a device, None where it cannot be opened."""
    outcome = run_isolated(
        f"{__name__}:probe_facts",
        {"name": device, "float32_precision": float32_precision},
        label=device,
        timeout_s=_PROBE_TIMEOUT_S,
    )
    return outcome.result if outcome.ok else None


def probe_facts(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe a device; runs in a process of its own."""
    from speech_toolkit.device import select_device

    return select_device(**payload).facts(), {}


def choose_targets(
    text: str | None,
    default_dtypes: tuple[str, ...] = (),
    float32_precision: str = HIGHEST,
) -> tuple[Target, ...]:
    """Return the targets of ``--devices``, or those that suit this machine.

    Args:
        text: the argument, in which "auto" stands for the best device; None for the CPU and, where
            there is one, the best card.
        default_dtypes: for an entry without a dtype, one target for each of these.
        float32_precision: of the entries that name none.

    Returns:
        At least one target, the reference first; of a CPU-only machine without ``text``, the CPU.

    Raises:
        UsageError: ``text`` has another form.
        DeviceError: the best device was asked for and none can be found.
    """
    named = parse_targets(text or f"{CPU},{AUTO}", float32_precision)
    if any(target.device == AUTO for target in named):
        best = find_best_device()
        named = tuple(replace(t, device=best) if t.device == AUTO else t for t in named)
    if text is None:
        named = tuple(dict.fromkeys(named))
    return tuple(
        expanded
        for target in named
        for expanded in (
            [replace(target, dtype=dtype) for dtype in default_dtypes]
            if target.dtype is None and default_dtypes
            else [target]
        )
    )


def refuse_missing(verdict: str, runs: Sequence[Mapping[str, Any]]) -> None:
    """Raise where a device that was asked for is not there, its report written by then.

    Args:
        verdict: on all candidates together; a fault that was found in one counts more than another
            that is missing.
        runs: of the report, each with "label", "status" and "message"; the reference first.

    Raises:
        DeviceError: the reference, or without a FAIL any device, could not be used.
    """
    for run in runs if verdict != FAIL else runs[:1]:
        if run["status"] == ERROR:
            raise DeviceError(f"{run['label']}: {run['message']}")


def why_not_on_card(fallback_ops: Sequence[str]) -> str | None:
    """Say which operators the card left to the CPU; None where it did all by itself."""
    if not fallback_ops:
        return None
    return (
        f"operators ran on the CPU instead of the card: {', '.join(fallback_ops)}; that is neither "
        "fast nor a test of the card"
    )


def why_same(
    reference: Mapping[str, Any], reference_dtype: str, candidate: Mapping[str, Any], dtype: str
) -> str | None:
    """Say why a comparison shows nothing but that a device repeats itself; None where it is one.

    Goes by what each process found itself on, so that ``auto``, a missing index and ``cuda:0``
    mapped to ``npu:0`` are seen through.

    Args:
        reference: facts of the reference's device, as :meth:`Device.facts` returns them.
        reference_dtype: name of its dtype.
        candidate: facts of the candidate's device.
        dtype: name of its dtype.
    """
    device = candidate.get("device")
    if device is None or device != reference.get("device") or dtype != reference_dtype:
        return None
    if candidate.get("float32_precision") != reference.get("float32_precision"):
        return None
    return (
        f"the candidate ran on {device} in {dtype}, as the reference did: {REPEATABILITY_ONLY}; "
        "name another device, or another dtype"
    )
