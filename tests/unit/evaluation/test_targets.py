import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation import targets
from speech_toolkit.evaluation.targets import Target, choose_targets, parse_targets


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
    "text", ["", "cpu,", "cpu,,npu", "tpu", "cpu:0", "npu:x", "npu:0:int8", "float16", ":float16"]
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
