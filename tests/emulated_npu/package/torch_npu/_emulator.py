"""The C++ half through ctypes, and the switches that need Python: reports and module errors."""

import atexit
import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

CHIP = os.environ.get("EMULATED_NPU_CHIP", "Ascend910B2")
ARITHMETIC = os.environ.get("EMULATED_NPU_ARITHMETIC", "")
WAYS = {"", "exact", "float16_products", "gelu", "hf32", "saturation", "weight_norm"}
DEVICE_NAME = f"Emulated {CHIP}"  # no report of a run here may pass for a card's
LIBRARY_PATH = Path(__file__).with_name("libemulated_npu.so")
MEMORY_FIGURES = ("allocated", "reserved", "peak_allocated", "peak_reserved")

library = ctypes.CDLL(str(LIBRARY_PATH))
library.emulated_npu_counters.restype = ctypes.c_char_p
library.emulated_npu_total_memory.restype = ctypes.c_int64
library.emulated_npu_initial_seed.restype = ctypes.c_uint64
library.emulated_npu_seed.argtypes = (ctypes.c_int, ctypes.c_uint64)


def counters() -> dict[str, int]:
    """Return what was counted since the start or the last `reset_counters`."""
    return json.loads(library.emulated_npu_counters())


def reset_counters() -> None:
    """Start every counter from nothing."""
    library.emulated_npu_reset_counters()


def plant(operator: str, *, out_of_memory: bool = False) -> None:
    """Let an operator raise from now on: "aten::bmm", "aten::bmm@3" (its third call), "" for none.

    Args:
        operator: as EMULATED_NPU_RAISE_OP names it; what was planted before is gone.
        out_of_memory: whether it raises for want of memory, as EMULATED_NPU_OUT_OF_MEMORY_OP does.
    """
    library.emulated_npu_plant(int(not out_of_memory), b"")
    library.emulated_npu_plant(int(out_of_memory), operator.encode())


def memory(index: int) -> dict[str, int]:
    """Return the memory figures of one card, in bytes."""
    figures = (ctypes.c_int64 * len(MEMORY_FIGURES))()
    library.emulated_npu_memory(index, figures)
    return dict(zip(MEMORY_FIGURES, figures, strict=True))


def report() -> dict[str, Any]:
    """Describe what this process did on the cards."""
    cards = range(library.emulated_npu_card_count())
    return {
        "argv": sys.argv,
        "counters": counters(),
        "cards": [memory(index) for index in cards],
        "transferred": "torch_npu.contrib.transfer_to_npu" in sys.modules,
    }


def install_switches() -> None:
    """Switch on what EMULATED_NPU_REPORT and EMULATED_NPU_MODULE_ERROR ask for.

    Raises:
        ValueError: EMULATED_NPU_ARITHMETIC names what the emulation does not know.
    """
    if not WAYS.issuperset(ARITHMETIC.split(",")):
        raise ValueError(f"EMULATED_NPU_ARITHMETIC={ARITHMETIC}: name some of {sorted(WAYS)}")
    report_path = os.environ.get("EMULATED_NPU_REPORT")
    if report_path:
        atexit.register(lambda: Path(report_path).write_text(json.dumps(report()), "utf-8"))
    module_error = os.environ.get("EMULATED_NPU_MODULE_ERROR")
    if module_error:
        name, size = module_error.split("=")
        _add_error_after(name, float(size))


def _add_error_after(module_name: str, size: float) -> None:
    """Add noise of a given relative size to the output of the modules whose name ends so."""
    names: dict[torch.nn.Module, str] = {}

    def learn_names(module: torch.nn.Module, inputs: Any) -> None:
        if module not in names:
            names.update((child, name) for name, child in module.named_modules())

    def add_error(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        if not names[module].endswith(module_name):
            return None
        first = output[0] if isinstance(output, tuple) else output
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(first.shape, generator=generator).to(first.device, first.dtype)
        wrong = first + noise * first.abs().mean() * size
        return (wrong, *output[1:]) if isinstance(output, tuple) else wrong

    torch.nn.modules.module.register_module_forward_pre_hook(learn_names)
    torch.nn.modules.module.register_module_forward_hook(add_error)
