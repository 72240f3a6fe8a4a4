"""eval_perf.py as a user runs it: on the CPU, on the emulated NPU, against an older report."""

import json

import jsonschema
import pytest

from tests.end_to_end.support import MODEL, REPOSITORY, SAMPLES, run_many, run_script

SCHEMA = json.loads((REPOSITORY / "results" / "schemas" / "perf.schema.json").read_text())
QUICK = ("--duration", 1, "--warmup", 1, "--runs", 4)
SCRIPT = "eval_perf.py"


def read(path):
    report = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    return report


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """Return the path of a report of the CPU, and what was printed while it was made."""
    directory = tmp_path_factory.mktemp("old")
    arguments = ("--devices", "cpu", *QUICK, "--batch_sizes", "1,2")
    finished = run_script(SCRIPT, "--model_path", MODEL, *arguments, cwd=directory)
    assert finished.code == 0, finished.stderr
    return directory / "eval_perf_result.json", finished


def test_sweep_on_the_cpu(old):
    path, finished = old
    report = read(path)
    (target,) = report["targets"]
    assert target["label"] == "cpu float32"
    assert target["load_s"] > 0
    assert [(case["duration_s"], case["batch_size"]) for case in target["cases"]] == [
        (1, 1),
        (1, 2),
    ]
    for case in target["cases"]:
        assert list(case["stages"]) == ["emissions", "alignment"]
        assert len(case["runs_s"]) == 4
        assert (case["windows"], case["batch_size_used"]) == (1, 1)
    assert "[PERFORMANCE]" in finished.stdout
    assert "p90 needs 64" in finished.stdout
    assert "Traceback" not in finished.stderr


@pytest.mark.slow
def test_slower_than_an_older_report(old, tmp_path):
    report = json.loads(old[0].read_text())
    for case in report["targets"][0]["cases"]:
        case["latency"]["p50_s"] /= 100
        case["runs_s"] = [seconds / 100 for seconds in case["runs_s"]]
    (tmp_path / "fast.json").write_text(json.dumps(report))
    finished = run_script(
        *(SCRIPT, "--model_path", MODEL, "--devices", "cpu:float32", *QUICK),
        *("--compare", "fast.json", "--max_regression", "20%", "--output", "new.json"),
        cwd=tmp_path,
    )
    assert finished.code == 1
    assert "slower: cpu float32, 1 s x 1: " in finished.stderr
    comparison = read(tmp_path / "new.json")["comparison"]
    assert comparison["differences"] == []
    assert comparison["not_compared"] == ["cpu float32, 1 s x 2: not measured now"]


def test_wrong_usage(tmp_path):
    lines = {
        ("--duration", "0"): "0.1",
        ("--duration", "1,x"): "'x' is not a number",
        ("--batch_sizes", "0"): "at least 1",
        ("--runs", "0"): "at least 1",
        ("--warmup", "-1"): "at least 0",
        ("--dtypes", "int8"): "int8",
        ("--devices", "cpu,tpu"): "tpu",
        ("--max_regression", "10"): "10%",
        ("--timeout", "0"): "above 0",
        ("--compare", "missing.json"): "missing.json",
        ("--audio", "missing.wav", "--devices", "cpu"): "missing.wav",
        ("--model_path", "missing"): "missing",
        ("--output", "/"): "directory",
    }
    for finished, said in zip(
        run_many([(SCRIPT, list(line)) for line in lines], cwd=tmp_path),
        lines.values(),
        strict=True,
    ):
        assert finished.code == 2, finished
        assert said in finished.stderr.splitlines()[-1]
        assert "Traceback" not in finished.stderr


@pytest.mark.slow
def test_time_out_keeps_what_was_measured(tmp_path):
    finished = run_script(
        *(SCRIPT, "--model_path", MODEL, "--devices", "cpu", "--audio", SAMPLES / "demo.wav"),
        *("--warmup", 0, "--runs", 100_000, "--timeout", 40),
        cwd=tmp_path,
    )
    assert finished.code == 4
    assert "timed out after 40 s" in finished.stderr.splitlines()[-1]
    (target,) = read(tmp_path / "eval_perf_result.json")["targets"]
    (case,) = target["cases"]
    assert target["status"] == "timed_out"
    assert not case["complete"]
    assert len(case["runs_s"]) == case["latency"]["count"] >= 1


@pytest.fixture
def on_card(emulated_npu, tmp_path):
    """Return a function that runs the script where there are emulated cards."""

    def run(*arguments, **variables):
        finished = emulated_npu.python(
            *(REPOSITORY / SCRIPT, "--model_path", MODEL, *QUICK, *arguments),
            cwd=tmp_path,
            **variables,
        )
        assert "Traceback" not in finished.stderr
        return finished, read(tmp_path / "eval_perf_result.json")

    return run


@pytest.mark.slow
def test_a_card_is_measured_and_a_broken_one_loses_nothing(on_card):
    finished, report = on_card("--devices", "cpu,npu:0,npu:1", EMULATED_NPU_BUSY_CARD="1")
    assert finished.code == 2, finished.stderr
    cpu, card, busy = report["targets"]
    assert [target["status"] for target in report["targets"]] == ["ok", "ok", "error"]
    assert "npu:1 cannot be opened" in busy["message"]
    assert "npu:1 cannot be opened" in finished.stderr.splitlines()[-1]
    (case,) = card["cases"]
    assert case["memory"]["peak_reserved_bytes"] >= case["memory"]["peak_allocated_bytes"] > 1e6
    (speed_up,) = report["speed_ups"]
    assert (speed_up["speed_up"] is None) == (speed_up["withheld"] is not None)
    assert speed_up["interval"]["low"] > 0
    assert card["environment"]["env"]["PYTORCH_NPU_ALLOC_CONF"]["set_by"] == "toolkit"
    assert "PYTORCH_NPU_ALLOC_CONF" not in cpu["environment"]["env"]


@pytest.mark.slow
def test_a_card_is_found(on_card):
    finished, report = on_card()
    assert finished.code == 0, finished.stderr
    assert [target["label"] for target in report["targets"]] == ["cpu float32", "npu:0 float32"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({"EMULATED_NPU_MEMORY_BYTES": "65536"}, "out_of_memory", "out of memory"),
        ({"EMULATED_NPU_RAISE_OP": "aten::native_layer_norm"}, "device_failed", "the model failed"),
    ],
)
def test_a_card_that_fails_in_the_middle(on_card, variables, status, said):
    finished, report = on_card("--devices", "cpu,npu:1", **variables)
    assert finished.code == 4
    cpu, card = report["targets"]
    assert (cpu["status"], card["status"]) == ("ok", status)
    assert len(cpu["cases"]) == 1
    assert said in card["message"]
    assert said in finished.stderr


@pytest.mark.slow
def test_speed_up_of_wrong_output_is_withheld(on_card):
    noise = {"EMULATED_NPU_MODULE_ERROR": "layers.1.attention=3"}
    finished, report = on_card("--devices", "cpu,npu", **noise)
    assert finished.code == 0
    (speed_up,) = report["speed_ups"]
    assert speed_up["speed_up"] is None
    assert "agree in" in speed_up["withheld"]
    assert "speed-up withheld" in finished.stderr
