"""What a budget decides, and what it names."""

import numpy as np
import pytest

from speech_toolkit.evaluation.metrics.decomposition import Decomposition, Part, decompose
from speech_toolkit.evaluation.parity.budget import (
    OWN_ROUNDING,
    budget_entry,
    dtype_cause,
    forms_for,
    granted_forms,
    rounding_causes,
)
from speech_toolkit.evaluation.parity.limits import PUBLISHED, TIGHT
from speech_toolkit.processes.runner import Outcome
from tests.unit.evaluation.parity.scripted_runs import LOGITS, RNG, ended, failed, layers, near

GELU, HF32 = "GELU in its tanh form", "hf32 in convolution"
LABEL = "budget of npu:0 float32"


def entry(form_share, error=8.7e-4, form=GELU, rounding=4e-7, granted=()):
    parts = (Part(form, error, 1.0, form_share, form_share),)
    found = Decomposition(error, parts, form_share, error * np.sqrt(1 - form_share))
    return budget_entry(found, rounding, "float32", granted)


def budget(output, *modules):
    named = [{"module": f"layers.{i}"} | each for i, each in enumerate(modules)]
    return Outcome(
        "", "ok", {"outputs": {"logits": output}, "modules": named}, {}, None, 0, 1.0, ()
    )


@pytest.fixture
def evaluate_budget(evaluate):
    def run(found, candidate=None, limits=PUBLISHED, **changes):
        outcomes = {
            "cpu float32": ended("cpu", LOGITS),
            "cpu float64": ended("cpu", LOGITS.astype(np.float64)),
            "npu:0 float32": ended("npu:0", near() if candidate is None else candidate, **changes),
            LABEL: found,
        }
        return evaluate(outcomes, budget=True, limits=limits)

    return run


def test_a_known_form_is_named_and_fails_what_one_percent_lets_pass(evaluate_budget):
    found = budget(entry(0.97), entry(0.2), entry(0.99))
    report, code, lines = evaluate_budget(found, layers=layers(local_error=1e-3))
    (candidate,) = report["candidates"]
    assert (code, candidate["published"]["verdict"]) == (1, "PASS")
    failing = {(c["name"], c["output"]) for c in candidate["checks"] if c["verdict"] == "FAIL"}
    assert failing == {("known_form_share", "logits"), ("known_form_share", "modules")}
    assert "logits are off as GELU in its tanh form: 97.0% of the squared error" in lines
    assert "layers.1 is off as GELU in its tanh form" in lines
    explained = [row["explanation"] for row in candidate["layers"]["modules"]]
    assert explained == [None, "as GELU in its tanh form", None, None]


def test_a_culprit_gets_its_explanation(evaluate_budget):
    found = budget(entry(0.97), entry(0.99))
    _, code, lines = evaluate_budget(found, limits=TIGHT, layers=layers(local_error=1e-3))
    assert code == 1
    assert (
        "module of its own error is layers.0, a Linear (local error 0.001, limit 0.0001): as GELU"
        in lines
    )


def test_an_error_that_no_form_explains_is_left_unexplained(evaluate_budget):
    report, code, lines = evaluate_budget(budget(entry(0.02, error=1e-2)))
    assert code == 0  # by the published limits
    logits = report["candidates"][0]["budget"]["outputs"]["logits"]
    assert logits["unexplained_share"] == pytest.approx(0.98, abs=0.001)
    assert "left unexplained" in lines
    assert "are off as" not in lines


def test_a_form_within_the_noise_is_none():
    found = entry(0.9, error=3e-7)
    assert (found["largest_form"], found["largest_form_share"]) == (None, 0.0)
    assert found["unexplained_share"] == 0


ROUNDS = {"device": "npu:0", "device_name": "a card", "hf32": {"conv": True}, "tf32": None}


def test_a_device_that_declares_its_rounding_is_not_blamed_for_it(evaluate_budget):
    declared = granted_forms({"conv": "hf32"}, {})
    found = budget(entry(1.0, error=9e-5, form=HF32, granted=declared))
    report, code, _ = evaluate_budget(found, environment=ROUNDS)
    assert code == 0
    logits = report["candidates"][0]["budget"]["outputs"]["logits"]
    assert (logits["largest_form"], logits["largest_form_share"]) == (None, 0.0)
    assert report["candidates"][0]["reasons"] == []


def test_an_output_without_an_error_or_a_number_is_said_to_have_no_budget(evaluate_budget):
    nothing = Outcome("", "ok", {"outputs": {}, "modules": []}, {}, None, 0, 1.0, ())
    _, _, lines = evaluate_budget(nothing, LOGITS)
    assert "budget of the error in logits: there is none, the two are equal" in lines
    spoilt = LOGITS.copy()
    spoilt[0, 0] = np.nan
    _, _, lines = evaluate_budget(nothing, spoilt)
    assert "budget of the error in logits: not taken apart, since it holds NaN" in lines


def test_a_device_that_declares_its_rounding_is_blamed_for_another_form(evaluate_budget):
    found = budget(entry(0.9, granted=granted_forms({"conv": "hf32"})))
    report, code, lines = evaluate_budget(found, environment=ROUNDS)
    assert (code, report["candidates"][0]["limit_set"]) == (1, "published")
    assert "logits are off as GELU in its tanh form" in lines


def test_forms_that_devices_declare():
    assert granted_forms({}, {}) == []
    assert granted_forms({"conv": "hf32"}) == [HF32]
    assert granted_forms({"conv": "hf32", "matmul": "hf32"}) == [
        HF32,
        "hf32 in matmul",
        "hf32 in convolution and matmul",
    ]
    assert granted_forms({"conv": "tf32"}, {"matmul": "tf32"})[-1].endswith("and matmul")


def test_a_budget_that_did_not_run_is_no_pass(evaluate_budget):
    report, code, _ = evaluate_budget(failed("", "out_of_memory", "killed by the host"))
    assert (code, report["candidates"][0]["budget"]) == (4, None)
    assert "the error budget was asked for and did not run" in report["candidates"][0]["reasons"][0]


def test_what_is_looked_for():
    assert [form.label for form in forms_for("bfloat16")] == [GELU]
    assert len(forms_for("float32")) == 7
    assert rounding_causes("float16", {"conv": "hf32"}) == [dtype_cause("float16")]
    assert rounding_causes("float32", {"conv": "hf32"}) == [OWN_ROUNDING, HF32]
    both = {"matmul": "tf32", "conv": "tf32"}
    assert rounding_causes("float32", both)[1] == "tf32 in convolution and matmul"


def test_rounding_counts_by_its_size_up_to_the_factor_of_its_dtype():
    reference = RNG.standard_normal((400, 32))
    noise = RNG.standard_normal(reference.shape)
    found = decompose([reference], [reference + 4e-3 * noise], {})
    for dtype, unexplained in (("float32", 1 - 0.25), ("float16", 1 - 9 / 16)):
        part = budget_entry(found, 1e-3 * found.relative_error / 4e-3, dtype)
        assert part["unexplained_share"] == pytest.approx(unexplained, abs=0.01)
        assert part["rounding_share"] + part["unexplained_share"] == pytest.approx(1)
