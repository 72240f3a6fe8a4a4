"""Settings of the runtime: HF32 and operator compilation."""

from typing import Any

from torch_npu import _emulator

_jit_compile = True


class _AllowHF32:
    """`torch.npu.matmul` and `torch.npu.conv`, whose `allow_hf32` takes a bool only."""

    def __init__(self, is_conv: bool) -> None:
        object.__setattr__(self, "_is_conv", is_conv)

    def __getattr__(self, name: str) -> Any:
        if name != "allow_hf32":
            raise AttributeError(name)
        return bool(_emulator.library.emulated_npu_get_hf32(self._is_conv))

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "allow_hf32":
            if not isinstance(value, bool):
                raise TypeError(f"allow_hf32 must be a bool, but got {type(value).__name__}")
            _emulator.library.emulated_npu_set_hf32(self._is_conv, value)


matmul = _AllowHF32(is_conv=False)
conv = _AllowHF32(is_conv=True)


def set_compile_mode(jit_compile: bool = False) -> None:
    """Choose between prebuilt operators (False) and operators compiled on first use."""
    global _jit_compile
    _jit_compile = jit_compile


def is_jit_compile_false() -> bool:
    """Whether prebuilt operators are used."""
    return not _jit_compile
