"""Signals that ask a process to end: cleaned up after, and never where they would crash it."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_REQUEST_S = 0.5  # `timeout` sends its signal twice, to the process and to its group

_Handler = Callable[[int, FrameType | None], object]


class Interrupted(KeyboardInterrupt):
    """A signal asks this process to end.

    Attributes:
        exit_code: what shells report for a process that the signal ended: 128 and its number.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__()
        self.exit_code = 128 + signal_number


@contextlib.contextmanager
def signals_raised() -> Iterator[None]:
    """Raise :class:`Interrupted` in the ``with`` block when the process is asked to end.

    So that SIGTERM and SIGHUP leave no more behind than Ctrl-C does. A signal that is ignored
    stays so: `nohup` asks for that. A second request does not wait for the first one's cleaning up.
    Outside the main thread, where Python handles no signals, nothing changes.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled_by(_once_a_request(end)):
        yield


@contextlib.contextmanager
def interrupt_deferred() -> Iterator[None]:
    """Let a signal that ends the process by a Python handler wait for the end of the block.

    A Ctrl-C while torch is imported can hit one of its C++ constructors, which ends the process
    with "terminate called". A second one does not wait.
    """
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            handlers[number](number, frame)

    with _handled_by(_once_a_request(remember), lambda current: callable(current)) as handlers:
        yield
    if came:
        handlers[came[0]](came[0], None)


@contextlib.contextmanager
def _handled_by(
    handler: _Handler, replaces: Callable[[object], bool] = lambda current: current != signal.SIG_IGN
) -> Iterator[dict[int, _Handler]]:
    """Handle the ending signals by ``handler`` in the block; give the handlers they had before."""
    if threading.current_thread() is not threading.main_thread():
        yield {}
        return
    before = {
        number: signal.signal(number, handler)
        for number in ENDING_SIGNALS
        if replaces(signal.getsignal(number))
    }
    try:
        yield before
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def _once_a_request(handler: _Handler) -> _Handler:
    """Return a handler that takes signals in quick succession for one."""
    latest_s = float("-inf")

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal latest_s
        now_s = time.monotonic()
        is_repeated, latest_s = now_s - latest_s < _SAME_REQUEST_S, now_s
        if not is_repeated:
            handler(number, frame)

    return handle
