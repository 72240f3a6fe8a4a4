"""evaluate.py as a user runs it: on CPU dtypes, on the emulated NPU, and with bad input."""

import json

import pytest
from jsonschema import Draft202012Validator

import evaluate
from speech_toolkit.errors import UsageError
from tests.end_to_end.support import (
    HEAVY_PACKAGES,
    MODEL,
    REPOSITORY,
    SAMPLES,
    run_python,
    run_script,
)

SCHEMA = json.loads((REPOSITORY / "results/schemas/evaluation.schema.json").read_text())
DEMO = ("--model_path", MODEL, "--audio", SAMPLES / "demo.wav")
QUICK = ("--warmup", 1, "--runs", 2, "--no_noise_floor")


def read_report(path):
    report = json.loads(path.read_text("utf-8"))
    Draft202012Validator(SCHEMA).validate(report)
    return report


@pytest.fixture
def evaluate_on_npu(emulated_npu, tmp_path):
    """Return a function that runs evaluate.py where there are emulated cards."""

    def run(*arguments, **variables):
        command = [REPOSITORY / "evaluate.py", *arguments, "--output", "eval_result.json"]
        finished = emulated_npu.python(*command, cwd=tmp_path, **variables)
        return finished, read_report(tmp_path / "eval_result.json")

    return run


def test_the_name_of_a_file_is_no_transcript(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="give --transcript_file"):
        evaluate.main(["--audio", "a.wav", "--transcript", str(SAMPLES / "demo.txt")])


def test_published_command(evaluate_on_npu):
    finished, report = evaluate_on_npu(
        *(*DEMO, "--transcript_file", SAMPLES / "demo.txt", "--devices"),
        *("cpu,npu,npu:0:float32:high", "--warmup", 2, "--runs", 5, "--layers"),
        *("--emulate", "hf32:all"),
    )
    assert finished.code == 0, finished.stderr
    candidate, rounded = report["candidates"]
    assert report["verdict"] == candidate["verdict"] == rounded["verdict"] == "PASS"
    assert candidate["outputs"]["logits"]["relative_error"] < 2e-6
    assert candidate["layers"]["declared_rounding"] == {}
    assert candidate["layers"]["culprits"] == rounded["layers"]["culprits"] == []
    environment = candidate["environment"]
    assert (environment["gelu"], environment["float32_precision"]) == ("exact", "highest")
    assert rounded["label"] == "npu:0 float32 high"
    assert rounded["environment"]["float32_precision"] == "high"
    assert rounded["outputs"]["logits"]["relative_error"] > 1e-5
    (emulated,) = rounded["emulated"].values()
    assert emulated["explained_share"] > 0.5
    assert rounded["layers"]["declared_rounding"] == {"conv": "hf32", "matmul": "hf32"}
    assert candidate["task"]["words"] == 12
    assert candidate["inputs_sha256"] == report["reference"]["inputs_sha256"]
    assert candidate["environment"]["device"] == "npu:0"
    assert candidate["environment"]["device_name"] == "Emulated Ascend910B2"
    assert len(candidate["timing"]["runs_s"]) == 5
    assert (candidate["speedup"] is None) == (candidate["speedup_withheld"] is not None)
    assert report["reference"]["environment"]["backend"] == "cpu"
    errors = report["noise_floor"]["relative_error_by_threads"]
    assert all(error["logits"] < 1e-5 for error in errors.values())
    for shown in ("logits: relative_error", "Emulated Ascend910B2", "speed-up", "[RESULT] PASS"):
        assert shown in finished.stdout


@pytest.mark.slow
def test_an_operator_on_the_cpu_and_a_card_that_is_not_there(evaluate_on_npu):
    finished, report = evaluate_on_npu(
        *(*DEMO, *QUICK, "--devices", "cpu,npu:7,npu:0"),
        EMULATED_NPU_FALLBACK_OPS="aten::native_layer_norm",
    )
    assert finished.code == 1, finished.stderr
    missing, slow = report["candidates"]
    assert missing["verdict"] == "NOT VALID"
    assert "npu:7 is out of range" in missing["message"]
    assert slow["verdict"] == "FAIL"
    assert slow["fallback_ops"] == ["aten::native_layer_norm"]
    assert [item["name"] for item in slow["checks"] if item["verdict"] == "FAIL"] == [
        "fallback_ops"
    ]
    assert slow["speedup"] is None
    assert "on the CPU instead of the device: aten::native_layer_norm" in finished.stdout


@pytest.mark.slow
def test_json_on_stdout(tmp_path):
    finished = run_script(
        *("evaluate.py", *DEMO, *QUICK, "--devices", "cpu,cpu:bfloat16", "--golden", "float64"),
        *("--max_audio_s", 2, "--output", "-"),
        cwd=tmp_path,
    )
    assert finished.code == 0, finished.stderr
    report = json.loads(finished.stdout)
    Draft202012Validator(SCHEMA).validate(report)
    assert report["candidates"][0]["limits_of"] == "bfloat16"
    assert report["candidates"][0]["golden"]["logits"]["passed"]
    assert "the first 2 s" in report["warnings"][0]
    assert "[RESULT] PASS" in finished.stderr


@pytest.mark.slow
def test_whisper_on_the_npu(evaluate_on_npu):
    finished, report = evaluate_on_npu(
        *("--family", "whisper", "--devices", "cpu,npu:0,npu:0:float32", *QUICK)
    )
    assert finished.code == 0, finished.stderr
    half, single = report["candidates"]
    assert half["dtype"] == "float16"
    assert set(half["outputs"]) == {"encoder", "logits"}
    assert (single["dtype"], single["verdict"]) == ("float32", "PASS")
    assert 0 < half["input_error"] == single["input_error"] < 1e-5
    assert report["reference"]["input_error"] == 0
    assert single["task"]["reference_tokens"] == half["task"]["reference_tokens"] != []
    divergence = single["task"]["first_divergence"]
    assert divergence is None or divergence["reference_margin"] < 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--devices", "cpu"), "a comparison needs two"),
        (("--devices", "cpu,tpu"), "'tpu' is no DEVICE"),
        (
            ("--devices", "cpu,cpu", "--threshold", "speed=3"),
            "--threshold speed=3: use NAME=NUMBER",
        ),
        (("--devices", "cpu,cpu", "--emulate", "fp8"), "--emulate 'fp8'"),
        (("--devices", "cpu,cpu", "--audio", "none.wav"), "none.wav"),
        (("--devices", "cpu,cpu", "--audio", "-"), "standard input is empty"),
        (
            ("--devices", "cpu,cpu", "--audio", "-", "--transcript_file", "-"),
            "--audio and --transcript_file cannot both",
        ),
        (("--devices", "cpu,cpu", "--model_path", "nowhere"), "no such directory"),
    ],
)
def test_wrong_usage_answers_without_loading_a_model(tmp_path, arguments, message):
    finished = run_script("evaluate.py", *arguments, cwd=tmp_path, forbid=HEAVY_PACKAGES)
    assert finished.code == 2, finished.stderr
    assert message in finished.stderr.splitlines()[-1]
    assert finished.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in finished.stderr


def test_importing_the_script_does_nothing(tmp_path):
    """A dependency may look for a package named evaluate and find this file."""
    program = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); before = set(sys.modules); "
        "import importlib.util, logging; assert importlib.util.find_spec('evaluate'); "
        "import evaluate; handlers = logging.getLogger('speech_toolkit').handlers; "
        "assert [type(handler) for handler in handlers] == [logging.NullHandler]; "
        "assert not {'torch', 'numpy', 'transformers'} & set(sys.modules)"
    )
    finished = run_python("-c", program, cwd=tmp_path, forbid=HEAVY_PACKAGES)
    assert (finished.code, finished.stdout, finished.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_help_is_instant(tmp_path):
    heavy = (*HEAVY_PACKAGES, "numpy")
    finished = run_script("evaluate.py", "--help", cwd=tmp_path, forbid=heavy)
    assert finished.code == 0
    for name in ("--layers", "--golden", "--emulate", "--threshold", "Exit codes: 0 passed"):
        assert name in finished.stdout
