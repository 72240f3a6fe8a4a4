"""Fixtures that every test can use."""

import logging
import signal

import pytest

pytest_plugins = ["tests.emulated_npu.fixture"]


def pytest_configure():
    """Take signals again that a shell or ``nohup`` shuts off for tests in the background."""
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    for number, handler in handlers.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(autouse=True)
def package_logger():
    """Give the package's logger back as it was found: a script that ran here has taken it."""
    logger = logging.getLogger("speech_toolkit")
    kept = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = kept
