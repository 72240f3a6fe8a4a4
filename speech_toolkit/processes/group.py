"""The parent's side of a child: a fresh interpreter in a process group of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence

_BOOT = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "module, _, name = sys.argv[2].partition(':'); "
    "getattr(importlib.import_module(module), name)(*sys.argv[3:])"
)
_DEATH_S = 10.0


class ProcessGroup:
    """A child and all that it starts: no Ctrl-C reaches them, and they end with this process.

    The child has the parent's import path and environment, and nothing of its main module. What it
    prints goes into a pipe. It watches one end of another, whose other end is closed by the death
    of this process, whatever that dies of; see
    :func:`speech_toolkit.processes.guard.dies_with_parent`.

    Args:
        entry: "package.module:function", importable with this process's ``sys.path``; it is called
            with ``arguments`` and the descriptor of the pipe to watch.
        arguments: texts.
        env: variables to set beside those of this process; a value of None removes one.
        descriptors: open files that the child inherits.
    """

    def __init__(
        self,
        entry: str,
        arguments: Sequence[str],
        env: Mapping[str, str | None] | None = None,
        descriptors: Iterable[int] = (),
    ) -> None:
        variables = {**os.environ, **(env or {})}
        watched, self._kept = os.pipe()
        command = [json.dumps(sys.path), entry, *arguments, str(watched)]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={name: value for name, value in variables.items() if value is not None},
                encoding="utf-8",
                errors="backslashreplace",
                process_group=0,
                pass_fds=(watched, *descriptors),
            )
        except BaseException:
            os.close(self._kept)
            raise
        finally:
            os.close(watched)

    @property
    def exit_code(self) -> int:
        """The child's, once it is known, negative for a signal; SIGKILL's while it is not."""
        code = self.process.poll()
        return -signal.SIGKILL if code is None else code

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the child's own end, and tell whether it came in time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout_s)
            return True
        return False

    def kill(self) -> None:
        """End what is left of the group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # a driver may not let it go
            self.process.wait(_DEATH_S)
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None
