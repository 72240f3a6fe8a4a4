"""What PASS, FAIL and NOT VALID mean, for every evaluation alike.

PASS and FAIL say something of the candidate, so both sides must have run to their end, on
different devices or in different dtypes, on enough speech, with every check that was asked for.
Where one of these is missing, nothing was shown either way: NOT VALID.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from speech_toolkit.errors import DeviceError
from speech_toolkit.evaluation.process.runner import ERROR
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_NOT_VALID

PASS, FAIL, NOT_VALID = "PASS", "FAIL", "NOT VALID"
EXIT_CODES = {PASS: EXIT_DONE, FAIL: EXIT_FAILED, NOT_VALID: EXIT_NOT_VALID}
REPEATABILITY_ONLY = "repeatability only"


def worst_of(verdicts: Iterable[str]) -> str:
    """Return the verdict on all candidates together: one failure counts more than a missing one."""
    found = set(verdicts)
    return next((verdict for verdict in (FAIL, NOT_VALID) if verdict in found), PASS)


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
