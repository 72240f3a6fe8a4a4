import logging

import pytest


@pytest.fixture(autouse=True)
def package_logger():
    """Give the package's logger back as it was found."""
    logger = logging.getLogger("speech_toolkit")
    kept = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = kept
