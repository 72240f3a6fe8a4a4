"""What every report of a measurement opens with, and the hashes that say what was measured."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit import __version__
from speech_toolkit.bundled import CHECKOUT
from speech_toolkit.checkpoint.files import weight_files
from speech_toolkit.versions import versions

if TYPE_CHECKING:
    import numpy as np

SCHEMA_VERSION = "1.0"
_GIT_TIMEOUT_S = 10


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


def file_hash(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_hash(directory: Path) -> str | None:
    """Return one SHA-256 for the weights of a checkpoint, None where it has none.

    Of several sets in one directory the one that transformers loads counts.
    """
    files = weight_files(directory)
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file_hash(file)}\n".encode())
    return digest.hexdigest()


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
