"""--html of the three scripts, and the pages in a browser."""

import json

import pytest

from speech_toolkit.evaluation.pages import render_html
from speech_toolkit.evaluation.pages.languages import LANGUAGES
from tests.end_to_end.browser import CHROMIUM, look_at
from tests.end_to_end.support import SAMPLES, run_script
from tests.unit.evaluation.pages.reports import REPORTS
from tests.unit.page_parts.page_parser import ParsedPage

DEMO = ("--audio", SAMPLES / "demo.wav")
QUICK = ("--devices", "cpu", "--duration", 1, "--warmup", 0, "--runs", 2)
PARITY = ("--devices", "cpu:float32,cpu:bfloat16", "--warmup", 0, "--runs", 2, "--layers")
ACCURACY = ("--family", "mms", "--num_test_cases", 4, "--devices", "cpu:float32,cpu:bfloat16")


def parsed(path):
    page = ParsedPage(path.read_text(encoding="utf-8"))
    assert page.problems == []
    return page


@pytest.mark.slow
def test_page_of_a_measurement(tmp_path):
    asked = ("--html", "page.html", "--lang", "zh")
    finished = run_script("eval_perf.py", *QUICK, *asked, cwd=tmp_path)
    assert finished.code == 0, finished.stderr
    assert "Page saved to: page.html" in finished.stdout
    page = parsed(tmp_path / "page.html")
    assert page.named("html")[0].attributes["lang"] == "zh-CN"
    report = json.loads((tmp_path / "eval_perf_result.json").read_text())
    assert f"{report['targets'][0]['cases'][0]['rtfx']:.3g}" in page.text()


def test_nothing_is_measured_for_a_page_that_cannot_be_written(tmp_path):
    for script in ("evaluate.py", "eval_accuracy.py", "eval_perf.py"):
        finished = run_script(script, "--html", tmp_path, cwd=tmp_path, forbid=("torch",))
        assert finished.code == 2
        assert (
            finished.stderr == f"error: --html {tmp_path}: is a directory; give a file name in it\n"
        )


@pytest.mark.slow
def test_page_of_numerical_parity(tmp_path):
    golden = ("--golden", "float64", "--emulate", "bfloat16", "--html", "page.html")
    finished = run_script("evaluate.py", *PARITY, *golden, cwd=tmp_path)
    assert finished.code == 0, finished.stderr
    page = parsed(tmp_path / "page.html")
    report = json.loads((tmp_path / "eval_result.json").read_text())
    modules = report["candidates"][0]["layers"]["modules"]
    points = [e for e in page.named("circle") if e.children]
    assert len(points) >= len(modules)
    assert len(page.named("audio")) == 1
    assert modules[0]["module"] in page.text()


@pytest.mark.slow
def test_page_of_task_parity_plays_cases_that_are_not_kept(tmp_path):
    finished = run_script("eval_accuracy.py", *ACCURACY, "--html", "page.html", cwd=tmp_path)
    assert finished.code in (0, 1, 4), finished.stderr  # a page is made whatever the verdict
    page = parsed(tmp_path / "page.html")
    assert len(page.named("audio")) == 4
    assert len(page.with_class("case")) == 4


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_pages_in_a_browser(tmp_path):
    pages = [
        (f"{kind}-{language}", width, render_html(make(), language))
        for kind, make in REPORTS.items()
        for language in LANGUAGES
        for width in (360, 390, 768, 1280)
    ]
    found, complaints = look_at(pages, tmp_path)
    assert complaints == []
    assert len(found) == len(pages)
    assert [page for page in found if page["scrollWidth"] > page["width"]] == []
    for what in ("cutOff", "hidden"):
        shown = [(page["name"], page["width"], page[what]) for page in found if page[what]]
        assert shown == [], what
    parity = next(page for page in found if page["name"] == "evaluation-en")
    assert parity["filters"] == 1
    errors = [float(value) for value in parity["sorted"]]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_browser_would_notice(tmp_path):
    page = (
        "<!DOCTYPE html><p style='width:900px'>wide</p><script>nothing.here()</script>"
        "<div style='overflow:auto'><p style='width:900px;text-align:right'>"
        "<span class=badge>FAIL</span></p></div>"
    )
    found, complaints = look_at([("bad", 360, page)], tmp_path)
    assert found[0]["scrollWidth"] > found[0]["width"]
    assert len(found[0]["cutOff"]) == 1
    assert found[0]["hidden"] == ["FAIL"]
    assert "nothing is not defined" in complaints[0]
