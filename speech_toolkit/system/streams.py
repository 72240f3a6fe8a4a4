"""The standard streams where they are closed, narrow, or written to by native code."""

import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

STDOUT = "-"  # where a file is named, and not one


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send to stderr whatever is written to stdout meanwhile, by Python or by a C library.

    torch_npu and CANN print warnings to stdout, where a caller expects JSON.
    """
    _flush_stdout()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a notebook's stdout is no descriptor
            yield
    finally:
        _flush_stdout()
        os.dup2(kept, 1)
        os.close(kept)


def _flush_stdout() -> None:
    """Empty Python's buffer and the C library's, which holds what native code printed."""
    if sys.stdout:
        sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)


def discard_output(stream: TextIO) -> None:
    """Send what is still written to a stream whose reader left to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def make_streams_printable() -> None:
    """Replace streams that the shell closed; escape on stdout what its encoding lacks."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # free: the next file opened would take it, and native code print into that
            os.open(os.devnull, os.O_RDWR)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def stdout_is_closed() -> bool:
    """Tell whether the shell closed stdout, so that :func:`make_streams_printable` stands in."""
    return sys.stdout is None or getattr(sys.stdout, "name", None) == os.devnull
