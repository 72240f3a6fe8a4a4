import signal
import threading

import pytest

from speech_toolkit.interrupts import interrupt_deferred


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_interrupt_waits_for_the_end_of_the_block():
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupt_deferred():
        press_ctrl_c()
        reached.append("end")
    assert reached == ["end"]


def test_second_interrupt_does_not_wait():
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
