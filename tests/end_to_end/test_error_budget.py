"""evaluate.py --budget on emulated cards: what is off is named, what is clean passes."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.end_to_end.support import REPOSITORY, SAMPLES

SCHEMA = json.loads((REPOSITORY / "results/schemas/evaluation.schema.json").read_text())
QUICK = ("--warmup", 0, "--runs", 1, "--no_noise_floor", "--max_audio_s", 2)


@pytest.fixture
def evaluate_budget(emulated_npu, tmp_path):
    """Return a function that runs evaluate.py --budget: exit code, candidate and output."""

    def run(**variables):
        finished = emulated_npu.python(
            *(REPOSITORY / "evaluate.py", "--audio", SAMPLES / "demo.wav", *QUICK, "--budget"),
            *("--devices", "cpu,npu:0:float32", "--output", "report.json"),
            cwd=tmp_path,
            **variables,
        )
        report = json.loads((tmp_path / "report.json").read_text("utf-8"))
        Draft202012Validator(SCHEMA).validate(report)
        return finished, report["candidates"][0]

    return run


@pytest.mark.slow
def test_a_chip_with_the_tanh_form_alone_fails_and_is_told_why(evaluate_budget):
    finished, candidate = evaluate_budget(
        EMULATED_NPU_CHIP="Ascend310P3", EMULATED_NPU_ARITHMETIC="gelu,weight_norm,saturation"
    )
    assert finished.code == 1, finished.stderr
    assert candidate["environment"]["gelu"] == "tanh"
    assert candidate["published"]["verdict"] == "PASS"
    assert candidate["budget"]["outputs"]["logits"]["largest_form"] == "GELU in its tanh form"
    assert "logits are off as GELU in its tanh form" in finished.stdout
    assert candidate["layers"]["culprits"][0]["explanation"] == "as GELU in its tanh form"


@pytest.mark.slow
def test_a_right_card_passes(evaluate_budget):
    finished, candidate = evaluate_budget()
    assert finished.code == 0, finished.stdout
    assert candidate["limit_set"] == "tight"
    assert candidate["outputs"]["logits"]["relative_error"] < 2e-6


@pytest.mark.slow
def test_noise_fails_and_is_left_unexplained(evaluate_budget):
    finished, candidate = evaluate_budget(EMULATED_NPU_MODULE_ERROR="layers.3.attention=1e-2")
    assert finished.code == 1
    assert candidate["budget"]["outputs"]["logits"]["unexplained_share"] > 0.8
    assert candidate["layers"]["culprits"][0]["module"] == "wav2vec2.encoder.layers.3.attention"
