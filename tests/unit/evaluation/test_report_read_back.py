"""Reports read back: whole ones pass, spoilt ones are named, nothing in between gets through."""

import copy
import json
import random

import pytest

from speech_toolkit.cli.scripts.compare_reports import main as compare_main
from speech_toolkit.cli.scripts.report_page import main as html_main
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.pages import render_html
from speech_toolkit.evaluation.report import MADE_BY, read_report
from speech_toolkit.evaluation.speed.regression import compare_reports
from speech_toolkit.evaluation.speed.table import comparison_lines, performance_lines
from tests.end_to_end.support import REPOSITORY

REFERENCE = sorted((REPOSITORY / "results" / "reference").glob("*.json"))
PERF = REPOSITORY / "results/reference/perf-whisper-amd-epyc-zen5-2-cores.json"
ODD = (None, 0, -1, float("nan"), float("inf"), 10**400, "", "x", [], {}, [None], True)
MISSING = object()


@pytest.fixture(scope="module")
def perf():
    return json.loads(PERF.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_committed_reports_keep_to_their_schemas(path):
    assert read_report(str(path))["kind"] in MADE_BY


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be read as JSON"),
        ("[]", "is no report; give a report of eval_perf.py"),
        ("{}", "is no report"),
        ('{"kind": "evaluation"}', "is a report of kind 'evaluation'; give"),
        ('{"kind": ["perf"]}', "is a report of kind"),
        ('{"kind": "perf"}', "has no 'schema_version'; measure again"),
        ("[" * 100_000, "nested too deeply"),
        (None, "cannot be read"),
    ],
)
def test_no_report(tmp_path, content, said):
    path = tmp_path / "old.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match="old.json.*" + said.replace("'", ".")):
        read_report(str(path), ["perf"], "--compare")


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("targets", 0, "cases", 0, "runs_s", 0), 0, "runs_s[0] is 0, not a number above 0"),
        (("targets", 0, "cases", 0, "runs_s", 0), float("nan"), "runs_s[0] is nan"),
        (("targets", 0, "cases", 0, "runs_s"), [], "runs_s is []"),
        (("targets", 0, "cases", 0, "latency", "p50_s"), None, "p50_s is None"),
        (("targets", 0, "environment", "total_memory_bytes"), "much", "total_memory_bytes"),
        (("targets",), MISSING, "has no 'targets'"),
        (("model", "weights_sha256"), MISSING, "model has no 'weights_sha256'"),
        (("extra",), 1, "has an unknown key 'extra'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, perf, keys, value, said):
    (tmp_path / "old.json").write_text(json.dumps(changed(perf, keys, value)))
    with pytest.raises(UsageError) as caught:
        read_report(str(tmp_path / "old.json"), ["perf"], "--compare")
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path, id=path.stem, marks=[] if path.stem.startswith("perf-") else [pytest.mark.slow]
        )
        for path in REFERENCE
    ],
)
def test_what_the_schema_lets_through_can_be_shown(tmp_path, path):
    """Each report with one odd part: refused at the door, or drawn and compared to the end."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    places = list(places_in(whole))
    draw = random.Random(0)
    refused = 0
    for keys in draw.sample(places, min(len(places), 40)):
        spoilt = changed(whole, keys, draw.choice((MISSING, *ODD)))
        (tmp_path / "spoilt.json").write_text(json.dumps(spoilt))
        try:
            report = read_report(str(tmp_path / "spoilt.json"))
        except UsageError:
            refused += 1
            continue
        assert render_html(report), keys
        if report["kind"] == "perf":
            comparison = compare_reports(report, whole, 0.1)
            assert list(comparison_lines(comparison))
            assert list(performance_lines(report | {"comparison": comparison}))
    assert refused > 5


def places_in(value, keys=()):
    """Yield the way to every part of a report; of a long list, to the first entries."""
    parts = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, part in parts:
        yield (*keys, key)
        if isinstance(part, dict | list):
            yield from places_in(part, (*keys, key))


def changed(report, keys, value):
    report = copy.deepcopy(report)
    part = report
    for key in keys[:-1]:
        part = part[key]
    if value is MISSING:
        del part[keys[-1]]
    else:
        part[keys[-1]] = value
    return report


def test_pages_are_of_reports_only(tmp_path):
    (tmp_path / "r.json").write_text('{"kind": "perf", "targets": 3}')
    with pytest.raises(UsageError, match="r.json: has no"):
        html_main([str(tmp_path / "r.json"), str(tmp_path / "r.html")])
    assert html_main([str(PERF), str(tmp_path / "r.html")]) == 0
    assert "<html" in (tmp_path / "r.html").read_text(encoding="utf-8")


def slower(report, factor):
    report = copy.deepcopy(report)
    for target in report["targets"]:
        for case in target["cases"]:
            case["runs_s"] = [factor * seconds for seconds in case["runs_s"]]
            case["latency"]["p50_s"] *= factor
    return report


@pytest.mark.parametrize(
    ("factor", "allowed", "code", "said"),
    [
        (0.5, "10%", 0, "faster"),
        (1.0, "100%", 0, "within limit"),
        (2.0, "10%", 1, "slower"),
        (1.0, "0%", 4, "undecided"),
    ],
)
def test_two_reports_are_compared(tmp_path, perf, capsys, factor, allowed, code, said):
    (tmp_path / "new.json").write_text(json.dumps(slower(perf, factor)))
    arguments = [str(PERF), str(tmp_path / "new.json"), "--max_regression", allowed]
    assert compare_main([*arguments, "--output", str(tmp_path / "both.json")]) == code
    captured = capsys.readouterr()
    assert said in captured.out
    assert ("WARNING" in captured.err) == (code != 0)
    assert read_report(str(tmp_path / "both.json"))["comparison"]["cases"][0]["outcome"] == said


def test_reports_that_cannot_be_compared(tmp_path, perf):
    other = changed(perf, ("config", "warmup"), 9)
    (tmp_path / "new.json").write_text(json.dumps(other))
    with pytest.raises(UsageError, match="warmup: 2 then, 9 now"):
        compare_main([str(PERF), str(tmp_path / "new.json")])
