"""Which device is taken, and why."""

import os

import pytest
import torch

from speech_toolkit.device import Device, select_device
from speech_toolkit.errors import DeviceError, UsageError
from tests.unit.device.fake_torch_npu import NO_CANN, ROOT, run_python, select_in_process

CPU = Device("cpu", None, "cpu", "asked for by name")


# What works with tensors alone, and is imported once torch is: the rest is not.
COMPUTES = (
    "rounding",
    *(f"self_test.{name}" for name in ("forms", "measure", "operator", "operators")),
)


def test_import_loads_no_torch():
    code = f"""
        import importlib, pkgutil, sys
        from speech_toolkit import device
        for module in pkgutil.walk_packages(device.__path__, device.__name__ + "."):
            if module.name.partition("device.")[2] not in {COMPUTES}:
                importlib.import_module(module.name)
        print("speech_toolkit.device.backends.npu" in sys.modules, "torch" in sys.modules)
    """
    assert run_python(code, str(ROOT)).stdout == "True False\n"


def test_cpu_by_name():
    assert select_device("cpu") == CPU
    assert CPU.name == "cpu"


def test_unknown_precision():
    with pytest.raises(UsageError, match="float32_precision .*exact.*: use highest or high"):
        select_device("cpu", "exact")


@pytest.mark.parametrize("precision", ["highest", "high"])
def test_float32_on_the_cpu_is_whole_at_either_precision(precision):
    torch.set_float32_matmul_precision("medium")
    torch.backends.mkldnn.conv.fp32_precision = "bf16"
    try:
        device = select_device("cpu", precision)
        assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
        assert torch.backends.mkldnn.conv.fp32_precision == "ieee"
        assert device.facts()["float32_precision"] == "highest"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_auto_without_any_card_says_why(caplog):
    with caplog.at_level("INFO"):
        device = select_device("auto")
    assert device.type == "cpu"
    assert "torch_npu is not installed" in device.reason
    assert device.reason in caplog.text


@pytest.mark.parametrize(
    ("built_for", "why"), [(None, "is built without CUDA"), ("13.0", "finds no GPU")]
)
def test_cuda_without_cuda_or_torch_npu(monkeypatch, built_for, why):
    monkeypatch.setattr(torch.version, "cuda", built_for)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=f"cuda:0 is not there: .*{why}.*torch_npu"):
        select_device("cuda:0")


def test_broken_torch_npu_leaves_cpu_and_transformers_alone(fake_torch_npu):
    code = """
        from speech_toolkit.device import select_device
        device = select_device("cpu")
        from transformers import Wav2Vec2ForCTC, is_torch_npu_available
        from speech_toolkit.errors import DeviceError, UsageError
        try:
            select_device("npu")
        except DeviceError as error:
            print(device.name, Wav2Vec2ForCTC.__name__, is_torch_npu_available(), error)
    """
    finished = run_python(code, fake_torch_npu(NO_CANN))
    assert finished.stdout.startswith("cpu Wav2Vec2ForCTC False CANN was not found")


def test_autoload_that_the_user_insists_on(fake_torch_npu):
    switch = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "1"}
    (line,) = select_in_process(["cpu"], fake_torch_npu(NO_CANN), **switch)
    assert line.startswith("error: torch could not load torch_npu (libhccl.so")
    assert "unset TORCH_DEVICE_BACKEND_AUTOLOAD" in line


def test_torch_that_cannot_be_imported(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('libtorch_cpu.so: cannot open')")
    (line,) = select_in_process(["cpu"], os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert line.startswith("error: torch cannot be imported (libtorch_cpu.so")
