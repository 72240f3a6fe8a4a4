"""float32 with whole products is held to the reference's own distance from float64."""

import numpy as np
import pytest

from speech_toolkit.evaluation.parity import tight
from speech_toolkit.evaluation.parity.limits import TIGHT, Distance, limit_of, limits_for
from speech_toolkit.evaluation.targets import Target
from tests.unit.evaluation.parity.scripted_runs import LOGITS, RNG, ended, failed, layers

GOLDEN = LOGITS.astype(np.float64)
ROUNDED = {"device": "npu:0", "device_name": "a card", "hf32": {"conv": True}, "tf32": None}


def off_by(relative):
    noise = RNG.standard_normal(LOGITS.shape)
    return GOLDEN + noise * relative * np.linalg.norm(GOLDEN) / np.linalg.norm(noise)


def runs(candidate, golden=None, **changes):
    return {
        "cpu float32": ended("cpu", off_by(4e-7)),
        "cpu float64": golden or ended("cpu", GOLDEN),
        "npu:0 float32": ended("npu:0", candidate, **changes),
    }


def failing(candidate):
    return {item["name"] for item in candidate["checks"] if item["verdict"] == "FAIL"}


def test_as_near_as_the_cpu_passes(evaluate):
    report, code, lines = evaluate(runs(off_by(8e-7)), limits=TIGHT)
    (candidate,) = report["candidates"]
    assert (code, candidate["limit_set"]) == (0, "tight")
    assert candidate["golden"]["logits"]["limit"] == pytest.approx(9.2e-7, rel=0.02)
    assert candidate["golden"]["logits"]["ratio"] == pytest.approx(2, rel=0.02)
    (limit,) = (c["limit"] for c in candidate["checks"] if c["name"] == "relative_error")
    assert limit == pytest.approx(1.32e-6, rel=0.02)
    assert "by the published limits (logits: relative_error < 0.01" in lines
    assert report["beside"]["golden"]["status"] == "ok"


def test_what_one_percent_lets_pass_fails_and_the_published_verdict_stands_beside(evaluate):
    report, code, lines = evaluate(runs(off_by(8.7e-4)), limits=TIGHT)
    (candidate,) = report["candidates"]
    assert code == 1
    assert failing(candidate) == {"relative_error", "golden_error"}
    assert candidate["published"]["verdict"] == "PASS"
    (published,) = (c for c in candidate["published"]["checks"] if c["name"] == "relative_error")
    assert (published["limit"], published["verdict"]) == (0.01, "PASS")
    assert "the reference's own distance from float64" in lines


def test_twice_the_distance_is_the_end(evaluate):
    assert evaluate(runs(off_by(9e-7)), limits=TIGHT)[1] == 0
    report, code, _ = evaluate(runs(off_by(1e-6)), limits=TIGHT)
    assert (code, failing(report["candidates"][0])) == (1, {"golden_error"})


def test_a_block_that_is_off_fails_and_would_not_by_the_published_limits(evaluate):
    changes = {"layers": layers(local_error=1e-3)}
    report, code, _ = evaluate(runs(off_by(4e-7), **changes), limits=TIGHT)
    (candidate,) = report["candidates"]
    assert (code, failing(candidate)) == (1, {"culprits"})
    assert candidate["published"]["verdict"] == "PASS"


def test_a_card_that_says_that_it_rounds_is_held_to_the_published_limits(evaluate):
    report, code, _ = evaluate(runs(off_by(9e-5), environment=ROUNDED), limits=TIGHT)
    (candidate,) = report["candidates"]
    assert (code, candidate["limit_set"], candidate["golden"]) == (0, "published", None)


def test_half_types_are_held_to_what_they_were(evaluate):
    outcomes = runs(off_by(4e-7)) | {"npu:0 float16": ended("npu:0", off_by(5e-4))}
    outcomes["npu:0 float16"].result["layers"] = layers(local_error=1e-3)
    targets = [Target("cpu", "float32"), Target("npu:0", "float32"), Target("npu:0", "float16")]
    report, code, _ = evaluate(outcomes, targets=tuple(targets), limits=TIGHT)
    assert code == 0
    assert [each["limit_set"] for each in report["candidates"]] == ["tight", "published"]


@pytest.mark.parametrize(
    ("golden", "why"),
    [
        (failed("", "out_of_memory", "killed by the host"), "killed by the host"),
        (ended("cpu", np.full_like(GOLDEN, np.nan)), "no finite numbers"),
    ],
)
def test_without_float64_the_published_limits_hold_and_a_warning_says_so(evaluate, golden, why):
    report, code, _ = evaluate(runs(off_by(1e-3), golden=golden), limits=TIGHT)
    assert (code, report["candidates"][0]["limit_set"]) == (0, "published")
    (warning,) = report["warnings"]
    assert "published limits" in warning
    assert why in warning


def test_float64_that_does_not_fit_is_not_started(evaluate, monkeypatch):
    monkeypatch.setattr(tight, "host_free_bytes", lambda: 3 << 30)
    outcomes = runs(off_by(1e-3))
    del outcomes["cpu float64"]
    reference = outcomes["cpu float32"].result
    reference["memory"] = {"peak_allocated_bytes": 2 << 30}
    reference["environment"] = reference["environment"] | {"backend": "cpu"}
    report, code, _ = evaluate(outcomes, limits=TIGHT)
    assert code == 0
    assert "it needs about 4.00 GiB of memory and 3.00 GiB are free" in report["warnings"][0]


def test_a_limit_of_the_users_own_holds_for_every_output():
    distances = {"encoder": Distance(4e-7, 1e-7), "logits": Distance(1e-6, 1e-7)}
    limits = limits_for("float32", {}, distances)
    assert limit_of(limits, "relative_error", "encoder").limit == pytest.approx(1.3e-6)
    assert limit_of(limits, "relative_error", "logits").limit == pytest.approx(3.1e-6)
    limits = limits_for("float32", {"relative_error": 0.5}, distances)
    assert limit_of(limits, "relative_error", "logits").limit == 0.5
