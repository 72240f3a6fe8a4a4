import logging

from speech_toolkit.progress import UNWATCHED


def test_unwatched_work_logs_warnings_as_such_and_the_rest_for_debugging(monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("speech_toolkit"), "propagate", True)
    with caplog.at_level(logging.DEBUG, logger="speech_toolkit"):
        UNWATCHED.info("loading")
        UNWATCHED.time("Inference", 1.5, "3 windows")
        UNWATCHED.debug("detail")
        UNWATCHED.warning("clipped")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
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
