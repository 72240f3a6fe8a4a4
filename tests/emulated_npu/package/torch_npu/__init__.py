"""Stand-in for torch_npu over the emulated NPU; tests/emulated_npu/README.md says how true it is.

Importing it behaves as the real package does: it switches torch's autoload off before it imports
torch, prints a warning to stdout where ASCEND_HOME_PATH is not set, and fails without CANN.
"""

import importlib.metadata
import os

_autoload_before = os.environ.get("TORCH_DEVICE_BACKEND_AUTOLOAD", "1")
os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"

import torch  # noqa: E402

if os.environ.get("EMULATED_NPU_NO_CANN") == "1":
    raise ImportError("libhccl.so: cannot open shared object file: No such file or directory")

from torch_npu import _emulator, npu  # noqa: E402
from torch_npu.npu import utils as _utils  # noqa: E402

__version__ = importlib.metadata.version("torch_npu")
npu_gelu = torch.ops.npu.npu_gelu


def npu_fusion_attention(*arguments: object, **options: object) -> None:
    """Refuse: transformers imports the name; the emulation has no fused attention."""
    raise NotImplementedError("the emulated NPU has no npu_fusion_attention")


def _register() -> None:
    torch.utils.rename_privateuse1_backend("npu")
    torch._register_device_module("npu", npu)
    torch.utils.generate_methods_for_privateuse1_backend(
        for_tensor=True, for_module=True, for_storage=True
    )
    torch.version.cann = _utils.get_cann_version("CANN")
    if "ASCEND_HOME_PATH" not in os.environ:
        print("Warning: ASCEND_HOME_PATH environment variable is not set.")


def _autoload() -> None:
    """Entry point of torch's autoload: put the switch back for child processes."""
    os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = _autoload_before


_register()
_emulator.install_switches()
_autoload()
