"""Let an interrupt wait where it would crash the process."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def interrupt_deferred() -> Iterator[None]:
    """Raise a KeyboardInterrupt at the end of the ``with`` block instead of inside it.

    A Ctrl-C while torch is imported can hit one of its C++ constructors, which ends the process
    with "terminate called". A second Ctrl-C does not wait. Outside the main thread, where Python
    handles no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, handler)

    handler = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        raise KeyboardInterrupt
