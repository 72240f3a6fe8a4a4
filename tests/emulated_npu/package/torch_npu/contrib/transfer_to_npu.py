"""Stand-in for transfer_to_npu: torch calls that name cuda reach the NPU once this is imported.

It rewrites what the real one rewrites in torch for inference: devices given as strings, devices or
indices. `torch.device("cuda:0")` stays a cuda device. Left out: distributed, amp, the profiler.
"""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

from torch_npu import npu

warnings.filterwarnings(action="once")

_FACTORIES = """
    arange as_tensor bartlett_window blackman_window empty empty_like empty_strided eye full
    full_like frombuffer from_file hamming_window hann_window kaiser_window linspace load logspace
    normal ones ones_like rand rand_like randint randint_like randn randn_like randperm range
    scalar_tensor set_default_device sparse_coo_tensor tensor tril_indices triu_indices zeros
    zeros_like
"""
_TENSOR_METHODS = "new_empty new_empty_strided new_full new_ones new_tensor new_zeros to pin_memory"
_MODULE_METHODS = "to to_empty"
_CUDA_CALLS = """
    get_device_properties get_device_name get_device_capability set_device synchronize mem_get_info
    memory_stats memory_allocated max_memory_allocated memory_reserved max_memory_reserved
    reset_peak_memory_stats default_stream current_stream
"""
_DEVICE_ARGUMENTS = ("device", "device_type", "map_location", "device_id")


def _on_npu(value: Any, index_is_device: bool) -> Any:
    if isinstance(value, str):
        return value.replace("cuda", "npu")
    if isinstance(value, torch.device) and value.type == "cuda":
        return torch.device("npu" if value.index is None else f"npu:{value.index}")
    if index_is_device and isinstance(value, int) and not isinstance(value, bool):
        return f"npu:{value}"
    if isinstance(value, dict):
        return {_on_npu(key, False): _on_npu(item, False) for key, item in value.items()}
    return value


def _transferred(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        index_is_device = function.__name__ in ("to", "to_empty")
        arguments = tuple(_on_npu(value, index_is_device) for value in arguments)
        for name in _DEVICE_ARGUMENTS:
            if options.get(name) is not None:
                options[name] = _on_npu(options[name], True)
        return function(*arguments, **options)

    return call


def _transfer(owner: Any, names: str) -> None:
    for name in names.split():
        setattr(owner, name, _transferred(getattr(owner, name)))


class _InstanceOfBase(type(torch.Generator)):
    """Keep isinstance true for objects of the class that is replaced."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _Generator(torch.Generator, metaclass=_InstanceOfBase):
    def __new__(cls, device: Any = "cpu") -> torch.Generator:
        return super().__new__(cls, _on_npu(device, True))


def _unscripted(obj: Any, *arguments: Any, **options: Any) -> Any:
    return obj


def _init() -> None:
    warnings.warn(
        "\n" + "*" * 40 + "\nThe torch.Tensor.cuda and torch.nn.Module.cuda are replaced with "
        "torch.Tensor.npu and torch.nn.Module.npu now..\n" + "*" * 40,
        ImportWarning,
        stacklevel=2,
    )
    for name in npu.__all__:
        setattr(torch.cuda, name, getattr(npu, name))
    torch.cuda.CUDAGraph = npu.NPUGraph
    torch.cuda.DoubleTensor = npu.FloatTensor
    _transfer(torch.cuda, _CUDA_CALLS)
    _transfer(torch, _FACTORIES)
    _transfer(torch.Tensor, _TENSOR_METHODS)
    _transfer(torch.nn.Module, _MODULE_METHODS)
    _transfer(torch.amp.autocast_mode.autocast, "__init__")
    torch.Generator = _Generator
    torch.Tensor.cuda = torch.Tensor.npu
    torch.Tensor.is_cuda = torch.Tensor.is_npu
    torch.nn.Module.cuda = torch.nn.Module.npu
    warnings.warn(
        "torch.jit.script and torch.jit.script_method will be disabled by transfer_to_npu",
        RuntimeWarning,
        stacklevel=2,
    )
    torch.jit.script = torch.jit.script_method = _unscripted


_init()
