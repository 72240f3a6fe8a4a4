"""`python -m speech_toolkit.device` on emulated cards, and where something is broken."""

import json
import re

import jsonschema
import pytest

from speech_toolkit.bundled import SCHEMAS
from tests.unit.device import fake_torch_npu

SCHEMA = json.loads((SCHEMAS / "self_test.schema.json").read_text(encoding="utf-8"))
HOME = {"HOME": "/home/alice", "ASCEND_HOME_PATH": "/home/alice/Ascend"}
GOOD = {"EMULATED_NPU_CANN": "9.1.0", **HOME}


@pytest.fixture
def on_card(emulated_npu, tmp_path):
    """Return a function that runs a self-test, and returns its code, lines by verdict and JSON."""

    def run(*arguments, version=None, **variables):
        path = tmp_path / "report.json"
        options = {"version": version} if version else {}
        finished = emulated_npu.python(
            *("-m", "speech_toolkit.device", *arguments, "--output", path),
            cwd=tmp_path,
            **(GOOD | options | variables),
        )
        check_manners(finished.stdout, finished.stderr)
        result = json.loads(path.read_text())
        jsonschema.validate(result, SCHEMA)
        return finished, result

    return run


def check_manners(stdout, stderr):
    """No traceback, nothing on stderr, short lines, nobody's name."""
    assert "Traceback" not in stdout
    assert stderr == ""
    assert max(map(len, stdout.splitlines())) <= 100
    assert stdout.startswith("Self-test ")
    assert "alice" not in stdout


def verdicts(result):
    return {each["about"]: (each["verdict"], each["text"]) for each in result["findings"]}


def wrong(result):
    return {each["name"] for each in result["operators"] if each["verdict"] == "FAIL"}


def test_a_card_that_is_right(on_card):
    finished, result = on_card("--device", "npu:1")
    assert (finished.code, wrong(result)) == (0, set()), finished.stdout
    assert result["device"] == "npu:1"
    found = verdicts(result)
    assert found["auto"] == ("PASS", "takes npu:0: an NPU is auto's first choice")
    assert found["NumPy for CANN"][0] == "PASS"
    assert found["dtypes"][1] == "float32, float16, bfloat16"
    assert found["GELU"][1] == "exact form"
    assert found["HF32"][1] == "matmul off, conv off"
    assert "(Emulated Ascend910B2)" in finished.stdout.splitlines()[0]
    assert "ASCEND_HOME_PATH=.../Ascend (set by the user)" in finished.stdout


@pytest.mark.slow
def test_each_fault_of_a_card_is_at_its_operator(on_card):
    finished, result = on_card(
        EMULATED_NPU_CHIP="Ascend310P3",
        EMULATED_NPU_RAISE_OP="aten::topk",
        EMULATED_NPU_OUT_OF_MEMORY_OP="aten::median",
        EMULATED_NPU_FALLBACK_OPS="aten::cumsum,aten::_softmax",
        EMULATED_NPU_ROUND="matmul:hf32",
        EMULATED_NPU_CANN="8.5.0",
        EMULATED_NPU_NOISE="1",
    )
    assert finished.code == 1
    operators = {(each["name"], each["use"]): each for each in result["operators"]}
    said = {
        name: {each["message"] for each in operator["measurements"] if each["message"]}
        for (name, _), operator in operators.items()
    }
    assert said["linear"] == {"as with factors rounded to HF32"}
    assert said["scaled_dot_product_attention"] == said["linear"]
    assert any("EZ9999" in message for message in said["topk"])
    assert said["median"] == {"out of memory"}
    assert said["gelu"] == {"as GELU in its tanh form"}
    assert operators["gelu", "feed-forward"]["verdict"] == "WARN"
    found = verdicts(result)
    assert found["float16"][1].startswith("an overflow ends at 65504")
    assert found["float32"][1] == "factors of products are rounded, whatever is asked"
    assert said["conv1d"] == {"as with factors rounded to FLOAT16"}
    assert operators["conv1d", "of samples"]["verdict"] == "WARN"
    assert {name for name in said if said[name]} >= {"linear", "matmul", "bmm", "topk", "median"}
    fallen = {name: each["fallback_ops"] for (name, _), each in operators.items()}
    assert {name: ops for name, ops in fallen.items() if ops} == {
        "cumsum": ["aten::cumsum"],
        "softmax": ["aten::_softmax"],
    }
    assert operators["softmax", "of tokens"]["fallback_ops"]
    numpy = verdicts(result)["NumPy for CANN"]
    assert numpy[0] == "FAIL" or "fits" in numpy[1]


@pytest.mark.slow
def test_without_cann_all_else_is_said(on_card):
    finished, result = on_card(EMULATED_NPU_NO_CANN="1")
    assert (finished.code, result["device"], wrong(result)) == (1, "cpu", set())
    verdict, said = verdicts(result)["NPU"]
    assert verdict == "FAIL"
    assert "CANN was not found" in said
    assert len(result["operators"]) > 80


@pytest.mark.slow
def test_another_torch_npu_and_a_device_asked_for_by_name(on_card):
    finished, result = on_card("--device", "npu", version="2.9.0")
    assert (finished.code, result["device"], result["operators"]) == (2, None, [])
    found = verdicts(result)
    assert found["torch_npu"][0] == "FAIL"
    assert "pip install torch_npu==" in found["torch_npu"][1]
    assert found["auto"][1] == "takes cpu: there is no other"


@pytest.mark.slow
def test_a_torch_npu_that_ends_the_process(tmp_path):
    body = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"
    path = fake_torch_npu.install(tmp_path, body)
    code = "import runpy; runpy.run_module('speech_toolkit.device', run_name='__main__')"
    finished = fake_torch_npu.run_python(code, path)
    assert finished.returncode == 1
    check_manners(finished.stdout, finished.stderr)
    assert re.search(r"^FAIL  auto +died of SIGSEGV", finished.stdout, re.M)
    assert re.search(r"^Self-test FAIL: cpu .*, \d\d+ operators, 1 wrong", finished.stdout)
