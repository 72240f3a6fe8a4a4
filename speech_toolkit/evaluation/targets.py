"""Which devices an evaluation runs on, and what keeps one from being judged.

Nothing here imports torch: to find out which card a machine has, a process of its own is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from speech_toolkit.device import parse_device_name
from speech_toolkit.device.names import DTYPE_NAMES, forms_of_names
from speech_toolkit.errors import DeviceError, UsageError
from speech_toolkit.evaluation.process.runner import ERROR, run_isolated
from speech_toolkit.evaluation.thresholds import FAIL
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.lists import entries

CPU = "cpu"
AUTO = "auto"
REFERENCE_DTYPE = "float32"
REPEATABILITY_ONLY = "repeatability only"
_PROBE_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Target:
    """A device and the dtype that the model has on it.

    Attributes:
        device: its name, such as "cpu" or "npu:0".
        dtype: name of the dtype; None where the family's default is still to be filled in.
    """

    device: str
    dtype: str | None = None

    @property
    def label(self) -> str:
        """The target as reports name it, such as "npu:0 float16"."""
        return self.device if self.dtype is None else f"{self.device} {self.dtype}"

    @property
    def is_cpu(self) -> bool:
        """Whether this is the CPU, the reference of every comparison."""
        return self.device == CPU

    def with_default_dtype(self, card_dtype: str) -> "Target":
        """Fill in a missing dtype: float32 on the CPU, ``card_dtype`` on a card."""
        if self.dtype is not None:
            return self
        return replace(self, dtype=REFERENCE_DTYPE if self.is_cpu else card_dtype)


REFERENCE = Target(CPU, REFERENCE_DTYPE)


def parse_targets(text: str) -> tuple[Target, ...]:
    """Take a list of devices apart, each with or without a dtype.

    Args:
        text: entries DEVICE or DEVICE:DTYPE between commas, such as "cpu,npu:0:float16".

    Returns:
        The targets in order; the first is the reference.

    Raises:
        UsageError: an entry is empty, or is no device and dtype.
    """
    found = entries(text)
    if not all(found):
        raise UsageError(
            f"--devices {shown_value(text)}: an entry is empty; write for example cpu,npu:0"
        )
    return tuple(_parse_target(entry) for entry in found)


def _parse_target(entry: str) -> Target:
    device, _, last = entry.rpartition(":")
    dtype = last if device and last in DTYPE_NAMES else None
    name = entry if dtype is None else device
    try:
        parse_device_name(name)
    except UsageError as error:
        raise UsageError(
            f"--devices: {shown_value(entry)} is no DEVICE or DEVICE:DTYPE; devices are "
            f"{forms_of_names('and')}, dtypes {', '.join(DTYPE_NAMES)}"
        ) from error
    return Target(name, dtype)


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


def device_facts(device: str) -> dict[str, Any] | None:
    """Return what a report says of a device, None where it cannot be opened."""
    outcome = run_isolated(
        f"{__name__}:probe_facts", {"device": device}, label=device, timeout_s=_PROBE_TIMEOUT_S
    )
    return outcome.result if outcome.ok else None


def probe_facts(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Describe a device; runs in a process of its own."""
    from speech_toolkit.device import select_device

    return select_device(payload["device"]).facts(), {}


def choose_targets(text: str | None, default_dtypes: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return the targets of ``--devices``, or those that suit this machine.

    Args:
        text: the argument, in which "auto" stands for the best device; None for the CPU and, where
            there is one, the best card.
        default_dtypes: for an entry without a dtype, one target for each of these.

    Returns:
        At least one target, the reference first; of a CPU-only machine without ``text``, the CPU.

    Raises:
        UsageError: ``text`` has another form.
        DeviceError: the best device was asked for and none can be found.
    """
    named = parse_targets(text) if text else (Target(CPU), Target(AUTO))
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
    return (
        f"the candidate ran on {device} in {dtype}, as the reference did: {REPEATABILITY_ONLY}; "
        "name another device, or another dtype"
    )
