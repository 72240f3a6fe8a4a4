"""The child's side of an isolated run: call the function, leave its outcome in files.

`speech_toolkit.evaluation.process.runner` starts it and reads the files.
"""

import gc
import importlib
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from speech_toolkit.errors import OperatorError, ToolkitError, first_line
from speech_toolkit.files.scratch import scratch_errors

CALL_FILE = "call.json"
OUTCOME_FILE = "outcome.json"
PARTIAL_FILE = "partial.json"
ARRAYS_FILE = "arrays.npz"
ERROR_PREFIX = "error: "
DONE_PREFIX = "[DONE] "
_EXIT_OUT_OF_MEMORY = 1

_folder: Path | None = None


def save_partial(result: Mapping[str, Any]) -> None:
    """Keep what a run has so far, in place of what it kept before; a time-out leaves it.

    Does nothing in a process that is no isolated run.
    """
    if _folder is not None:
        _write(_folder / PARTIAL_FILE, result)


def report_done(units: int = 1) -> None:
    """Tell the process that waits of units of work that are done; not while a call is timed.

    Does nothing in a process that is no isolated run.
    """
    if _folder is not None:
        print(f"{DONE_PREFIX}{units}", flush=True)


def spare_loaded() -> None:
    """Keep the cycle collector from walking, inside a call that is timed, what is loaded by now.

    Does nothing in a process that is no isolated run.
    """
    if _folder is not None:
        gc.collect()
        gc.freeze()


def main(directory: str, parent_pipe: str) -> None:
    """Make the call that ``directory`` describes and leave its outcome there.

    Args:
        directory: of the call.
        parent_pipe: descriptor of a pipe that ends with the process that waits for the outcome.
    """
    global _folder
    _folder = Path(directory)
    guard = _die_with_parent(int(parent_pipe))
    try:
        _call()
    finally:
        os.kill(guard, signal.SIGKILL)
        os.waitpid(guard, 0)


def _call() -> None:
    _log_to_parent()
    call = json.loads((_folder / CALL_FILE).read_text(encoding="utf-8"))
    module, _, function = call["target"].partition(":")
    try:
        result, arrays = getattr(importlib.import_module(module), function)(call["payload"])
        _save(result, arrays)
    except ToolkitError as error:
        _leave(_status_of(error), str(error), error.exit_code)
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        _leave("out_of_memory", f"out of memory ({first_line(error)})", _EXIT_OUT_OF_MEMORY)


def _log_to_parent() -> None:
    """Print what the package logs as lines that the parent takes apart."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    logger = logging.getLogger("speech_toolkit")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def _save(result: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    if arrays:
        import numpy as np

        with scratch_errors():
            np.savez(_folder / ARRAYS_FILE, **arrays)
    _write(_folder / OUTCOME_FILE, {"status": "ok", "message": None, "result": result})


def _leave(status: str, message: str, exit_code: int) -> None:
    """Write the outcome of a run that failed, print it where there is no room, and end."""
    traceback.print_exc()
    try:
        _write(_folder / OUTCOME_FILE, {"status": status, "message": message, "result": None})
    except ToolkitError:
        print(f"{ERROR_PREFIX}{message}", flush=True)
    sys.exit(exit_code)


def _status_of(error: ToolkitError) -> str:
    if _is_out_of_memory(error):
        return "out_of_memory"
    return "device_failed" if isinstance(error, OperatorError) else "error"


def _is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error, or what caused it, is a lack of memory."""
    if isinstance(error, MemoryError):
        return True
    if "torch" not in sys.modules:
        return False
    from speech_toolkit.device import is_out_of_memory

    return is_out_of_memory(error) or (
        error.__cause__ is not None and is_out_of_memory(error.__cause__)
    )


def _die_with_parent(parent_pipe: int) -> int:
    """Start a process that kills this one, and all that it started, when the parent is gone.

    A process sees the end of the pipe at once where a thread would wait for native code, and
    reaches what Linux's own signal for a dead parent does not: children of children.

    Returns:
        Its process id.
    """
    guard = os.fork()
    if guard == 0:
        _kill_group_after(parent_pipe)
    os.close(parent_pipe)
    return guard


def _kill_group_after(parent_pipe: int) -> NoReturn:
    try:
        for standard_stream in range(3):
            os.close(standard_stream)
        os.read(parent_pipe, 1)  # returns when the parent is gone, which never writes
    finally:
        os.killpg(0, signal.SIGKILL)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that a reader meets the whole of it or nothing."""
    part = path.with_suffix(".part")
    with scratch_errors():
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(path)
