"""The child's side of an isolated run: call the function, leave its outcome in files.

`speech_toolkit.processes.runner` starts it and reads the files.
"""

import gc
import importlib
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.errors import OperatorError, ToolkitError, first_line
from speech_toolkit.files.scratch import scratch_errors
from speech_toolkit.processes.guard import dies_with_parent
from speech_toolkit.processes.relay import DONE_PREFIX, log_to_parent

CALL_FILE = "call.json"
OUTCOME_FILE = "outcome.json"
PARTIAL_FILE = "partial.json"
ARRAYS_FILE = "arrays.npz"
ERROR_PREFIX = "error: "
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
    with dies_with_parent(int(parent_pipe)):
        _call()


def _call() -> None:
    log_to_parent()
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


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that a reader meets the whole of it or nothing."""
    part = path.with_suffix(".part")
    with scratch_errors():
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(path)
