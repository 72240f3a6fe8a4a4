import copy
import json

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.regression import compare_reports, parse_percentage, read_report


def case(p50_s, duration_s=5.0, batch_size=1, complete=True, sha="a"):
    return {
        "complete": complete,
        "duration_s": duration_s,
        "batch_size": batch_size,
        "latency": {"p50_s": p50_s},
        "input_sha256": sha,
    }


def target(*cases, device="cpu", dtype="float32", status="ok", **environment):
    return {
        "label": f"{device} {dtype}",
        "device": device,
        "dtype": dtype,
        "status": status,
        "message": None if status == "ok" else "timed out after 9 s",
        "environment": {"device": device, "device_name": "EPYC", "threads": 2, **environment},
        "model": {"class": "Wav2Vec2ForCTC", "parameters": 7, "attn_implementation": "sdpa"},
        "cases": list(cases),
    }


def report(*targets, weights="w", **config):
    return {
        "kind": "perf",
        "time_utc": "2026-01-01T00:00:00+00:00",
        "toolkit": {"commit": "abc"},
        "config": {"warmup": 2, **config},
        "model": {"path": "m", "weights_sha256": weights},
        "targets": list(targets),
    }


OLD = report(target(case(0.100), case(0.400, batch_size=4)))


def test_change_is_new_over_old():
    new = report(target(case(0.109), case(0.300, batch_size=4)))
    comparison = compare_reports(OLD, new, 0.1)
    assert [each["change"] for each in comparison["cases"]] == pytest.approx([0.09, -0.25])
    assert comparison["regressions"] == []
    assert comparison["differences"] == []
    assert comparison["old_commit"] == "abc"


def test_slower_than_allowed():
    new = report(target(case(0.1101), case(0.4, batch_size=4)))
    comparison = compare_reports(OLD, new, 0.1)
    assert comparison["regressions"] == ["cpu float32, 5 s x 1: +10.1% in the median"]
    assert [each["regression"] for each in comparison["cases"]] == [True, False]


def test_a_case_that_failed_now_is_a_regression():
    new = report(target(case(0.1), case(0.2, batch_size=4, complete=False), status="timed_out"))
    comparison = compare_reports(OLD, new, 0.1)
    assert comparison["regressions"] == ["cpu float32, 5 s x 4: timed out after 9 s"]


def test_what_one_report_lacks_is_named():
    new = report(target(case(0.1)), target(case(0.1), dtype="float16"))
    comparison = compare_reports(OLD, new, 0.1)
    assert comparison["not_compared"] == [
        "cpu float32, 5 s x 4: not measured now",
        "cpu float16: not in the old report",
    ]
    assert comparison["regressions"] == []


def test_the_device_counts_as_it_was_resolved():
    old = report(target(case(0.1), device="npu:0"))
    new = copy.deepcopy(old)
    new["targets"][0]["device"] = "npu"
    assert len(compare_reports(old, new, 0.1)["cases"]) == 1


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (report(target(case(0.1), threads=1)), "threads 2 then, 1 now"),
        (report(target(case(0.1), device_name="Xeon")), "device_name EPYC then, Xeon now"),
        (report(target(case(0.1)), weights="v"), "other weights"),
        (report(target(case(0.1)), warmup=0), "warmup: 2 then, 0 now"),
        (report(target(case(0.1, sha="b"))), "other input samples"),
    ],
)
def test_differences_are_named(new, said):
    assert any(said in line for line in compare_reports(OLD, new, 0.1)["differences"])


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0%", 0), (" 2.5% ", 0.025)])
def test_percentage(text, share):
    assert parse_percentage(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["10", "0.1", "%", "ten%", "-1%", "nan%", "inf%", "10%x"])
def test_no_percentage(text):
    with pytest.raises(ValueError):
        parse_percentage(text)


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "evaluation"}', None])
def test_no_report(tmp_path, content):
    path = tmp_path / "old.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match="old.json"):
        read_report(str(path))


def test_report_is_read(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(OLD))
    assert read_report(str(path)) == OLD
