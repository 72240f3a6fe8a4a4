"""Fixtures that every test can use."""

import signal

pytest_plugins = ["tests.emulated_npu.fixture"]


def pytest_configure():
    """Take signals again that a shell or ``nohup`` shuts off for tests in the background."""
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    for number, handler in handlers.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
