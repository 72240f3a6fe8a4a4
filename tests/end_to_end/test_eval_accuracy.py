"""eval_accuracy.py as a user runs it: on dtypes of the CPU, on the emulated NPU, used wrongly."""

import json

import jsonschema
import pytest
import soundfile

from tests.end_to_end.support import MODEL, REPOSITORY, SAMPLES, run_many, run_script

SCRIPT = "eval_accuracy.py"
SCHEMA = json.loads((REPOSITORY / "results" / "schemas" / "accuracy.schema.json").read_text())
WHISPER = REPOSITORY / "models" / "tiny-whisper"
CPU_DTYPES = ("--devices", "cpu:float32,cpu:bfloat16")


def read(path):
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    return report


def checks(report):
    return {check["name"]: check for check in report["comparisons"][0]["checks"]}


@pytest.fixture(scope="module")
def aligner(tmp_path_factory):
    """Return the report on the bundled aligner in two dtypes, and what was printed."""
    directory = tmp_path_factory.mktemp("aligner")
    finished = run_script(
        *(SCRIPT, "--model_path", MODEL, *CPU_DTYPES, "--num_test_cases", 6, "--seed", 1),
        *("--threshold", "added_missed_words=0.1", "--batch_size", 2),
        *("--keep_audio", "kept", "--output", "report.json"),
        cwd=directory,
    )
    assert finished.code == 0, finished.stdout + finished.stderr
    return read(directory / "report.json"), finished, directory


@pytest.mark.slow
def test_aligner_passes_with_evidence(aligner):
    report, finished, _ = aligner
    assert report["verdict"] == "PASS"
    assert report["reasons"] == []
    (comparison,) = report["comparisons"]
    assert [test["verdict"] for test in comparison["tests"]] == ["PASS"] * 3
    assert comparison["negative_control"]["smallest_noticed"] <= 0.3
    assert comparison["negative_control"]["zero_noticed_by"] == []
    assert comparison["boundary_shift"]["words_within_20ms"] > 0.99
    assert comparison["text"]["cer"] < 0.1
    for target in report["targets"]:
        assert target["status"] == "ok"
        assert target["environment"]["device"] == "cpu"
        assert target["boundary_error"]["median_ms"] < 50
    assert "[RESULT] PASS" in finished.stdout
    assert "Traceback" not in finished.stderr


@pytest.mark.slow
def test_cases_are_kept_and_playable(aligner):
    report, _, directory = aligner
    for case in report["cases"]["list"]:
        info = soundfile.info(directory / case["audio_path"])
        assert info.duration == pytest.approx(case["duration_s"], abs=1e-3)
        assert info.samplerate == 16_000


def test_time_out_still_leaves_a_report(tmp_path):
    finished = run_script(
        *(SCRIPT, "--model_path", MODEL, *CPU_DTYPES, "--num_test_cases", 1, "--timeout", 0.2),
        cwd=tmp_path,
    )
    assert finished.code == 4
    report = read(tmp_path / "eval_accuracy_result.json")
    assert report["verdict"] == "NOT VALID"
    assert {target["status"] for target in report["targets"]} == {"timed_out"}
    assert "failed on both, case_1 first: timed out after 0.2 s" in report["reasons"][0]
    assert "Traceback" not in finished.stderr


def test_wrong_usage_is_one_line_and_imports_no_torch(tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"audio": "gone.wav", "text": "x"}\n')
    (tmp_path / "empty").mkdir()
    both = ("--model_path", MODEL, *CPU_DTYPES)
    wrong = [
        (("--model_path", "gone", *CPU_DTYPES), "gone"),
        (("--model_path", "empty", *CPU_DTYPES), "config.json"),
        (("--model_path", MODEL, "--devices", "cpu"), "needs two"),
        (("--model_path", MODEL, "--devices", "cpu,tpu"), "'tpu' is no DEVICE"),
        ((*both, "--manifest", "gone.jsonl"), "gone.jsonl: cannot be read"),
        ((*both, "--manifest", "bad.jsonl"), "bad.jsonl, line 1: "),
        ((*both, "--threshold", "mean_wer=1"), "added_missed_words, decided_changes, lead_shift"),
        ((*both, "--threshold", "argmax_agreement"), "use NAME=NUMBER"),
        ((*both, "--num_test_cases", "0"), "at least 1"),
        ((*both, "--language", "deu"), "--manifest"),
        ((*both, "--output", "empty"), "is a directory"),
    ]
    finished = run_many(
        [(SCRIPT, arguments) for arguments, _ in wrong], cwd=tmp_path, forbid=("torch",)
    )
    for (arguments, complaint), each in zip(wrong, finished, strict=True):
        assert each.code == 2, (arguments, each)
        assert complaint in each.stderr.splitlines()[-1], arguments
        assert "Traceback" not in each.stderr


def test_missing_card_is_noticed_before_the_reference_runs(tmp_path):
    finished = run_script(
        *(SCRIPT, "--model_path", MODEL, "--devices", "cpu,npu:0", "--num_test_cases", 1),
        cwd=tmp_path,
    )
    assert finished.code == 2
    assert finished.stderr.splitlines()[-1].startswith("error: npu:0 float32: ")
    assert "on cpu" not in finished.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_fault_of_a_card_is_caught(emulated_npu, tmp_path):
    arguments = ("--model_path", MODEL, "--devices", "cpu,npu", "--num_test_cases", 3)
    finished = emulated_npu.python(
        *(REPOSITORY / SCRIPT, *map(str, arguments), "--min_words", "20"),
        cwd=tmp_path,
        EMULATED_NPU_MODULE_ERROR="layers.2.attention=0.5",
    )
    assert finished.code == 1, finished.stdout + finished.stderr
    report = read(tmp_path / "eval_accuracy_result.json")
    assert "FAIL" in {test["verdict"] for test in report["comparisons"][0]["tests"]}
    assert report["comparisons"][0]["negative_control"] is None
    assert report["targets"][1]["environment"]["device"] == "npu:0"


@pytest.mark.slow
def test_recogniser_on_a_card_that_computes_like_the_cpu(emulated_npu, tmp_path):
    finished = emulated_npu.python(
        *(REPOSITORY / SCRIPT, "--model_path", str(WHISPER), "--source", "samples"),
        *("--devices", "cpu,npu:0:float32", "--num_test_cases", "4", "--output", "-"),
        *("--threshold", "added_word_errors=0.1", "--threshold", "decided_changes=0.05"),
        cwd=tmp_path,
    )
    report = json.loads(finished.stdout)
    jsonschema.validate(report, SCHEMA)
    assert all(check["passed"] for check in checks(report).values())
    assert report["targets"][0]["against_truth"]["wer"] < 0.25
    (comparison,) = report["comparisons"]
    shift = next(test for test in comparison["tests"] if test["name"] == "lead_shift")
    assert shift["verdict"] == "PASS"
    assert report["verdict"] == "PASS", report["reasons"]
    assert finished.code == 0
    assert comparison["negative_control"]["smallest_noticed"] <= 0.3


@pytest.mark.slow
def test_own_cases(tmp_path):
    lines = [
        {"audio": str(SAMPLES / f"{name}.wav"), "text": (SAMPLES / f"{name}.txt").read_text()}
        for name in ("demo", "numbers", "spontaneous", "slow", "fast")
    ]
    lines = [line | {"conditions": {"set": str(i % 2)}} for i, line in enumerate(lines)]
    text = "\n".join(json.dumps(line) for line in lines)
    (tmp_path / "mine.jsonl").write_text(text, encoding="utf-8")
    finished = run_script(
        *(SCRIPT, "--model_path", MODEL, *CPU_DTYPES, "--manifest", "mine.jsonl"), cwd=tmp_path
    )
    report = read(tmp_path / "eval_accuracy_result.json")
    assert finished.code == 0, report["reasons"]
    assert report["cases"]["source"] == "manifest mine.jsonl"
    conditions = report["comparisons"][0]["text"]["conditions"]
    assert [(row["value"], row["cases"]) for row in conditions] == [("0", 3), ("1", 2)]
    assert report["targets"][0]["boundary_error"] is None  # no true times were given
