"""--html and --lang, and the command that makes a page of a report that is there already."""

import argparse
import re
import subprocess
import sys

import pytest

from speech_toolkit.cli.page_arguments import (
    add_html_arguments,
    page_paths,
    write_page,
)
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.scripts.report_page import main
from speech_toolkit.errors import UsageError
from tests.end_to_end.support import REPOSITORY
from tests.unit.evaluation.pages.reports import perf_report

REPORT = REPOSITORY / "results" / "reference" / "perf-whisper-amd-epyc-zen5-2-cores.json"


def parse(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default="report.json")
    add_html_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


def test_no_page_unless_asked_for(tmp_path, capsys):
    arguments = parse()
    write_page(perf_report(), arguments, Reporter())
    assert capsys.readouterr().out == ""


def test_page_where_and_in_the_language_that_was_asked_for(tmp_path, capsys):
    arguments = parse("--html", tmp_path / "new" / "page.html", "--lang", "zh")
    write_page(perf_report(), arguments, Reporter())
    assert 'lang="zh-CN"' in (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"[INFO] Page saved to: {arguments.html}\n"


def test_a_page_is_not_printed():
    with pytest.raises(UsageError, match="give it a file name"):
        page_paths(parse("--html", "-"))


def test_pages_in_several_languages_stand_beside_each_other(tmp_path, capsys):
    page = tmp_path / "page.html"
    arguments = parse("--html", page, "--lang", "zh,en")
    write_page(perf_report(), arguments, Reporter())
    assert 'lang="zh-CN"' in page.read_text(encoding="utf-8")
    assert 'lang="en"' in (tmp_path / "page.en.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"[INFO] Page saved to: {page}, {tmp_path / 'page.en.html'}\n"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--html", "a.html", "--html", "b.html"), "--html is given twice; name one page"),
        (("--lang", "en", "--lang", "zh"), "--lang is given twice; .* --lang en,zh"),
        (("--lang", "en,fr"), "'fr' is none of en, zh"),
    ],
)
def test_nothing_is_replaced_in_silence(given, message, capsys):
    with pytest.raises(SystemExit):
        parse(*given)
    assert re.search(message, capsys.readouterr().err)


def test_page_of_an_older_report(tmp_path):
    page = tmp_path / "page.html"
    assert main([str(REPORT), str(page)]) == 0
    assert "cpu bfloat16" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"kind": "x"}'])
def test_file_that_is_no_report(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(UsageError):
        main([str(tmp_path / "report.json"), str(tmp_path / "page.html")])


def test_arguments_need_no_page_and_no_heavy_package():
    code = (
        "import sys; import speech_toolkit.cli.page_arguments; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'difflib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
