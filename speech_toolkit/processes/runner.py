"""Run a function in a process of its own, so that its crash or its hanging costs nothing else.

The child is a fresh interpreter with the parent's import path and environment. The parent imports
no torch and calls nothing of `speech_toolkit.device` that sets variables: `select_device` in the
child therefore meets the user's environment, and reports rightly who set what.

    outcome = run_isolated("package.module:function", {"n": 3}, label="npu:0", timeout_s=600)
    if outcome.ok:
        use(outcome.result, outcome.arrays)

The function is called with the payload and returns a dict for JSON and a dict of NumPy arrays. It
may save what it has so far with `child.save_partial`, which outlives a time-out or crash.
"""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit.device.fallbacks import fallbacks_in
from speech_toolkit.errors import ToolkitError
from speech_toolkit.files.scratch import scratch_errors, scratch_folder
from speech_toolkit.processes.child import (
    ARRAYS_FILE,
    CALL_FILE,
    ERROR_PREFIX,
    OUTCOME_FILE,
    PARTIAL_FILE,
)
from speech_toolkit.processes.deaths import (
    HOST_MEMORY_TEXT,
    end_in_words,
    host_memory_kills,
    killed_for_memory,
)
from speech_toolkit.processes.group import ProcessGroup
from speech_toolkit.processes.relay import Relay
from speech_toolkit.progress import UNWATCHED, Bar, Progress

if TYPE_CHECKING:
    import numpy as np

OK, ERROR, DEVICE_FAILED, CRASH, OUT_OF_MEMORY, TIMED_OUT = (
    "ok",
    "error",
    "device_failed",
    "crash",
    "out_of_memory",
    "timed_out",
)
_ENTRY = "speech_toolkit.processes.child:main"


@dataclass(frozen=True)
class Outcome:
    """How an isolated run ended, and what is left of it.

    Attributes:
        label: what ran, as messages name it.
        status: "ok"; "error" for a :class:`ToolkitError` of the child, whose input or device
            cannot be used; "device_failed" for an operator that failed; "crash" for a signal or an
            exception that nobody foresaw; "out_of_memory" of the device or the host; "timed_out".
        result: the dict returned; where the run did not end well, what was saved last, or None.
        arrays: the arrays returned, empty where the run did not end well.
        message: one line about what went wrong, None for "ok".
        exit_code: of the process, negative for a signal.
        elapsed_s: seconds from start to end, the interpreter's start included.
        log_tail: the last lines that the child printed.
    """

    label: str
    status: str
    result: dict[str, Any] | None
    arrays: dict[str, "np.ndarray"] = field(repr=False)
    message: str | None
    exit_code: int
    elapsed_s: float
    log_tail: tuple[str, ...] = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.status == OK

    @property
    def fallback_ops(self) -> list[str]:
        """The operators that ran on the CPU instead, from what it noted and from the log."""
        noted = (self.result or {}).get("fallback_ops", ())
        return sorted({*noted, *fallbacks_in(self.log_tail)})


def run_isolated(
    target: str,
    payload: Mapping[str, Any],
    *,
    label: str,
    timeout_s: float | None,
    env: Mapping[str, str | None] | None = None,
    progress: Progress = UNWATCHED,
    bar: Bar | None = None,
) -> Outcome:
    """Call a function in a process of its own and wait for it.

    Args:
        target: "package.module:function", importable with this process's ``sys.path``.
        payload: what the function is called with, ready for JSON.
        label: names the run in messages.
        timeout_s: seconds after which the process and all that it started are killed; None to wait
            for ever.
        env: variables to set beside those of this process; a value of None removes one.
        progress: where the child's report lines and warnings go, each after the label; everything
            else that it prints is shown when the progress is verbose.
        bar: grows with what the child tells of by `child.report_done`; None to let it pass.

    Returns:
        The outcome. A child that fails is no exception here.

    Raises:
        ToolkitError: no temporary files can be written.
    """
    with scratch_folder() as folder:
        call = {"target": target, "payload": dict(payload)}
        with scratch_errors():
            (folder / CALL_FILE).write_text(json.dumps(call), encoding="utf-8")
        kills_before = host_memory_kills()
        started = time.perf_counter()
        with _started(folder, env) as group:
            relay = Relay(group.process.stdout, label, progress, bar)
            in_time = group.wait(timeout_s)
        end = _End(
            label,
            exit_code=group.exit_code,
            timed_out_after_s=None if in_time else timeout_s,
            elapsed_s=time.perf_counter() - started,
            kills_before=kills_before,
            tail=relay.finish(),
        )
        return end.outcome(folder)


@dataclass(frozen=True)
class _End:
    """How a child ended, as seen from outside.

    Attributes:
        label: what ran.
        exit_code: of the process, negative for a signal.
        timed_out_after_s: the time that it had and outran; None where it ended by itself.
        elapsed_s: from start to end.
        kills_before: see :func:`host_memory_kills`, when it started.
        tail: the last lines that it printed.
    """

    label: str
    exit_code: int
    timed_out_after_s: float | None
    elapsed_s: float
    kills_before: int | None
    tail: tuple[str, ...]

    def outcome(self, folder: Path) -> Outcome:
        """Read what the child left in its folder."""
        ended = _read_json(folder / OUTCOME_FILE)
        if self.timed_out_after_s is not None:
            status, message = TIMED_OUT, f"timed out after {self.timed_out_after_s:g} s"
        elif ended is not None:
            status, message = ended["status"], ended["message"]
        else:
            status, message = _cause_of_death(self.exit_code, self.kills_before, self.tail)
        whole = status == OK
        return Outcome(
            label=self.label,
            status=status,
            result=ended["result"] if whole else _read_json(folder / PARTIAL_FILE),
            arrays=_read_arrays(folder / ARRAYS_FILE) if whole else {},
            message=message,
            exit_code=self.exit_code,
            elapsed_s=self.elapsed_s,
            log_tail=self.tail,
        )


@contextlib.contextmanager
def _started(folder: Path, env: Mapping[str, str | None] | None) -> Iterator[ProcessGroup]:
    """Start the child in a process group of its own, which is dead after the ``with`` block."""
    group = ProcessGroup(_ENTRY, [str(folder)], env)
    try:
        yield group
    finally:
        group.kill()


def _cause_of_death(
    exit_code: int, kills_before: int | None, tail: tuple[str, ...]
) -> tuple[str, str]:
    """Return status and message of a child that left without telling its outcome.

    Where the disk had no room for its outcome, it printed one; what the interpreter closes at its
    end may print more.
    """
    if killed_for_memory(exit_code, kills_before):
        return OUT_OF_MEMORY, HOST_MEMORY_TEXT
    told = next((line for line in reversed(tail) if line.startswith(ERROR_PREFIX)), None)
    if exit_code == ToolkitError.exit_code and told is not None:
        return ERROR, told.removeprefix(ERROR_PREFIX)
    return CRASH, end_in_words(exit_code, tail)


def _read_json(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _read_arrays(path: Path) -> dict[str, "np.ndarray"]:
    if not path.exists():
        return {}
    import numpy as np

    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}
