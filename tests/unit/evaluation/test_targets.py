import pytest

from speech_toolkit.errors import DeviceError, UsageError
from speech_toolkit.evaluation import targets
from speech_toolkit.evaluation.targets import (
    Target,
    choose_targets,
    parse_targets,
    refuse_missing,
    why_same,
)

NPU = {"device": "npu:0"}


def test_entries_with_and_without_index_and_dtype():
    assert parse_targets("cpu, cpu:bfloat16,npu,npu:1,cuda:float32,npu:0:float16") == (
        Target("cpu"),
        Target("cpu", "bfloat16"),
        Target("npu"),
        Target("npu:1"),
        Target("cuda", "float32"),
        Target("npu:0", "float16"),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "cpu,", "cpu,,npu", "tpu", "cpu:0", "npu:x", "npu:0:int8", "float16", ":float16"),
        *("npu:high", "npu:0:float16:high", "npu:0:float32:medium", "npu:high:float32", "high"),
    ],
)
def test_refused(text):
    with pytest.raises(UsageError, match="--devices"):
        parse_targets(text)


def test_labels():
    assert Target("npu:0", "float16").label == "npu:0 float16"
    assert Target("npu").label == "npu"


def test_default_dtypes():
    assert Target("cpu").with_default_dtype("float16").dtype == "float32"
    assert Target("npu:0").with_default_dtype("float16").dtype == "float16"
    assert Target("cpu", "bfloat16").with_default_dtype("float16").dtype == "bfloat16"


@pytest.mark.parametrize(
    ("text", "best", "expected"),
    [
        (None, "npu:0", [Target("cpu"), Target("npu:0")]),
        (None, "cpu", [Target("cpu")]),
        ("auto:float16", "cuda:0", [Target("cuda:0", "float16")]),
        ("cpu,auto", "cpu", [Target("cpu"), Target("cpu")]),
    ],
)
def test_auto_is_the_best_device(monkeypatch, text, best, expected):
    monkeypatch.setattr(targets, "find_best_device", lambda: best)
    assert choose_targets(text) == tuple(expected)


def test_named_devices_are_not_looked_for(monkeypatch):
    monkeypatch.delattr(targets, "find_best_device")
    assert choose_targets("cpu,npu:3") == (Target("cpu"), Target("npu:3"))


def test_dtypes_multiply_entries_that_name_none():
    assert choose_targets("cpu,npu:0:float16", ("float32", "bfloat16")) == (
        Target("cpu", "float32"),
        Target("cpu", "bfloat16"),
        Target("npu:0", "float16"),
    )


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


def test_the_same_device_in_the_same_dtype_shows_nothing():
    assert "npu:0 in float32" in why_same(NPU, "float32", NPU, "float32")
    assert "repeatability only" in why_same(NPU, "float32", NPU, "float32")


@pytest.mark.parametrize(
    ("candidate", "dtype"),
    [
        (NPU, "float16"),
        ({"device": "npu:1"}, "float32"),
        ({}, "float32"),
        (NPU | {"float32_precision": "high"}, "float32"),
    ],
)
def test_another_device_dtype_or_precision_is_a_comparison(candidate, dtype):
    assert why_same(NPU, "float32", candidate, dtype) is None


def test_precisions():
    assert parse_targets("npu:0:float32:high,npu:float32:highest,npu") == (
        Target("npu:0", "float32", "high"),
        Target("npu", "float32"),
        Target("npu"),
    )
    assert parse_targets("cpu,npu,npu:float32:highest", "high")[1:] == (
        Target("npu", None, "high"),
        Target("npu", "float32", "highest"),
    )
    assert Target("npu:0", "float32", "high").label == "npu:0 float32 high"
    assert Target("npu:0", "float32", "highest").label == "npu:0 float32"


@pytest.mark.parametrize(
    ("target", "filled_in"),
    [
        (Target("npu", None, "high"), Target("npu", "float16", "highest")),
        (Target("npu", "float32", "high"), Target("npu", "float32", "high")),
        (Target("cpu", "float32", "high"), Target("cpu", "float32", "highest")),
    ],
)
def test_precision_is_of_cards_in_float32(target, filled_in):
    assert target.with_default_dtype("float16") == filled_in
