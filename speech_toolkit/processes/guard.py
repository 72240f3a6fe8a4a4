"""The child's side of dying with its parent, whatever that dies of."""

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import NoReturn

_STANDARD_STREAMS = 3


@contextlib.contextmanager
def dies_with_parent(parent_pipe: int) -> Iterator[None]:
    """Let this process, and all that it started, be killed in the block when the parent is gone.

    A process sees the end of the pipe at once where a thread would wait for native code, and
    reaches what Linux's own signal for a dead parent does not: children of children. It is started
    before anything large is imported.

    Args:
        parent_pipe: descriptor of a pipe that ends with the parent.
    """
    guard = os.fork()
    if guard == 0:
        _kill_group_after(parent_pipe)
    os.close(parent_pipe)
    try:
        yield
    finally:
        os.kill(guard, signal.SIGKILL)
        os.waitpid(guard, 0)


def _kill_group_after(parent_pipe: int) -> NoReturn:
    try:
        for standard_stream in range(_STANDARD_STREAMS):
            os.close(standard_stream)
        # What else it inherited would look open to the parent when the child is gone.
        os.closerange(_STANDARD_STREAMS, parent_pipe)
        os.closerange(parent_pipe + 1, os.sysconf("SC_OPEN_MAX"))
        os.read(parent_pipe, 1)  # returns when the parent is gone, which never writes
    finally:
        os.killpg(0, signal.SIGKILL)
