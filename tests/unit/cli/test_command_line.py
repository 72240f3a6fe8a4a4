import argparse
import importlib
import io
import logging
import os
from pathlib import Path

import pytest

from speech_toolkit.cli.arguments import comma_separated, number
from speech_toolkit.cli.reporter import Reporter, reporter_from
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.errors import AudioError
from speech_toolkit.ranges import BATCH_SIZE, WINDOW_S


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
    logging.getLogger("speech_toolkit.device.device").info("logged")
    logging.getLogger("speech_toolkit.device.device").debug("detail")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "[INFO] line\n[INFO] logged\n[DEBUG] detail\n"


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", "", "3601", "1e12", "9" * 5000])
def test_a_number_out_of_its_range_is_refused_in_a_short_line(text):
    with pytest.raises(argparse.ArgumentTypeError, match="not a number above 0, at most 3600") as e:
        number(WINDOW_S)(text)
    assert len(str(e.value)) < 150


@pytest.mark.parametrize("text", ["0", "-2", "1.5", "many", "4097", "1" + "0" * 30, "9" * 5000])
def test_a_whole_number_out_of_its_range_is_refused_in_a_short_line(text):
    with pytest.raises(argparse.ArgumentTypeError, match="whole number of at least 1, at") as e:
        number(BATCH_SIZE)(text)
    assert len(str(e.value)) < 150


def test_numbers_of_a_range_are_taken():
    assert number(WINDOW_S)("0.5") == 0.5
    assert number(WINDOW_S)("3600") == 3600
    assert number(BATCH_SIZE)("3") == 3
    assert comma_separated(number(BATCH_SIZE))("1, 4,1") == (1, 4)


@pytest.mark.parametrize(
    "script", ["inference_mms", "inference_whisper", "evaluate", "eval_accuracy", "eval_perf"]
)
def test_every_number_shows_its_range_in_the_help(script):
    """A number without a range would be taken up to what breaks the run."""
    parser = importlib.import_module(script).build_parser()
    for action in parser._actions:
        if isinstance(action.default, int | float) and action.nargs != 0:
            assert action.type is not None, action.dest
        if action.type is not None and " to " in action.type.__name__:
            assert "%(type)s" in action.help, action.dest
        else:
            assert action.type not in (int, float), action.dest


ODD = ("", " ", "0", "-1", "nan", "inf", "-inf", "1e400", "1e-400", "9" * 5000, "0x10", "none")
ODD += ("1,,2", ",", "%", "1e300%", "\udcff", "\0", "٣", "x" * 5000, "=", "a=b", "-", "--", "[1]")


@pytest.mark.parametrize(
    "script", ["inference_mms", "inference_whisper", "evaluate", "eval_accuracy", "eval_perf"]
)
def test_no_odd_value_of_any_argument_is_more_than_wrong_usage(script, capsys):
    parser = importlib.import_module(script).build_parser()
    flags = [(action.dest, flag) for action in parser._actions for flag in action.option_strings]
    for action in parser._actions:
        action.required = False
    for _, flag in flags:
        for value in ODD:
            try:
                parser.parse_args([f"{flag}={value}"])
            except SystemExit as leaving:
                assert leaving.code in (0, 2), (flag, value[:20])
            assert max(map(len, capsys.readouterr().err.splitlines()), default=0) < 700


@pytest.mark.parametrize(
    ("script", "flag"),
    [
        ("inference_mms", "--language"),
        ("inference_mms", "--audio"),
        ("inference_mms", "--model_path"),
        ("inference_whisper", "--output"),
        ("inference_whisper", "--html"),
        ("evaluate", "--devices"),
        ("eval_accuracy", "--manifest"),
        ("eval_perf", "--compare"),
    ],
)
def test_an_empty_value_is_refused_by_name(script, flag, capsys):
    with pytest.raises(SystemExit) as exit_info:
        importlib.import_module(script).build_parser().parse_args([flag, ""])
    assert exit_info.value.code == 2
    assert f"argument {flag}: the value is empty" in capsys.readouterr().err


def test_an_error_is_one_short_line_whatever_the_user_wrote(capsys):
    def main():
        raise AudioError("two\nlines and " + "x" * 5000)

    with pytest.raises(SystemExit):
        run_script(main)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: two lines and xxx")
    assert len(line) < 300


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


def bug():
    return 1 / 0


def test_a_bug_is_one_line_and_a_file_with_its_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(SystemExit) as exit_info:
        run_script(bug)
    (file,) = tmp_path.iterdir()
    assert exit_info.value.code == 70
    assert capsys.readouterr().err == (
        f"internal error: ZeroDivisionError: division by zero; please report it with {file}\n"
    )
    assert "return 1 / 0" in file.read_text()


def test_a_bug_where_no_file_can_be_written_and_when_verbose(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    with pytest.raises(SystemExit) as exit_info:
        run_script(bug)
    assert exit_info.value.code == 70
    assert "return 1 / 0" in capsys.readouterr().err

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["script", "--verbose"])
    with pytest.raises(SystemExit):
        run_script(bug)
    assert "return 1 / 0" in capsys.readouterr().err


def test_more_memory_than_there_is_is_no_bug(capsys):
    def main():
        raise MemoryError("Unable to allocate 7 PiB")

    with pytest.raises(SystemExit) as exit_info:
        run_script(main)
    assert exit_info.value.code == 2
    assert "error: out of memory (Unable to allocate 7 PiB)" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_report_goes_on_when_the_disk_is_full(capsys):
    with Path("/dev/full").open("w") as stream:
        report = Reporter(stream=stream)
        report.line("lost")
        report.line("lost too")
    assert capsys.readouterr().err == (
        "[WARNING] the report cannot be printed: No space left on device\n"
    )


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


@pytest.mark.parametrize(
    ("script", "argument"),
    [
        ("eval_accuracy", "--keep_audio=--"),
        ("inference_mms", "--output=--"),
        ("inference", "--model_path=--"),
    ],
)
def test_two_dashes_are_no_value(script, argument, capsys):
    with pytest.raises(SystemExit, match="2"):
        importlib.import_module(script).main([argument])
    assert f"argument {argument[:-3]}: '--' is no value" in capsys.readouterr().err
