"""A torch_npu that is installed for one test, in processes of their own, and is broken as asked."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[3]
TORCH_RELEASE = torch.__version__.split("+")[0]

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
    npu.matmul = types.SimpleNamespace(allow_hf32=False)
    npu.conv = types.SimpleNamespace(allow_hf32=True)
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
SELECT = """
    import importlib.util, sys
    from speech_toolkit.device import select_device
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


def install(folder: Path, body: str, *, version: str = TORCH_RELEASE, cards: int = 2) -> str:
    """Install a fake torch_npu, and return the PYTHONPATH for it."""
    package = folder / "torch_npu"
    (package / "contrib").mkdir(parents=True)
    source = f"CARDS = {cards}\n" + textwrap.dedent(body) + "\ndef autoload(): pass\n"
    (package / "__init__.py").write_text(source)
    (package / "contrib/__init__.py").touch()
    (package / "contrib/transfer_to_npu.py").write_text(textwrap.dedent(TRANSFER))
    info = folder / f"torch_npu-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch_npu\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[torch.backends]\ntorch_npu = torch_npu:autoload\n")
    return os.pathsep.join([str(folder), str(ROOT)])


def run_python(
    code: str, python_path: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TORCH", "PYTORCH", "ASCEND", "OMP", "GOMP"))
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


def select_in_process(names: list[str], python_path: str, **variables: str) -> list[str]:
    finished = run_python(SELECT, python_path, *names, **variables)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()
