"""Fixtures that every test can use."""

import signal

pytest_plugins = ["tests.emulated_npu.fixture"]


def pytest_configure():
    """Take interrupts again where a shell that runs the tests in the background shuts them off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
