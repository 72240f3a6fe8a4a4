"""What every report opens with, the hashes that say what was measured, and reports read back."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from speech_toolkit import __version__
from speech_toolkit.bundled import CHECKOUT, SCHEMAS
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import (
    check_schema,
    parse_json,
    read_text,
    shown_path,
    shown_value,
)
from speech_toolkit.versions import versions

if TYPE_CHECKING:
    import numpy as np

    from speech_toolkit.evaluation.targets import Target

SCHEMA_VERSION = "1.0"
_GIT_TIMEOUT_S = 10
MADE_BY = {
    "evaluation": "evaluate.py",
    "accuracy": "eval_accuracy.py",
    "perf": "eval_perf.py",
    "compare": "inference_whisper.py --mode compare",
    "benchmark": "inference_whisper.py --mode benchmark",
}


class Ended(Protocol):
    """A run that has ended: an :class:`Outcome`, or what was made of one."""

    status: str
    message: str | None
    elapsed_s: float


def report_header(kind: str, argv: Sequence[str], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the head of a report, ready for JSON.

    Args:
        kind: what was measured, such as "evaluation".
        argv: the command line as it was given.
        config: every setting as it was resolved, defaults included.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "toolkit": {"version": __version__, **source_state()},
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": list(argv),
        "config": dict(config),
        "versions": versions(),
        "platform": {
            "os": platform.platform(),
            "machine": platform.machine(),
            "cpu_count": os.cpu_count(),
        },
    }


def run_head(target: Target, run: Ended) -> dict[str, Any]:
    """Return what a report says first of a run on a target, whether it ended well or not."""
    named = {"label": target.label, "device": target.device, "dtype": target.dtype}
    return named | run_end(run)


def run_end(run: Ended) -> dict[str, Any]:
    """Return how a run ended, for a report."""
    return {"status": run.status, "message": run.message, "elapsed_s": run.elapsed_s}


def source_state() -> dict[str, Any]:
    """Return the commit of the toolkit's sources and whether they differ from it.

    Both are None where the sources are no git checkout or git is missing.
    """
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--untracked-files=no") if commit else None
    return {"commit": commit or None, "dirty": None if status is None else bool(status)}


def array_hash(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's dtype, shape and values."""
    import numpy as np

    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def read_report(path: str, kinds: Sequence[str] = tuple(MADE_BY), flag: str = "") -> dict[str, Any]:
    """Read a report that one of the scripts wrote.

    Args:
        path: the JSON file.
        kinds: which may be read, of ``MADE_BY``.
        flag: the argument that names the file, for messages.

    Returns:
        The report; its ``kind`` is one of ``kinds``, and the schema of that kind holds.

    Raises:
        UsageError: the file cannot be read, is no such report, or does not keep to its schema.
    """
    source = f"{flag} {shown_path(path)}".strip()
    advice = f"give a report of {' or '.join(MADE_BY[kind] for kind in kinds)}"
    text = read_text(Path(path), error=UsageError, advice=advice)
    report = parse_json(text, source, error=UsageError, advice=advice)
    kind = report.get("kind") if isinstance(report, dict) else None
    if kind not in kinds:
        is_what = f"is a report of kind {shown_value(kind)}" if kind else "is no report"
        raise UsageError(f"{source}: {is_what}; {advice}")
    advice = "measure again with this version, or take the file as it was written"
    check_schema(report, stored_schema(kind), source, error=UsageError, advice=advice)
    _refuse_odd_numbers(report, source, advice)
    return report


@cache
def stored_schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema of ``results/schemas``, such as that of a kind of report."""
    path = SCHEMAS / f"{name}.schema.json"
    advice = "the toolkit's own file is damaged; check it out again"
    text = read_text(path, error=UsageError, advice=advice)
    return parse_json(text, str(path), error=UsageError, advice=advice)


def _refuse_odd_numbers(part: Any, source: str, advice: str, key: str = "it") -> None:
    """Raise where a part that the schema leaves free holds NaN, or more than a float can."""
    entries = part.items() if isinstance(part, dict) else enumerate(part)
    for name, value in entries:
        if isinstance(value, dict | list):
            _refuse_odd_numbers(value, source, advice, str(name))
        elif isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
            raise UsageError(
                f"{source}: {name} of {key} is {shown_value(value)}, not a finite number; {advice}"
            )


def _git(*arguments: str) -> str | None:
    """Return what git says of the toolkit's checkout, None where it has nothing to say."""
    if CHECKOUT is None:
        return None
    try:
        finished = subprocess.run(
            ["git", "-C", str(CHECKOUT), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return finished.stdout.strip()
