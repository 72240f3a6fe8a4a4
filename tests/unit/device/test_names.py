import pytest
import torch

from speech_toolkit.device.names import parse_device_name, parse_dtype
from speech_toolkit.errors import UsageError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auto", ("auto", None)),
        ("cpu", ("cpu", None)),
        ("npu", ("npu", None)),
        ("npu:1", ("npu", 1)),
        ("cuda:12", ("cuda", 12)),
    ],
)
def test_device_names(name, expected):
    assert parse_device_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("gpu", "", "NPU", "npu:", "npu:x", "npu:-1", "cuda:-1", "cpu:0", "auto:0", "npu:0\n"),
        *("npu:128", "npu:" + "9" * 5000),
    ],
)
def test_malformed_device_names(name):
    with pytest.raises(UsageError, match="use auto, npu, npu:N, cuda, cuda:N or cpu"):
        parse_device_name(name)


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16", "float64", "torch.float16"])
def test_dtype_names(name):
    assert parse_dtype(name) is getattr(torch, name.removeprefix("torch."))


@pytest.mark.parametrize("name", ["int8", "half", "float", "", "nn"])
def test_unknown_dtype_names(name):
    with pytest.raises(UsageError, match="float32, float16, bfloat16"):
        parse_dtype(name)
