"""Selection rules, the errors of a broken torch_npu, and the figures a device reports.

Whatever loads a torch_npu runs in a process of its own, against a fake package on PYTHONPATH; the
emulated NPU under tests/emulated_npu exercises the same code on tensors.
"""

import json
import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from speech_toolkit.device import device as device_module
from speech_toolkit.device.device import (
    Device,
    is_out_of_memory,
    parse_device_name,
    parse_dtype,
    prepare_environment,
    select_device,
)
from speech_toolkit.errors import DeviceError, UsageError

ROOT = Path(__file__).resolve().parents[3]
TORCH_RELEASE = torch.__version__.split("+")[0]
CPU = Device("cpu", None, "cpu", "asked for by name")

NO_CANN = "raise ImportError('libhccl.so: cannot open shared object file: No such file')"
WRONG_HOME = "raise Exception('ASCEND_HOME_PATH : /nowhere does not exist.\\n[ERROR] ERR00006')"
UNDEFINED_SYMBOL = "raise ImportError('libtorch_npu.so: undefined symbol: _ZN3c10')"
WORKING = """
    import os, sys, types, torch
    print("Warning: ASCEND_HOME_PATH environment variable is not set.")
    os.write(1, b"native noise\\n")
    seen = {"alloc_at_import": os.environ.get("PYTORCH_NPU_ALLOC_CONF"), "set_device": None}
    npu = torch.npu = types.ModuleType("torch.npu")
    npu.device_count = lambda: CARDS
    npu.is_available = lambda: CARDS > 0
    npu.set_device = lambda index: seen.update(set_device=index)
    npu.set_compile_mode = lambda jit_compile: seen.update(jit_compile=jit_compile)
    npu.is_bf16_supported = lambda: False
    npu.get_device_name = lambda index: "Ascend310P3"
"""
TRANSFER = """
    import warnings, torch, torch_npu
    warnings.filterwarnings(action="once")
    warnings.warn("***** banner *****", ImportWarning)
    torch_npu.seen["transferred"] = True
    torch.cuda.is_available = lambda: True
"""


@pytest.fixture
def fake_torch_npu(tmp_path):
    """Return a function that installs a fake torch_npu and returns the PYTHONPATH for it."""

    def install(body: str, *, version: str = TORCH_RELEASE, cards: int = 2) -> str:
        package = tmp_path / "torch_npu"
        (package / "contrib").mkdir(parents=True)
        source = f"CARDS = {cards}\n" + textwrap.dedent(body) + "\ndef autoload(): pass\n"
        (package / "__init__.py").write_text(source)
        (package / "contrib/__init__.py").touch()
        (package / "contrib/transfer_to_npu.py").write_text(textwrap.dedent(TRANSFER))
        info = tmp_path / f"torch_npu-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: torch_npu\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text("[torch.backends]\ntorch_npu = torch_npu:autoload\n")
        return os.pathsep.join([str(tmp_path), str(ROOT)])

    return install


def run_python(
    code: str, python_path: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TORCH", "PYTORCH", "ASCEND", "OMP"))
    }
    environment |= {"PYTHONPATH": python_path, "OMP_NUM_THREADS": "1"} | variables
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


SELECT = """
    import importlib.util, sys
    from speech_toolkit.device.device import select_device
    from speech_toolkit.errors import ToolkitError
    for name in sys.argv[1:]:
        try:
            device = select_device(name)
            print(device.name, "|", device.reason)
        except ToolkitError as error:
            print("error:", error)
    if "auto" in sys.argv:
        print("torch_npu visible:", importlib.util.find_spec("torch_npu") is not None)
"""


def select_in_process(names: list[str], python_path: str, **variables: str) -> list[str]:
    finished = run_python(SELECT, python_path, *names, **variables)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def test_import_loads_no_torch():
    code = "import sys, speech_toolkit.device.device; print('torch' in sys.modules)"
    assert run_python(code, str(ROOT)).stdout == "False\n"


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
        select_device(name)


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16", "float64", "torch.float16"])
def test_dtype_names(name):
    assert parse_dtype(name) is getattr(torch, name.removeprefix("torch."))


@pytest.mark.parametrize("name", ["int8", "half", "float", "", "nn"])
def test_unknown_dtype_names(name):
    with pytest.raises(UsageError, match="float32, float16, bfloat16"):
        parse_dtype(name)


def test_cpu_by_name():
    assert select_device("cpu") == CPU
    assert CPU.name == "cpu"


def test_auto_without_any_card_says_why(caplog):
    with caplog.at_level("INFO"):
        device = select_device("auto")
    assert device.type == "cpu"
    assert "torch_npu is not installed" in device.reason
    assert device.reason in caplog.text


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Tesla T4")
    taken = []
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    return taken


@pytest.mark.parametrize(("name", "index"), [("cuda", 0), ("cuda:1", 1), ("auto", 0)])
def test_native_cuda(two_gpus, name, index):
    device = select_device(name)
    assert (device.type, device.index, two_gpus) == ("cuda", index, [index])


def test_cuda_index_out_of_range(two_gpus, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with pytest.raises(DeviceError, match=r"cuda:2 .* 2 visible .*CUDA_VISIBLE_DEVICES=4,5"):
        select_device("cuda:2")
    assert two_gpus == []


def test_cuda_dtype_that_the_card_lacks(two_gpus, monkeypatch):
    device = select_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    with pytest.raises(DeviceError, match=r"Tesla T4.* no bfloat16: use float16"):
        device.check_dtype(torch.bfloat16)
    device.check_dtype(torch.float16)


def test_cuda_build_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="finds no GPU, check `nvidia-smi`"):
        select_device("cuda:0")


@pytest.mark.parametrize("name", ["npu", "npu:1"])
def test_torch_npu_not_installed(name):
    with pytest.raises(DeviceError, match=f"not installed: pip install torch_npu=={TORCH_RELEASE}"):
        select_device(name)


@pytest.mark.parametrize(
    ("built_for", "why"), [(None, "is built without CUDA"), ("13.0", "finds no GPU")]
)
def test_cuda_without_cuda_or_torch_npu(monkeypatch, built_for, why):
    monkeypatch.setattr(torch.version, "cuda", built_for)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=f"cuda:0 is not there: .*{why}.*torch_npu"):
        select_device("cuda:0")


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


def test_broken_torch_npu_leaves_cpu_and_transformers_alone(fake_torch_npu):
    code = """
        from speech_toolkit.device.device import select_device
        device = select_device("cpu")
        from transformers import Wav2Vec2ForCTC, is_torch_npu_available
        from speech_toolkit.errors import DeviceError
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


def test_npu_is_selected_with_transfer(fake_torch_npu):
    code = """
        import json, sys, warnings
        from speech_toolkit.device import environment_facts, prepare_environment, select_device
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


def test_variables_of_the_user_win(fake_torch_npu):
    python_path = fake_torch_npu(WORKING)
    code = """
        from speech_toolkit.device.device import environment_facts, select_device
        select_device("npu")
        print(*environment_facts().items(), sep="\\n")
    """
    own = {
        "PYTORCH_NPU_ALLOC_CONF": "max_split_size_mb:64",
        "TORCHDYNAMO_DISABLE": "0",
        "OMP_WAIT_POLICY": "ACTIVE",
    }
    shown = run_python(code, python_path, **own).stdout
    assert "'OMP_WAIT_POLICY', {'value': 'ACTIVE', 'set_by': 'user'}" in shown
    assert "'PYTORCH_NPU_ALLOC_CONF', {'value': 'max_split_size_mb:64', 'set_by': 'user'}" in shown
    assert "'TORCHDYNAMO_DISABLE', {'value': '0', 'set_by': 'user'}" in shown
    general = {"PYTORCH_ALLOC_CONF": "expandable_segments:False"}
    shown = run_python(code, python_path, **general).stdout
    assert "PYTORCH_NPU_ALLOC_CONF" not in shown
    assert "'OMP_WAIT_POLICY', {'value': 'PASSIVE', 'set_by': 'toolkit'}" in shown
    (both,) = select_in_process(["npu"], python_path, **own, **general)
    assert both.startswith("error: PYTORCH_NPU_ALLOC_CONF and PYTORCH_ALLOC_CONF are both set")


def test_transfer_can_be_switched_off(fake_torch_npu):
    code = """
        import sys
        from speech_toolkit.device.device import select_device
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


def test_prepare_environment_keeps_the_users_switch(monkeypatch):
    monkeypatch.setenv("TORCH_DEVICE_BACKEND_AUTOLOAD", "1")
    prepare_environment("cpu")
    assert os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] == "1"


def test_cpu_takes_every_dtype():
    for name in device_module.DTYPE_NAMES:
        CPU.check_dtype(parse_dtype(name))


def test_cpu_memory_follows_the_process():
    CPU.reset_peak_memory()
    before = CPU.memory()
    block = torch.ones(16 << 20)  # 64 MiB
    during = CPU.memory()
    assert during.allocated_bytes - before.allocated_bytes > 48 << 20
    del block
    after = CPU.memory()
    assert after.peak_allocated_bytes - before.allocated_bytes > 48 << 20
    assert after.reserved_bytes is None


def test_cpu_memory_without_proc(monkeypatch):
    monkeypatch.setattr(device_module, "_read", lambda path: "")
    use = CPU.memory()
    assert use.allocated_bytes is None
    assert use.peak_allocated_bytes > 10e6


def test_cpu_calls_that_do_nothing():
    CPU.synchronize()
    CPU.empty_cache()


def test_seed_reaches_every_stream():
    def draw():
        return random.random(), float(np.random.rand()), float(torch.rand(1))

    CPU.seed(2**40 + 7)
    first = draw()
    assert draw() != first
    CPU.seed(2**40 + 7)
    assert draw() == first


def test_facts_are_json_with_the_same_keys():
    facts = json.loads(json.dumps(CPU.facts()))
    assert set(facts) == {
        *("device", "backend", "index", "device_name", "total_memory_bytes", "torch", "torch_npu"),
        *("cann", "driver", "cuda", "python", "platform", "cpu_model", "threads"),
        *("hf32", "tf32", "env"),
    }
    assert facts["device"] == facts["backend"] == "cpu"
    assert facts["device_name"] == facts["cpu_model"]
    assert facts["total_memory_bytes"] > 2**28
    assert facts["torch"] == torch.__version__


def test_facts_of_a_gpu(two_gpus, monkeypatch):
    driver = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Fri Jan 17 18:30:21 UTC\n"
    properties = SimpleNamespace(total_memory=16 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(device_module, "_read", lambda path: driver)
    facts = json.loads(json.dumps(select_device("cuda:1").facts()))
    assert set(facts) == set(CPU.facts())
    assert facts["device"] == "cuda:1"
    assert facts["device_name"] == "Tesla T4"
    assert facts["total_memory_bytes"] == 16 << 30
    assert facts["driver"] == "570.86.15"
    assert facts["cuda"] == "12.8"
    assert facts["tf32"] == {"matmul": False, "conv": True}
    assert facts["hf32"] is None


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
    assert device_module._cann_version("DRIVER") == expected


def test_torch_that_cannot_be_imported(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('libtorch_cpu.so: cannot open')")
    (line,) = select_in_process(["cpu"], os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert line.startswith("error: torch cannot be imported (libtorch_cpu.so")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("any text"), True),
        (MemoryError(), True),
        (RuntimeError("NPU out of memory. Tried to allocate 20.00 MiB (NPU 0; 60.97 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (RuntimeError("call aclnnConv failed\nEL0004: Failed to allocate memory."), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected
