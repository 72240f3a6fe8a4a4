import argparse
import io
import logging
import os

import pytest

from speech_toolkit.command_line import (
    Reporter,
    check_output_path,
    number,
    output_format,
    positive_int,
    reporter_from,
    run_script,
)
from speech_toolkit.errors import AudioError, UsageError


@pytest.fixture(autouse=True)
def package_logger():
    """Give the package's logger back as it was found."""
    logger = logging.getLogger("speech_toolkit")
    kept = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = kept


def test_report_has_the_published_shape(capsys):
    reporter = Reporter()
    reporter.banner("Running inference on: npu")
    reporter.info("Loading model from: .")
    reporter.time("Audio load", 0.004, "duration: 5.00s")
    reporter.time("Alignment", 0.01)
    reporter.result("Aligned 41 segments")
    assert capsys.readouterr().out.splitlines() == [
        "=" * 60,
        "Running inference on: npu",
        "=" * 60,
        "[INFO] Loading model from: .",
        "[TIME] Audio load: 0.00s (duration: 5.00s)",
        "[TIME] Alignment: 0.01s",
        "[RESULT] Aligned 41 segments",
    ]


def test_quiet_keeps_warnings_only(capsys):
    reporter = Reporter(quiet=True)
    reporter.info("hidden")
    reporter.debug("hidden")
    reporter.warning("seen")
    assert capsys.readouterr() == ("", "[WARNING] seen\n")


def test_report_leaves_stdout_to_the_json_when_it_goes_there(capsys):
    arguments = argparse.Namespace(output="-", quiet=False, verbose=True)
    reporter = reporter_from(arguments)
    reporter.info("line")
    logging.getLogger("speech_toolkit.device").info("logged")
    logging.getLogger("speech_toolkit.device").debug("detail")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "[INFO] line\n[INFO] logged\n[DEBUG] detail\n"


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", ""])
def test_number_above_zero_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number above 0"):
        number(0, above=True)(text)


def test_number_and_positive_int_accept_their_range():
    assert number(0)("0") == 0
    assert number(0, above=True)("0.5") == 0.5
    assert positive_int("3") == 3


@pytest.mark.parametrize("text", ["0", "-2", "1.5", "many"])
def test_positive_int_refuses(text):
    with pytest.raises(argparse.ArgumentTypeError, match="whole number of at least 1"):
        positive_int(text)


def test_output_path_is_checked_before_the_work(tmp_path):
    check_output_path("-")
    check_output_path(str(tmp_path / "new" / "result.json"))
    with pytest.raises(UsageError, match="is a directory"):
        check_output_path(str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be created"):
        check_output_path(str(tmp_path / "file" / "result.json"))
    with pytest.raises(UsageError, match="File name too long"):
        check_output_path(str(tmp_path / ("x" * 300)))
    with pytest.raises(UsageError, match="is a directory"):
        check_output_path(str(tmp_path / "new") + "/")


def test_the_suffix_of_an_output_names_its_format():
    assert output_format("a.b/x.SRT", ("json", "srt")) == "srt"
    for name in ("-", "x", "talk_0.5", ".hidden", "/dev/null", "dir.srt/x"):
        assert output_format(name, ("json",)) == "json"
    for name in ("x.srt", "x.TextGrid", "x.JSONL", "x.docx"):
        with pytest.raises(UsageError, match=r"not a format .* end the name in \.json"):
            output_format(name, ("json",))


def test_report_goes_on_when_its_reader_leaves():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        report = Reporter(stream=stream)
        report.line("lost")
        report.line("lost too")


@pytest.mark.parametrize(
    ("outcome", "code", "message"),
    [
        (0, 0, ""),
        (1, 1, ""),
        (AudioError("a.wav is empty"), 2, "error: a.wav is empty\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_script_ends_with_the_exit_code_of_what_happened(outcome, code, message, capsys):
    def main():
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    with pytest.raises(SystemExit) as exit_info:
        run_script(main)
    assert exit_info.value.code == code
    assert capsys.readouterr().err == message


def test_bug_is_not_dressed_up_as_wrong_input():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_script(main)


def test_closed_streams_are_no_error_and_none_stands_in_for_the_other(monkeypatch, capsys):
    def main():
        Reporter().warning("for stderr")
        return 0

    monkeypatch.setattr("sys.stderr", None)
    with pytest.raises(SystemExit) as exit_info:
        run_script(main)
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(SystemExit) as exit_info:
        run_script(main)
    assert exit_info.value.code == 0


def test_what_the_encoding_of_stdout_lacks_is_escaped(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    with pytest.raises(SystemExit):
        run_script(lambda: Reporter().info("größe.json \udcff") or 0)
    assert written.getvalue() == b"[INFO] gr\\xf6\\xdfe.json \\udcff\n"
