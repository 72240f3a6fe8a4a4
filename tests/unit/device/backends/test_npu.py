"""torch_npu that is missing, broken, of another version, and one that works.

Whatever loads a torch_npu runs in a process of its own, against a fake package on PYTHONPATH; the
emulated NPU under tests/emulated_npu exercises the same code on tensors.
"""

import json
import sys
from types import SimpleNamespace

import pytest

from speech_toolkit.device import select_device
from speech_toolkit.device.backends import npu
from speech_toolkit.errors import DeviceError
from tests.unit.device.fake_torch_npu import (
    NO_CANN,
    TORCH_RELEASE,
    UNDEFINED_SYMBOL,
    WORKING,
    WRONG_HOME,
    run_python,
    select_in_process,
)


@pytest.mark.parametrize("name", ["npu", "npu:1"])
def test_torch_npu_not_installed(name):
    with pytest.raises(DeviceError, match=f"not installed: pip install torch_npu=={TORCH_RELEASE}"):
        select_device(name)


@pytest.mark.parametrize(
    ("body", "version", "cards", "message"),
    [
        (NO_CANN, TORCH_RELEASE, 0, "CANN was not found (libhccl.so: cannot open"),
        (WRONG_HOME, TORCH_RELEASE, 0, "CANN was not found (ASCEND_HOME_PATH : /nowhere"),
        (UNDEFINED_SYMBOL, TORCH_RELEASE, 0, "cannot be loaded (libtorch_npu.so: undefined"),
        (WORKING, "2.1.0.post12", 2, "torch_npu 2.1.0.post12 does not match torch"),
        (WORKING, TORCH_RELEASE, 0, "no npu device is visible: check the driver"),
    ],
    ids=["no_cann", "wrong_home", "undefined_symbol", "version_mismatch", "no_card"],
)
def test_broken_torch_npu(fake_torch_npu, body, version, cards, message):
    python_path = fake_torch_npu(body, version=version, cards=cards)
    by_name, mapped, fallback, visible = select_in_process(["npu", "cuda:0", "auto"], python_path)
    assert by_name.startswith("error: ")
    assert message in by_name
    assert fallback.startswith("cpu | torch_npu is installed but gives no NPU (")
    assert message in fallback
    assert mapped.startswith("error: cuda:0 is not there")
    assert message in mapped
    assert visible == f"torch_npu visible: {message.startswith('no npu device')}"


def test_npu_is_selected_with_transfer(fake_torch_npu):
    code = """
        import json, logging, sys, warnings
        from speech_toolkit.device import environment_facts, prepare_environment, select_device
        logging.basicConfig()
        prepare_environment("npu:1")
        import torch
        from speech_toolkit.device.fallbacks import note_fallbacks
        note_fallbacks()  # which sets a filter of its own
        filters = list(warnings.filters)
        device = select_device("npu:1")
        import torch_npu
        facts = {"name": device.name, "env": environment_facts(), **torch_npu.seen}
        facts["filters_kept"] = warnings.filters == filters
        for dtype in ("float64", "bfloat16", "float32"):
            try:
                device.check_dtype(getattr(torch, dtype))
                facts[dtype] = "fine"
            except Exception as error:
                facts[dtype] = str(error)
        facts["again"] = select_device("cuda:0").name
        print(json.dumps(facts))
    """
    finished = run_python(code, fake_torch_npu(WORKING), TASK_QUEUE_ENABLE="2")
    assert finished.returncode == 0, finished.stderr
    facts = json.loads(finished.stdout)
    assert facts["name"] == "npu:1"
    assert facts["transferred"]
    assert facts["jit_compile"] is False
    assert facts["alloc_at_import"] == "expandable_segments:True"
    assert facts["env"]["PYTORCH_NPU_ALLOC_CONF"]["set_by"] == "toolkit"
    assert facts["env"]["TORCHDYNAMO_DISABLE"] == {"value": "1", "set_by": "toolkit"}
    assert facts["env"]["TASK_QUEUE_ENABLE"] == {"value": "2", "set_by": "user"}
    assert facts["filters_kept"]
    assert facts["float64"].startswith("npu:1 has no float64")
    assert "Ascend310P3" in facts["bfloat16"]
    assert facts["float32"] == "fine"
    assert facts["again"] == "npu:0"
    assert "native noise" in finished.stderr
    assert "banner" not in finished.stderr
    assert finished.stderr.count("GELU in its tanh form only (torch_npu has no npu_gelu)") == 1


def test_transfer_can_be_switched_off(fake_torch_npu):
    code = """
        import sys
        from speech_toolkit.device import select_device
        for name in ("npu", "cuda"):
            select_device(name)
            print("torch_npu.contrib.transfer_to_npu" in sys.modules)
    """
    finished = run_python(code, fake_torch_npu(WORKING), TORCH_TRANSFER_TO_NPU="0")
    assert finished.stdout.split() == ["False", "True"]


def test_npu_by_index_and_by_cuda_name(fake_torch_npu):
    names = ["cuda:1", "npu:2", "cuda:2"]
    seen = {"ASCEND_RT_VISIBLE_DEVICES": "6,7"}
    mapped, outside, mapped_outside = select_in_process(names, fake_torch_npu(WORKING), **seen)
    assert mapped == "npu:1 | no native CUDA, so transfer_to_npu maps cuda:1 to npu:1"
    assert outside == (
        "error: npu:2 is out of range: 2 visible (npu:0 to npu:1), ASCEND_RT_VISIBLE_DEVICES=6,7"
    )
    assert "npu:2 is out of range" in mapped_outside


def test_post_release_of_torch_npu_matches(fake_torch_npu):
    python_path = fake_torch_npu(WORKING, version=f"{TORCH_RELEASE}.post2")
    line, _ = select_in_process(["auto"], python_path)
    assert line == "npu:0 | an NPU is auto's first choice"


@pytest.mark.parametrize(
    ("utils", "expected"),
    [
        ({"get_cann_version": lambda part: f"{part} 8.5"}, "DRIVER 8.5"),
        ({"get_cann_version": lambda part: ""}, None),
        ({"get_cann_version": lambda part: int(part)}, None),
        ({}, None),
    ],
)
def test_versions_that_torch_npu_may_not_know(monkeypatch, utils, expected):
    monkeypatch.setitem(sys.modules, "torch_npu.npu.utils", SimpleNamespace(**utils))
    assert npu._cann_version("DRIVER") == expected
