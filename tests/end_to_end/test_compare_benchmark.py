"""The compare and benchmark modes of inference_whisper.py, on the CPU and the emulated NPU."""

import json

import jsonschema
import numpy as np
import pytest
import soundfile

from tests.end_to_end.support import REPOSITORY, SAMPLES, run_many, run_script

SPEECH = SAMPLES / "recognition" / "two_sentences.wav"
SCRIPT = "inference_whisper.py"
FEW = ("--max_new_tokens", 24)


def read(path, kind):
    schema = json.loads((REPOSITORY / "results" / "schemas" / f"{kind}.schema.json").read_text())
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, schema)
    return report


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory):
    """Return a directory with the report of a benchmark on the CPU, and how each run ended."""
    directory = tmp_path_factory.mktemp("cpu")
    benchmark = ("--mode", "benchmark", "--num_runs", 3)
    commands = {
        "benchmark": ("--audio", SPEECH, "--device", "cpu", *benchmark, *FEW, "--warmup", 1),
        "missing": ("--audio", "missing.wav", "--device", "cpu", "--mode", "compare"),
        "no run": ("--audio", SPEECH, "--mode", "benchmark", "--num_runs", 0),
    }
    finished = run_many([(SCRIPT, list(line)) for line in commands.values()], cwd=directory)
    return directory, dict(zip(commands, finished, strict=True))


def test_benchmark(on_cpu):
    directory, finished = on_cpu
    assert finished["benchmark"].code == 0, finished["benchmark"].stderr
    report = read(directory / "benchmark_result.json", "benchmark")
    assert len(report["runs_s"]) == 3
    assert report["warmup_s"] == []
    assert report["first_s"] > 0
    assert report["rtf"] == pytest.approx(
        np.mean(report["runs_s"]) / soundfile.info(SPEECH).duration, rel=1e-6
    )
    assert 0 < report["tokens"] <= 24 * report["windows"]
    tokens_s = report["stages"]["tokens"]["median_s"]
    assert report["seconds_per_token"] == pytest.approx(tokens_s / report["tokens"])
    assert report["memory"]["peak_allocated_bytes"] > 1e6
    for word in ("p50", "RTFx", "per token", "peak allocated"):
        assert word in finished["benchmark"].stdout


@pytest.mark.slow
def test_silence_is_no_evidence(tmp_path):
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(48_000, dtype=np.float32), 16_000)
    finished = run_script(
        *(SCRIPT, "--audio", silence, "--device", "cpu", "--mode", "compare"), cwd=tmp_path
    )
    assert finished.code == 4, finished.stderr
    report = read(tmp_path / "compare_result.json", "compare")
    assert report["verdict"] == "NOT VALID"
    assert report["same_device"]
    assert report["reference"]["text"] == report["candidate"]["text"] == ""
    assert "[VERDICT] NOT VALID" in finished.stdout


@pytest.mark.slow
def test_a_card_that_is_not_there(tmp_path):
    finished = run_script(
        *(SCRIPT, "--audio", SPEECH, "--device", "npu:0", "--mode", "compare"), cwd=tmp_path
    )
    assert finished.code == 2
    assert "torch_npu is not installed" in finished.stderr.splitlines()[-1]
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(("name", "said"), [("missing", "missing.wav"), ("no run", "at least 1")])
def test_wrong_usage(on_cpu, name, said):
    directory, finished = on_cpu
    assert finished[name].code == 2
    assert said in finished[name].stderr.splitlines()[-1]
    assert "Traceback" not in finished[name].stderr
    assert not (directory / "compare_result.json").exists()


@pytest.fixture
def compare(emulated_npu, tmp_path):
    """Return a function that compares an emulated card with the CPU."""

    def run(*arguments, **variables):
        finished = emulated_npu.python(
            *(REPOSITORY / SCRIPT, "--audio", SPEECH, "--mode", "compare", *FEW, *arguments),
            cwd=tmp_path,
            **variables,
        )
        assert "Traceback" not in finished.stderr
        return finished, read(tmp_path / "compare_result.json", "compare")

    return run


@pytest.mark.slow
def test_a_card_like_the_cpu_passes(compare):
    finished, report = compare("--device", "npu:0", "--dtype", "float32")
    assert finished.code == 0, finished.stdout + finished.stderr
    assert report["verdict"] == "PASS"
    assert report["candidate"]["environment"]["device_name"].startswith("Emulated")
    assert report["candidate"]["tokens"] == report["reference"]["tokens"]
    assert not report["same_device"]
    variables = report["reference"]["environment"]["env"]
    assert "PYTORCH_NPU_ALLOC_CONF" not in variables


@pytest.mark.slow
def test_a_wrong_card_fails_with_its_first_wrong_token(compare):
    finished, report = compare(
        "--device", "npu", "--dtype", "float32", EMULATED_NPU_MODULE_ERROR="layers.0.fc2=5"
    )
    assert finished.code == 1
    assert report["verdict"] == "FAIL"
    index = report["first_difference"]["index"]
    assert report["reference"]["tokens"][:index] == report["candidate"]["tokens"][:index]
    assert "first differing token" in finished.stdout


@pytest.mark.slow
def test_a_card_without_memory_shows_nothing_and_keeps_the_reference(compare):
    finished, report = compare("--device", "npu", EMULATED_NPU_MEMORY_BYTES="65536")
    assert finished.code == 4
    assert report["candidate"]["status"] == "out_of_memory"
    assert report["reference"]["status"] == "ok"
    assert "out of memory" in finished.stdout
