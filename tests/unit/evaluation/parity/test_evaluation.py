"""From the outcomes of the runs to report, verdict and exit code; no process is started here."""

import numpy as np
import pytest

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import AudioError, UsageError
from speech_toolkit.evaluation.models.emulations import Emulation
from speech_toolkit.evaluation.parity.evaluation import ParityEvaluation
from speech_toolkit.evaluation.parity.figures import EMULATED
from speech_toolkit.evaluation.parity.limits import TIGHT
from speech_toolkit.evaluation.parity.request import ParityRequest
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.processes.runner import Outcome
from tests.end_to_end.support import MODEL, SAMPLES
from tests.unit.evaluation.parity.scripted_runs import (
    CARD,
    CPU,
    LOGITS,
    ended,
    failed,
    layers,
    near,
    sensitivity,
)


def test_a_pass(evaluate):
    report, code, lines = evaluate(
        {"cpu float32": ended("cpu", LOGITS, 3.0), "npu:0 float32": ended("npu:0", near(), 1.5)}
    )
    (candidate,) = report["candidates"]
    assert (code, report["verdict"], candidate["verdict"]) == (0, "PASS", "PASS")
    assert candidate["speedup"] == pytest.approx(2.0)
    assert candidate["speedup_interval"] == {"low": 2.0, "high": 2.0, "confidence": 0.95}
    assert report["input"]["audio_s"] == pytest.approx(4.825)
    assert "2.00x" in lines
    assert lines.endswith("[RESULT] PASS")


@pytest.mark.parametrize(
    ("request_", "runs"),
    [
        ({"layers": "off"}, 7 + 7 + 3),
        ({}, 8 + 8 + 3),
        ({"limits": TIGHT}, 8 + 8 + 3 + 1),
        ({"golden": True, "emulations": (Emulation("bfloat16", ("matmul",)),)}, 8 + 8 + 3 + 2),
    ],
)
def test_one_bar_counts_the_runs_of_all_processes(evaluate, bars, request_, runs):
    outcomes = {"cpu float32": ended("cpu", LOGITS), "npu:0 float32": ended("npu:0", near())}
    beside = {"cpu float64": ended("cpu", LOGITS), EMULATED: ended("cpu", LOGITS)}
    evaluate(outcomes | beside, warmup=2, runs=5, **request_)
    assert [(bar.n, bar.total, bar.unit) for bar in bars] == [(runs, runs, "run")]


def test_a_failure_withholds_the_speed_up_and_says_why(evaluate):
    report, code, lines = evaluate(
        {
            "cpu float32": ended("cpu", LOGITS),
            "npu:0 float32": ended("npu:0", LOGITS * np.float32(1.02)),
        }
    )
    (candidate,) = report["candidates"]
    assert (code, report["verdict"]) == (1, "FAIL")
    assert candidate["speedup"] is None
    assert candidate["speedup_withheld"] == "parity failed"
    assert any("relative_error of logits is 0.02" in reason for reason in candidate["reasons"])
    assert "withheld" in lines


def test_a_limit_of_the_users_own(evaluate):
    outcomes = {
        "cpu float32": ended("cpu", LOGITS),
        "npu:0 float32": ended("npu:0", LOGITS * np.float32(1.02)),
    }
    changes = {"relative_error": 0.03, "share_within_1pct": 0.1}
    report, code, _ = evaluate(outcomes, changes=changes)
    assert code == 0
    assert report["config"]["changes"] == changes


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"input_error": 0.01}, "input_error"),
        ({"repeat_error": 0.01}, "repeat_error"),
        ({"fallback_ops": ["aten::gelu"]}, "fallback_ops"),
        ({"misplaced_tensors": ["lm_head.weight on cpu"]}, "misplaced_tensors"),
        ({"saturated_values": 3}, "saturated_values"),
    ],
)
def test_a_device_that_does_not_do_its_work(evaluate, change, name):
    report, code, _ = evaluate(
        {"cpu float32": ended("cpu", LOGITS), "npu:0 float32": ended("npu:0", LOGITS, **change)}
    )
    (candidate,) = report["candidates"]
    assert code == 1
    failing = [item["name"] for item in candidate["checks"] if item["verdict"] == "FAIL"]
    assert failing == [name]


@pytest.mark.parametrize("status", ["crash", "out_of_memory", "timed_out", "device_failed"])
def test_a_candidate_that_dies_loses_nothing_of_the_others(evaluate, status):
    other = Target("npu:1", "float32")
    report, code, lines = evaluate(
        {
            "cpu float32": ended("cpu", LOGITS),
            "npu:0 float32": failed("", status, "died of SIGSEGV"),
            "npu:1 float32": ended("npu:1", near(), 0.5),
        },
        targets=(CPU, CARD, other),
    )
    assert (code, report["verdict"]) == (4, "NOT VALID")
    assert [each["verdict"] for each in report["candidates"]] == ["NOT VALID", "PASS"]
    assert report["candidates"][0]["message"] == "died of SIGSEGV"
    assert report["candidates"][1]["speedup"] is not None
    assert "died of SIGSEGV" in lines


def test_a_device_that_is_not_there(evaluate):
    report, code, _ = evaluate(
        {"cpu float32": ended("cpu", LOGITS), "npu:0 float32": failed("", "error", "no npu device")}
    )
    assert (code, report["verdict"]) == (2, "NOT VALID")


@pytest.mark.parametrize(("status", "expected"), [("error", 2), ("crash", 4)])
def test_a_reference_that_does_not_run(evaluate, status, expected):
    report, code, lines = evaluate({"cpu float32": failed("", status, "gone")})
    assert (code, report["verdict"]) == (expected, "NOT VALID")
    assert "the reference did not run: gone" in lines


def test_nothing_heard_is_no_evidence(evaluate):
    blank = LOGITS.copy()
    blank[:, 0] = 50
    report, code, _ = evaluate(
        {"cpu float32": ended("cpu", blank), "npu:0 float32": ended("npu:0", blank)}
    )
    assert (code, report["verdict"]) == (4, "NOT VALID")
    assert "hears no speech" in report["reasons"][0]
    (candidate,) = report["candidates"]
    assert (candidate["verdict"], candidate["speedup"]) == ("NOT VALID", None)


def test_nan_of_a_candidate(evaluate):
    broken = LOGITS.copy()
    broken[3, 4] = np.nan
    transcript = (SAMPLES / "demo.txt").read_text()
    report, code, _ = evaluate(
        {"cpu float32": ended("cpu", LOGITS), "npu:0 float32": ended("npu:0", broken)},
        transcript=transcript,
    )
    assert code == 1
    figures = report["candidates"][0]["outputs"]["logits"]
    assert figures["non_finite_differ"] == 1
    assert figures["first_non_finite_index"] == [3, 4]
    assert report["candidates"][0]["task"] is None


def test_golden_and_emulated_runs(evaluate):
    golden = LOGITS.astype(np.float64)
    rounded = near(1e-2)
    candidate = rounded + near(1e-5) - LOGITS
    emulation = Emulation("hf32", ("convolution",))
    outcomes = {
        "cpu float32": ended("cpu", near(1e-6)),
        "cpu float64": ended("", golden),
        "emulated": Outcome("", "ok", {}, {emulation.label: rounded}, None, 0, 1.0, ()),
        "npu:0 float32": ended("npu:0", candidate),
    }
    report, code, lines = evaluate(outcomes, golden=True, emulations=(emulation,))
    found = report["candidates"][0]
    assert found["golden"]["logits"]["candidate_error"] == pytest.approx(2.5e-3, rel=0.1)
    assert not found["golden"]["logits"]["passed"]
    assert code == 1
    assert found["emulated"][emulation.label]["explained_share"] > 0.999
    assert report["beside"]["golden"]["relative_error_of_reference"]["logits"] < 1e-6
    assert "hf32 in convolution: explains 100.0 %" in lines


@pytest.mark.parametrize(
    ("label", "request_of"),
    [
        ("cpu float64", {"golden": True}),
        ("emulated", {"emulations": (Emulation("hf32", ("convolution",)),)}),
    ],
)
def test_a_check_that_was_asked_for_and_crashed_is_no_pass(evaluate, label, request_of):
    outcomes = {
        "cpu float32": ended("cpu", LOGITS),
        label: failed("", "out_of_memory", "killed by the host"),
        "npu:0 float32": ended("npu:0", near()),
    }
    report, code, lines = evaluate(outcomes, **request_of)
    assert (code, report["verdict"]) == (4, "NOT VALID")
    assert report["candidates"][0]["speedup"] is None
    assert "was asked for and did not run: killed by the host" in lines


def test_modules_that_are_not_met_are_named(evaluate):
    def run(missing):
        outcomes = {
            "cpu float32": ended("cpu", LOGITS),
            "npu:0 float32": ended("npu:0", near(), layers=layers(*missing, expected=20)),
        }
        return evaluate(outcomes)

    assert run(["layers.7"])[1] == 0
    report, code, lines = run(["layers.7", "layers.9"])
    assert (code, report["verdict"]) == (4, "NOT VALID")
    assert "2 of the reference's 20 modules were not met" in lines
    assert "layers.7, layers.9" in lines


def test_a_block_that_is_off_fails_where_the_outputs_pass(evaluate):
    outcomes = {
        "cpu float32": ended("cpu", LOGITS),
        "npu:0 float32": ended("npu:0", near(), layers=layers(local_error=0.02)),
    }
    report, code, lines = evaluate(outcomes)
    assert (code, report["verdict"]) == (1, "FAIL")
    assert "layers.0, a Linear" in lines
    assert "--layers all looks inside it" in lines


def test_a_comparison_that_sees_no_fault_is_no_evidence(evaluate):
    def run(smallest):
        outcomes = {
            "cpu float32": ended("cpu", LOGITS),
            "npu:0 float32": ended("npu:0", near(), sensitivity=sensitivity(smallest)),
        }
        return evaluate(outcomes)

    report, code, lines = run(0.3)
    assert code == 0
    assert "a fault of 30.0% planted in encoder.layers.2.attention would have been" in lines
    for blind in (1.0, None):
        report, code, lines = run(blind)
        assert (code, report["verdict"]) == (4, "NOT VALID")
        assert "noise of 30% planted in encoder.layers.2.attention was not noticed" in lines


def test_blocks_are_left_out_where_the_disk_is_full(evaluate):
    outcomes = {
        "cpu float32": ended("cpu", LOGITS, layers_skipped="no room"),
        "npu:0 float32": ended("npu:0", near()),
    }
    report, code, _ = evaluate(outcomes)
    assert (code, report["candidates"][0]["layers"]) == (0, None)
    assert report["warnings"] == ["the model's blocks are not compared: no room"]


def test_tokens_that_part(evaluate):
    said = {"tokens": [5, 6, 7], "margins": [3.0, 0.5, 2.0], "text": "five six seven"}
    other = {"tokens": [5, 9], "margins": [3.0, 0.4], "text": "five nine"}
    report, code, lines = evaluate(
        {
            "cpu float32": ended("cpu", LOGITS, answer=said),
            "npu:0 float32": ended("npu:0", near(), answer=other),
        }
    )
    assert code == 1
    assert report["candidates"][0]["task"]["first_divergence"] == {
        "index": 1,
        "reference_token": 6,
        "candidate_token": 9,
        "reference_margin": 0.5,
        "candidate_margin": 0.4,
    }
    assert "tokens part at 1: 6 became 9" in lines


@pytest.mark.parametrize(
    ("targets", "devices"),
    [
        ((CPU, CPU), ("cpu", "cpu")),
        ((Target("npu", "float32"), CARD), ("npu:0", "npu:0")),
        ((CARD, Target("cuda:0", "float32")), ("npu:0", "npu:0")),
    ],
)
def test_a_device_against_itself_shows_repeatability_only(evaluate, targets, devices):
    outcomes = {
        target.label: ended(device, LOGITS) for target, device in zip(targets, devices, strict=True)
    }
    report, code, lines = evaluate(outcomes, targets=targets)
    assert (code, report["verdict"]) == (4, "NOT VALID")
    assert report["candidates"][0]["speedup"] is None
    assert "repeatability only" in lines


@pytest.mark.parametrize(
    ("frames", "missing"), [(20, "20 rows of logits, 50 needed"), (60, "labels or tokens heard")]
)
def test_too_little_is_no_evidence(evaluate, frames, missing):
    few = np.repeat(LOGITS[:4], frames // 4, axis=0)
    report, code, _ = evaluate(
        {"cpu float32": ended("cpu", few), "npu:0 float32": ended("npu:0", few)}
    )
    assert (code, report["verdict"]) == (4, "NOT VALID")
    assert missing in report["reasons"][0]
    assert report["evidence"]["rows"] == frames


def test_requests_that_cannot_be_met(tmp_path, monkeypatch):
    audio = str(SAMPLES / "demo.wav")
    with pytest.raises(UsageError, match="needs two"):
        ParityEvaluation(ParityRequest(str(MODEL), audio, (CPU,)), Reporter(quiet=True))
    with pytest.raises(UsageError, match="longer than --max_audio_s"):
        request = ParityRequest(str(MODEL), audio, (CPU, CARD), transcript="hello", max_audio_s=2.0)
        ParityEvaluation(request, Reporter(quiet=True))
    import soundfile

    soundfile.write(tmp_path / "silence.wav", np.zeros(16000), 16000)
    with pytest.raises(AudioError, match="silent"):
        request = ParityRequest(str(MODEL), str(tmp_path / "silence.wav"), (CPU, CARD))
        ParityEvaluation(request, Reporter(quiet=True))
