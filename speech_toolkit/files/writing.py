"""Writing results: whole files or none."""

import contextlib
import json
import os
import stat
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.errors import DISK_FULL, DiskFullError, UsageError
from speech_toolkit.system.streams import STDOUT


def json_text(payload: Mapping[str, Any]) -> str:
    """Return ``payload`` as the JSON of all result files, which knows no NaN or infinity."""
    return json.dumps(payload, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_json(path: str | os.PathLike[str], payload: Mapping[str, Any]) -> None:
    """Write ``payload`` as JSON to where :func:`write_text` writes.

    Raises:
        UsageError: the file cannot be written, and what stood there before is untouched; or
            stdout is full, or its reader left.
    """
    write_text(path, json_text(payload))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text to a file, whole or not at all, or to stdout for ``-``.

    A file is written beside its place and moved there. A link is followed, and a device or pipe
    such as ``/dev/stdout`` is written to as it is.

    Raises:
        UsageError: the file cannot be written, a DiskFullError where that is for want of room, and
            what stood there before is untouched; or stdout is full, or its reader left.
    """
    write_bytes(path, utf8(text))


def write_bytes(path: str | os.PathLike[str], content: bytes, *, sole_writer: bool = False) -> None:
    """Write to where :func:`write_text` writes, as it does.

    Args:
        path: of a file, or ``-``.
        content: the whole of it.
        sole_writer: whether no other process can be writing to the same file. What a kill leaves
            beside it is then gone once the file is written again.

    Raises:
        UsageError: as :func:`write_text`.
    """
    if os.fspath(path) == STDOUT:
        _print_whole(content)
        return
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(Path(os.path.realpath(target)), content, sole_writer=sole_writer)
    except OSError as error:
        raise not_written(target, error) from error


def not_written(path: str | os.PathLike[str], error: OSError) -> UsageError:
    """Return what is told of a file that the system would not take."""
    kind = DiskFullError if error.errno in DISK_FULL else UsageError
    return kind(f"{os.fspath(path)}: cannot be written: {error.strerror}")


def _print_whole(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except OSError as error:  # of a pipe too: exit code 0 means that the result was delivered
        raise UsageError(f"the result cannot be printed: {error.strerror}") from error


def _replace(target: Path, content: bytes, *, sole_writer: bool) -> None:
    """Put ``content`` in the place of ``target`` in one step, with the mode that it had."""
    temporary = target.with_name(f".{target.name if sole_writer else uuid.uuid4().hex}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if sole_writer:
            temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            _take_after(target, descriptor)  # before the content, which may be private
            file.write(content)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _take_after(target: Path, descriptor: int) -> None:
    """Give a new file the owner, as far as that is allowed, and the mode of an existing one."""
    try:
        kept = target.stat()
    except FileNotFoundError:
        return
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, kept.st_uid, kept.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(kept.st_mode))


def utf8(text: str) -> bytes:
    """Encode ``text``; a lone surrogate becomes its escape, which JSON reads back as it was."""
    return text.encode("utf-8", "backslashreplace")
