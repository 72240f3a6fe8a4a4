import logging

import pytest

from speech_toolkit.progress import UNWATCHED, HiddenBar, counted_as


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append((record.levelname, record.getMessage()))


def test_unwatched_work_logs_warnings_as_such_and_the_rest_for_debugging(monkeypatch):
    logger, kept = logging.getLogger("speech_toolkit"), Kept()
    monkeypatch.setattr(logger, "handlers", [kept])
    monkeypatch.setattr(logger, "propagate", False)
    level = logger.level
    try:
        logger.setLevel(logging.DEBUG)
        UNWATCHED.info("loading")
        UNWATCHED.time("Inference", 1.5, "3 windows")
        UNWATCHED.debug("detail")
        UNWATCHED.warning("clipped")
    finally:
        logger.setLevel(level)
    assert kept.lines == [
        ("DEBUG", "loading"),
        ("DEBUG", "Inference: 1.50 s (3 windows)"),
        ("DEBUG", "detail"),
        ("WARNING", "clipped"),
    ]


def test_a_bar_that_is_not_shown_counts(capsys):
    with UNWATCHED.progress_bar(total=3, label="Alignment", unit="%") as bar:
        bar.update()
        bar.update(2 - bar.n)
    assert bar.n == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("told", [0, 3, 5, 8])
def test_work_counts_for_as_much_as_was_said_before(told):
    bar = HiddenBar()
    bar.update(10)
    with counted_as(5, bar):
        bar.update(told)
        assert bar.n == 10 + told
    assert bar.n == 15
