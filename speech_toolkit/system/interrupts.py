"""Signals that ask a process to end: cleaned up after, and never where they would crash it."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

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

    So SIGTERM and SIGHUP leave no more behind than Ctrl-C does. A signal that is ignored stays so,
    as `nohup` wants it. A second request does not wait for what the first one's cleaning up takes.
    What another package makes of the exception, such as an ImportError, is an interrupt still.
    """
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise Interrupted(number)

    with _handled(end, lambda handler: handler not in (signal.SIG_IGN, None)):
        try:
            yield
        except Exception as error:
            if not came:
                raise
            raise Interrupted(came[0]) from error


@contextlib.contextmanager
def interrupt_deferred(on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let the signals that Python handles wait for the end of the ``with`` block.

    A Ctrl-C while torch is imported can hit one of its C++ constructors, which ends the process
    with "terminate called". A second one does not wait.

    Args:
        on_wait: called when the first one has come, to tell that it was heard.
    """
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            handlers[number](number, frame)
        else:
            on_wait()

    with _handled(remember, callable) as handlers:
        yield
    if came:
        handlers[came[0]](came[0], None)


@contextlib.contextmanager
def background_worker() -> Iterator[ThreadPoolExecutor]:
    """Give a thread whose work is waited for at the end of the block, unless that ends by an error.

    The work may be to read from a pipe that nobody fills.
    """
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@contextlib.contextmanager
def _handled(handler: _Handler, replaces: Callable[[Any], bool]) -> Iterator[dict[int, Any]]:
    """Handle the ending signals in the ``with`` block, and give the handlers that they had.

    Outside the main thread, where Python handles no signals, nothing changes.

    Args:
        handler: called once for signals in quick succession.
        replaces: whether the handler of a signal is to be replaced.
    """
    latest_s = float("-inf")

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal latest_s
        now_s = time.monotonic()
        if now_s - latest_s >= _SAME_REQUEST_S:
            latest_s = now_s
            handler(number, frame)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
        before = {number: each for number, each in found.items() if replaces(each)}
    try:
        for number in before:
            signal.signal(number, handle)
        yield before
    finally:
        for number, each in before.items():
            signal.signal(number, each)
