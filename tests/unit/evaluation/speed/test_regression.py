import copy

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.speed.regression import compare_reports, refuse_incomparable


def case(p50_s, duration_s=5.0, batch_size=1, complete=True, sha="a", spread=0.01, runs=10):
    """Return a case whose runs lie evenly around their median, ``spread`` of it to each end."""
    around = [2 * index / max(runs - 1, 1) - 1 for index in range(runs)]
    return {
        "complete": complete,
        "duration_s": duration_s,
        "batch_size": batch_size,
        "latency": {"p50_s": p50_s},
        "runs_s": [p50_s * (1 + spread * place) for place in around],
        "input_sha256": sha,
        "no_evidence": None,
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


def outcomes(comparison):
    return [each["outcome"] for each in comparison["cases"]]


def test_ratio_is_new_over_old():
    new = report(target(case(0.105), case(0.300, batch_size=4)))
    comparison = compare_reports(OLD, new, 0.1)
    ratios = [each["ratio"] for each in comparison["cases"]]
    assert ratios == pytest.approx([1.05, 0.75], rel=0.01)
    assert outcomes(comparison) == ["within limit", "faster"]
    assert comparison["improvements"] == ["cpu float32, 5 s x 4: 0.75 times as long (0.75 to 0.76)"]
    assert (comparison["verdict"], comparison["differences"]) == ("PASS", [])
    assert comparison["old_commit"] == "abc"


def test_slower_than_allowed():
    new = report(target(case(0.125), case(0.4, batch_size=4)))
    comparison = compare_reports(OLD, new, 0.1)
    assert comparison["regressions"] == ["cpu float32, 5 s x 1: 1.25 times as long (1.24 to 1.26)"]
    assert outcomes(comparison) == ["slower", "within limit"]
    assert comparison["verdict"] == "FAIL"


def test_noisy_runs_decide_nothing_and_say_how_many_would():
    new = report(target(case(0.115, spread=0.3), case(0.4, batch_size=4)))
    comparison = compare_reports(OLD, new, 0.2)
    assert outcomes(comparison) == ["undecided", "within limit"]
    assert comparison["verdict"] == "NOT VALID"
    (line,) = comparison["undecided"]
    assert "leaves open whether it is more than 1.20" in line
    assert "runs of each would decide it" in line


@pytest.mark.parametrize("old_s", [0.1, 0.07])
def test_three_runs_decide_nothing_whatever_they_took(old_s):
    old = report(target(case(old_s, runs=3)))
    comparison = compare_reports(old, report(target(case(0.1, runs=3))), 0.1)
    assert comparison["verdict"] == "NOT VALID"
    assert "3 runs then and 3 now are too few; it takes at least 4 of each" in str(comparison)


def test_a_regression_outweighs_what_is_open():
    new = report(target(case(0.2), case(0.44, batch_size=4, spread=0.5)))
    assert compare_reports(OLD, new, 0.1)["verdict"] == "FAIL"


def test_a_case_without_evidence_is_open():
    silent = case(0.1) | {"no_evidence": "no speech was found in it"}
    comparison = compare_reports(OLD, report(target(silent)), 0.1)
    assert comparison["undecided"] == ["cpu float32, 5 s x 1: no speech was found in it"]


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
        (report(target(case(0.1), total_memory_bytes=8_000)), "total_memory_bytes"),
        (report(target(case(0.1), threads=1)), "threads 2 then, 1 now"),
        (report(target(case(0.1), device_name="Xeon")), "device_name EPYC then, Xeon now"),
        (report(target(case(0.1)), weights="v"), "other weights"),
        (report(target(case(0.1)), warmup=0), "warmup: 2 then, 0 now"),
        (report(target(case(0.1, sha="b"))), "other input samples"),
    ],
)
def test_differences_are_named_before_and_after_the_measurement(new, said):
    old = copy.deepcopy(OLD)
    old["targets"][0]["environment"]["total_memory_bytes"] = 10_000
    comparison = compare_reports(old, new, 0.1)
    assert any(said in line for line in comparison["differences"])
    assert comparison["verdict"] == "NOT VALID"
    with pytest.raises(UsageError, match=f"old.json: not comparable .*{said}"):
        refuse_incomparable(old, new, "old.json")
    refuse_incomparable(old, new, "old.json", allow_differences=True)
    assert compare_reports(old, new, 0.1, allow_differences=True)["verdict"] == "PASS"


def test_a_little_less_memory_is_the_same_machine():
    old, new = (
        report(target(case(0.1), total_memory_bytes=total))
        for total in (25_000_000_000, 25_000_000_000 - 4096)
    )
    assert compare_reports(old, new, 0.1)["differences"] == []
    refuse_incomparable(old, new, "old.json")


def test_weights_folded_into_others_are_the_same_model():
    old, new = copy.deepcopy(OLD), copy.deepcopy(OLD)
    for report_, count in ((old, 315_438_720), (new, 315_438_592)):
        report_["targets"][0]["model"]["parameters"] = count
    assert compare_reports(old, new, 0.1)["differences"] == []
    new["targets"][0]["model"]["parameters"] = 300_000_000
    assert "parameters" in compare_reports(old, new, 0.1)["differences"][0]


def test_nothing_in_common_is_refused():
    with pytest.raises(UsageError, match="no case in common .* holds cpu float32, 5 s x 1; cpu"):
        refuse_incomparable(OLD, report(target(case(0.1, duration_s=7.0))), "old.json")


def test_each_precision_is_held_against_its_own():
    off, on = {"matmul": False, "conv": False}, {"matmul": True, "conv": True}
    both = [
        target(case(0.2), device="npu:0", float32_precision="highest", hf32=off),
        target(case(0.1), device="npu:0", float32_precision="high", hf32=on),
    ]
    comparison = compare_reports(report(*both), report(*reversed(both)), 0.1)
    assert outcomes(comparison) == ["within limit", "within limit"]
    assert comparison["differences"] == []


@pytest.mark.parametrize(("dtype", "count"), [("float32", 1), ("float16", 0)])
def test_a_report_from_before_the_choice_differs_where_it_was_rounded(dtype, count):
    old = report(
        target(case(0.1), device="npu:0", dtype=dtype, hf32={"matmul": False, "conv": True})
    )
    now = {"float32_precision": "highest", "hf32": {"matmul": False, "conv": False}}
    new = report(target(case(0.1), device="npu:0", dtype=dtype, **now))
    comparison = compare_reports(old, new, 0.1)
    assert len([line for line in comparison["differences"] if "hf32" in line]) == count
