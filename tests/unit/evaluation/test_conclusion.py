import pytest

from speech_toolkit.errors import DeviceError
from speech_toolkit.evaluation.conclusion import EXIT_CODES, refuse_missing, why_same, worst_of

NPU = {"device": "npu:0"}


def test_exit_codes():
    assert EXIT_CODES == {"PASS": 0, "FAIL": 1, "NOT VALID": 4}


def run(label, status):
    return {"label": label, "status": status, "message": "is not there; use another"}


@pytest.mark.parametrize(
    ("verdict", "reference", "candidate", "said"),
    [
        ("NOT VALID", "ok", "error", "npu:0: is not there; use another"),
        ("NOT VALID", "error", "ok", "cpu: is not there"),
        ("FAIL", "error", "ok", "cpu: is not there"),
    ],
)
def test_a_device_that_is_not_there_is_one_line(verdict, reference, candidate, said):
    with pytest.raises(DeviceError, match=said):
        refuse_missing(verdict, [run("cpu", reference), run("npu:0", candidate)])


@pytest.mark.parametrize(
    ("verdict", "candidate"), [("PASS", "ok"), ("FAIL", "error"), ("NOT VALID", "crash")]
)
def test_what_was_shown_counts_more_than_a_missing_device(verdict, candidate):
    refuse_missing(verdict, [run("cpu", "ok"), run("npu:0", candidate)])


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
