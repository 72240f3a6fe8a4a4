import json

import jsonschema
import pytest

from speech_toolkit.bundled import SCHEMAS
from speech_toolkit.cli.scripts import self_test
from speech_toolkit.device.self_test.results import (
    DeviceReport,
    Finding,
    Measurement,
    OperatorResult,
)
from speech_toolkit.errors import UsageError
from speech_toolkit.processes.runner import Outcome

SCHEMA = json.loads((SCHEMAS / "self_test.schema.json").read_text(encoding="utf-8"))
NO_NPU = Finding("NPU", "no NPU (torch_npu is not installed)")


def report(device, *names):
    facts = {"device_name": "A card", "cann": None, "driver": None, "env": {}}
    measurements = (Measurement("float32", 1e-7, "PASS", None),)
    operators = tuple(OperatorResult(name, "of tests", measurements, ()) for name in names)
    return DeviceReport(device, "asked for by name", facts, (NO_NPU,), (), operators, 0.5)


def ended(found=None, running=None, message=None):
    left = {"report": found.to_dict() if found else None, "running": running}
    status = "crash" if message else "ok"
    return Outcome("cpu", status, left, {}, message, -11 if message else 0, 1.0, ())


@pytest.fixture
def processes(monkeypatch):
    """Return a function that says how the processes end; what they were asked for is noted."""
    asked = []

    def end(*outcomes):
        left = iter(outcomes)

        def run(target, payload, *, progress, **options):
            asked.append(payload)
            outcome = next(left)
            if callable(outcome):
                return outcome(progress)
            return outcome

        monkeypatch.setattr(self_test, "run_isolated", run)
        return asked

    return end


def printed(capsys, *arguments):
    code = self_test.main([*arguments])
    return code, capsys.readouterr().out.splitlines()


def test_what_is_asked_of_the_processes(processes, capsys):
    asked = processes(ended(report("cpu")), ended(report("npu:1", "gelu")))
    code, lines = printed(capsys, "--device", "npu:1")
    assert code == 0
    assert asked == [{"device": "auto", "done": None}, {"device": "npu:1", "done": []}]
    assert lines[0] == "Self-test PASS: npu:1 (A card), 1 operators, 0 wrong, 0 to look at"
    assert "PASS  auto            takes cpu: asked for by name" in lines


def test_another_process_goes_on_where_one_died(processes, capsys):
    died = "died of SIGSEGV; the last it printed: at /home/alice/x.so"
    asked = processes(
        ended(report("cpu", "add"), "mul, of tests", died), ended(report("cpu", "gelu"))
    )
    code, lines = printed(capsys)
    assert code == 1
    assert asked[1]["done"] == ["add, of tests", "mul, of tests"]
    rows = [line for line in lines if ", of tests" in line]
    assert [row.split(",")[0] for row in rows] == ["FAIL  mul", "PASS  add", "PASS  gelu"]
    assert "          any: died of SIGSEGV; the last it printed: at .../x.so" in lines
    assert any("1.0 s: relative error" in line for line in lines)


def test_dying_again_and_again_is_given_up(processes, capsys):
    deaths = [ended(report("cpu"), f"op{n}, of tests", "died of SIGSEGV") for n in range(9)]
    asked = processes(*deaths)
    code, lines = printed(capsys)
    assert code == 1
    assert len(asked) == 4
    assert "FAIL  operators       given up: 4 processes died over them" in lines


def test_where_auto_ends_the_process_the_operators_run_on_the_cpu(processes, capsys):
    asked = processes(ended(message="died of SIGSEGV"), ended(report("cpu", "add")))
    code, lines = printed(capsys)
    assert code == 1
    assert [each["device"] for each in asked] == ["auto", "cpu"]
    assert "FAIL  auto            died of SIGSEGV" in lines
    assert "cpu (A card), 1 operators" in lines[0]


def test_a_device_that_was_named_and_is_missing(processes, capsys):
    gone = "no NPU (torch_npu is not installed)"
    processes(ended(report("cpu")), ended(message=gone))
    code, lines = printed(capsys, "--device", "npu")
    assert code == 2
    assert "FAIL  npu             not there, see above" in lines


def test_fallbacks_that_only_the_log_tells(processes, capsys):
    def logged(progress):
        progress.info("auto: operator: add, of tests")
        progress.warning(
            "auto: CAUTION: The operator 'aten::add.out' is not currently supported on the NPU "
            "backend and will fall back to run on the CPU."
        )
        return ended(report("npu:0", "add", "add_", "mul"))

    processes(logged)
    code, lines = printed(capsys)
    assert code == 0
    marked = [line.split(",")[0] for line in lines if line.startswith("WARN")]
    assert marked == ["WARN  add", "WARN  add_"]


def test_result_is_what_the_schema_describes(processes, capsys, tmp_path):
    processes(ended(report("cpu", "add"), "mul, of tests", "died"), ended(report("cpu", "gelu")))
    path = tmp_path / "report.json"
    printed(capsys, "--output", str(path))
    result = json.loads(path.read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["verdict"] == "FAIL"
    assert [each["name"] for each in result["operators"]] == ["add", "mul", "gelu"]
    processes(ended(message="no"), ended(message="no"))
    printed(capsys, "--output", str(path))
    jsonschema.validate(json.loads(path.read_text()), SCHEMA)


def test_result_alone_is_on_stdout(processes, capsys):
    processes(ended(report("cpu", "add")))
    assert self_test.main(["--output", "-"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["device"] == "cpu"
    assert said.err.startswith("Self-test PASS")


def test_wrong_usage(processes):
    processes()
    with pytest.raises(UsageError, match="unknown device 'xpu'"):
        self_test.main(["--device", "xpu"])
