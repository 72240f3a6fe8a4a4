import pytest

from speech_toolkit.device.self_test.results import (
    FAIL,
    PASS,
    WARN,
    DeviceReport,
    Finding,
    Measurement,
    OperatorResult,
    SelfTest,
)
from speech_toolkit.device.self_test.text import WIDTH, lines

WORDS = "a long explanation of what went wrong " * 8


def result(name, verdict=PASS, message=None, fallbacks=()):
    measurements = (
        Measurement("float32", 2.5e-7, PASS, None),
        Measurement("float16", None if message else 2.1e-4, verdict, message),
    )
    return OperatorResult(name, "of tests", measurements, fallbacks)


def self_test(*operators, findings=()):
    facts = {"device_name": "A card", "env": {}}
    report = DeviceReport("npu:1", "asked for by name", facts, (), (), operators, 1.25)
    environment = {"ASCEND_HOME_PATH": {"value": "/opt/" + "a" * 200, "set_by": "user"}}
    return SelfTest("npu:1", tuple(findings), report, environment, is_missing=False)


def test_verdict_comes_first_and_what_is_wrong_before_the_rest():
    told = list(
        lines(
            self_test(
                result("right"),
                result("left", fallbacks=("aten::left",)),
                result("wrong", FAIL, "EZ9999"),
                findings=[Finding("torch", "2.13.0", PASS), Finding("CANN", "odd", WARN)],
            )
        )
    )
    assert told[0] == "Self-test FAIL: npu:1 (A card), 3 operators, 1 wrong, 2 to look at"
    rows = [line.split(",")[0] for line in told if ", of tests" in line]
    assert rows == ["FAIL  wrong", "WARN  left", "PASS  right"]
    assert "          float16: EZ9999" in told
    assert "          on the CPU instead: aten::left" in told


def test_failures_in_several_dtypes_are_told_once():
    measurements = tuple(Measurement(dtype, None, FAIL, "no") for dtype in ("float32", "float16"))
    told = list(lines(self_test(OperatorResult("odd", "of tests", measurements, ()))))
    assert told[-1] == "          float32, float16: no"


def test_lines_are_short():
    test = self_test(
        result("wrong", FAIL, WORDS, ("aten::" + "x" * 90,)), findings=[Finding("NPU", WORDS, FAIL)]
    )
    assert max(len(line) for line in lines(test)) <= WIDTH


def test_without_a_device():
    test = SelfTest("npu", (Finding("npu", "not there", FAIL),), None, {}, is_missing=True)
    assert list(lines(test)) == [
        "Self-test FAIL: no device, 0 operators, 1 wrong, 0 to look at",
        "",
        "FAIL  npu             not there",
    ]


@pytest.mark.parametrize(("error", "shown"), [(0.0, "0"), (1e-3, "!1.0e-03")])
def test_figures(error, shown):
    verdict = FAIL if error else PASS
    whole = OperatorResult("eq", "of tests", (Measurement("int64", error, verdict, None),), ())
    assert list(lines(self_test(whole)))[-1].endswith(f" {shown}")
