import signal
import threading

import pytest

from speech_toolkit.system import interrupts
from speech_toolkit.system.interrupts import (
    ENDING_SIGNALS,
    Interrupted,
    background_worker,
    interrupt_deferred,
    signals_raised,
)


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_interrupt_waits_for_the_end_of_the_block():
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupt_deferred():
        press_ctrl_c()
        reached.append("end")
    assert reached == ["end"]


def test_second_interrupt_does_not_wait(monkeypatch):
    monkeypatch.setattr(interrupts, "_SAME_REQUEST_S", 0.0)
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupt_deferred():
        press_ctrl_c()
        press_ctrl_c()
        reached.append("end")
    assert reached == []


def test_nothing_is_raised_without_an_interrupt_and_the_handler_is_as_before():
    before = signal.getsignal(signal.SIGINT)
    with interrupt_deferred():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_error_of_the_block_comes_first():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ImportError), interrupt_deferred():
        press_ctrl_c()
        raise ImportError
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_have_no_handlers_to_set():
    before, seen = signal.getsignal(signal.SIGINT), []

    def enter():
        with interrupt_deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.fixture
def handlers():
    """Leave the handlers as they were, whatever a test sets."""
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_every_signal_that_ends_a_process_is_raised(handlers, number, exit_code):
    before = signal.getsignal(number)
    cleaned = []
    with pytest.raises(Interrupted) as interrupted, signals_raised():
        try:
            signal.raise_signal(number)
        finally:
            cleaned.append(number)
    assert interrupted.value.exit_code == exit_code
    assert isinstance(interrupted.value, KeyboardInterrupt)
    assert cleaned == [number]
    assert signal.getsignal(number) is before


def test_a_signal_sent_twice_does_not_disturb_the_cleaning_up(handlers):
    """`timeout` sends its signal to the process and to its group."""
    cleaned = []
    with pytest.raises(Interrupted), signals_raised():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            cleaned.append(True)
    assert cleaned


def test_what_nohup_ignores_stays_ignored(handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_raised():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_an_interrupt_that_became_another_error_is_one_still(handlers):
    """Extension modules that are interrupted while they are imported raise an ImportError."""
    with pytest.raises(Interrupted) as interrupted, signals_raised():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise ImportError("Encountered an error while initializing the extension.") from None
    assert interrupted.value.exit_code == 143
    with pytest.raises(ImportError), signals_raised():
        raise ImportError


def test_termination_waits_where_an_interrupt_does(handlers):
    reached = []
    with pytest.raises(Interrupted) as interrupted, signals_raised(), interrupt_deferred():
        signal.raise_signal(signal.SIGTERM)
        reached.append("end")
    assert reached == ["end"]
    assert interrupted.value.exit_code == 143


def test_an_error_does_not_wait_for_work_that_never_ends():
    endless = threading.Event()
    with pytest.raises(ZeroDivisionError), background_worker() as worker:
        worker.submit(endless.wait)
        raise ZeroDivisionError
    endless.set()


def test_the_end_of_the_block_waits_for_the_work():
    done = []
    with background_worker() as worker:
        worker.submit(lambda: done.append(True))
    assert done
