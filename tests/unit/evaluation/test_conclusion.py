import pytest

from speech_toolkit.evaluation.conclusion import EXIT_CODES, why_same, worst_of

NPU = {"device": "npu:0"}


def test_exit_codes():
    assert EXIT_CODES == {"PASS": 0, "FAIL": 1, "NOT VALID": 4}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["PASS", "PASS"], "PASS"),
        (["PASS", "NOT VALID"], "NOT VALID"),
        (["NOT VALID", "FAIL", "PASS"], "FAIL"),
    ],
)
def test_worst(verdicts, expected):
    assert worst_of(verdicts) == expected


def test_the_same_device_in_the_same_dtype_shows_nothing():
    assert "npu:0 in float32" in why_same(NPU, "float32", NPU, "float32")
    assert "repeatability only" in why_same(NPU, "float32", NPU, "float32")


@pytest.mark.parametrize(
    ("candidate", "dtype"),
    [(NPU, "float16"), ({"device": "npu:1"}, "float32"), ({}, "float32")],
)
def test_another_device_or_dtype_is_a_comparison(candidate, dtype):
    assert why_same(NPU, "float32", candidate, dtype) is None
