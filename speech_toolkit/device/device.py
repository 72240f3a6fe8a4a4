"""Select the device, and hide everything that differs between NPU, CUDA and CPU.

This is the only file of the toolkit that names npu or cuda, and importing it imports no torch.
In a script of your own:

    from speech_toolkit.device.device import select_device
    device = select_device("auto")  # before anything else imports torch
    model = model.to(device.name)
    device.synchronize()
    print(device.memory().peak_allocated_bytes)

`docs/device.md` tells the rules of selection and what torch_npu changes in a process.
"""

import contextlib
import importlib
import importlib.util
import logging
import os
import platform
import random
import re
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from speech_toolkit.device.fallbacks import note_fallbacks
from speech_toolkit.errors import (
    DeviceError,
    OperatorError,
    OutOfMemoryError,
    UsageError,
    first_line,
)
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.ranges import DEVICE_INDEX
from speech_toolkit.system.interrupts import interrupt_deferred
from speech_toolkit.system.streams import stdout_to_stderr
from speech_toolkit.versions import installed_version

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

DTYPE_NAMES = ("float32", "float16", "bfloat16", "float64")
_DEVICE_NAME = re.compile(r"(?P<type>auto|cpu|npu|cuda)(?::(?P<index>[0-9]{1,4}))?")
_RELEASE = re.compile(r"\d+\.\d+\.\d+")
_NPU_PASSED_OVER = "torch_npu is installed but gives no NPU"

_MEMORY_ADVICE = "use --dtype float16, free the device, or pick another"
_ASKED_FOR = re.compile(r"tried to allocate ([\d.]+) ?(bytes|[KMGT]i?B)", re.IGNORECASE)
_OUT_OF_MEMORY_SIGNS = (
    "out of memory",
    "can't allocate memory",
    "el0004",  # CANN's code for a failed allocation
    "alloc_failed",  # cuBLAS and cuDNN
)
_VISIBLE_NPUS = "ASCEND_RT_VISIBLE_DEVICES"
_CARD_LIST = re.compile(r" *(\d{1,3}(-\d{1,3})? *(, *\d{1,3}(-\d{1,3})? *)*)?", re.ASCII)
_SHOWN_CHARACTERS = 60  # of a variable's value

_AUTOLOAD = "TORCH_DEVICE_BACKEND_AUTOLOAD"
_NPU_ALLOCATOR = "PYTORCH_NPU_ALLOC_CONF"
_ANY_ALLOCATOR = "PYTORCH_ALLOC_CONF"
_NO_DYNAMO = "TORCHDYNAMO_DISABLE"
_TRANSFER = "TORCH_TRANSFER_TO_NPU"  # torch_npu's own switch
_TRANSFER_MODULE = "torch_npu.contrib.transfer_to_npu"
_WAIT_POLICY = "OMP_WAIT_POLICY"
_REPORTED_VARIABLES = (
    _AUTOLOAD,
    _NPU_ALLOCATOR,
    _ANY_ALLOCATOR,
    _NO_DYNAMO,
    _TRANSFER,
    "ASCEND_HOME_PATH",
    _VISIBLE_NPUS,
    "ASCEND_LAUNCH_BLOCKING",
    "TASK_QUEUE_ENABLE",
    "ACL_OP_COMPILER_CACHE_DIR",
    "TORCH_NPU_FALLBACK_CPU_DISABLE",
    "TORCH_NPU_USE_COMPATIBLE_IMPL",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_LAUNCH_BLOCKING",
    "PYTORCH_CUDA_ALLOC_CONF",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    _WAIT_POLICY,
    "MKL_NUM_THREADS",
)
_set_by_toolkit: set[str] = set()
_CARD_BATCH_SIZE = 8


@dataclass(frozen=True)
class MemoryUse:
    """Memory of one device in bytes; a figure the backend does not keep is None.

    On NPU and CUDA these are the caching allocator's figures for this process. A CPU has no such
    allocator: there `allocated` is the resident size of the whole process, interpreter included,
    and nothing is reserved.

    Attributes:
        allocated_bytes: held by live tensors now.
        reserved_bytes: taken from the device now, cached blocks included.
        peak_allocated_bytes: most allocated since the start or the last `reset_peak_memory`.
        peak_reserved_bytes: most reserved since then.
    """

    allocated_bytes: int | None
    reserved_bytes: int | None
    peak_allocated_bytes: int | None
    peak_reserved_bytes: int | None


@dataclass(frozen=True)
class GraphBackend:
    """What a card offers to record the launches of a function once and to replay them.

    Attributes:
        module: torch.npu or torch.cuda, with ``device``, ``Stream``, ``stream``,
            ``current_stream`` and ``graph``.
        index: the card.
        graph_type: the class of a recording.
        is_default: whether to record without being asked.
    """

    module: ModuleType
    index: int
    graph_type: type
    is_default: bool


@dataclass(frozen=True)
class Device:
    """A device that was found to work when it was selected.

    Attributes:
        type: "npu", "cuda" or "cpu".
        index: which of the visible cards; None for the CPU.
        requested: the name that was asked for, such as "auto" or "cuda:0".
        reason: why this device was taken, one line for a log.
    """

    type: str
    index: int | None
    requested: str
    reason: str

    @property
    def name(self) -> str:
        """The name to hand to torch, such as "npu:0"."""
        return self.type if self.index is None else f"{self.type}:{self.index}"

    @property
    def label(self) -> str:
        """The name as reports show it, with a number where the user gave one."""
        return self.name if ":" in self.requested else self.type

    @property
    def default_batch_size(self) -> int:
        """Windows that run together where the user says nothing."""
        return 1 if self.type == "cpu" else _CARD_BATCH_SIZE

    def check_dtype(self, dtype: "torch.dtype") -> None:
        """Make sure that the device computes in a dtype.

        Raises:
            DeviceError: float64 on an NPU (which would turn it into float32 without an error), or
                bfloat16 on a card that lacks it.
        """
        import torch

        if self.type == "npu" and dtype is torch.float64:
            raise DeviceError(f"{self.name} has no float64: use float32, or float64 on the cpu")
        if dtype is not torch.bfloat16 or self.type == "cpu":
            return
        without_emulation = {"including_emulation": False} if self.type == "cuda" else {}
        if not self._backend.is_bf16_supported(**without_emulation):
            card = self._backend.get_device_name(self.index)
            raise DeviceError(f"{self.name} ({card}) has no bfloat16: use float16 or float32")

    def synchronize(self) -> None:
        """Wait until the device has done all work queued on it."""
        if self._backend:
            self._backend.synchronize(self.index)

    def empty_cache(self) -> None:
        """Give memory that the allocator caches back to the device."""
        if self._backend:
            self._backend.empty_cache()

    def memory(self) -> MemoryUse:
        """Read the memory figures of this process on the device."""
        backend = self._backend
        if backend is None:
            return _process_memory()
        return MemoryUse(
            allocated_bytes=backend.memory_allocated(self.index),
            reserved_bytes=backend.memory_reserved(self.index),
            peak_allocated_bytes=backend.max_memory_allocated(self.index),
            peak_reserved_bytes=backend.max_memory_reserved(self.index),
        )

    def reset_peak_memory(self) -> None:
        """Let the peaks of `memory` start from now (on a CPU only where Linux permits it)."""
        if self._backend:
            self._backend.reset_peak_memory_stats(self.index)
            return
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def seed(self, seed: int) -> None:
        """Seed the random streams of Python, NumPy, torch and every card of this type.

        The same seed gives other numbers on another type of device.
        """
        import numpy as np
        import torch

        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        if self._backend:
            self._backend.manual_seed_all(seed)

    def graph_backend(self) -> GraphBackend | None:
        """Return what records launches; None on a CPU, and where torch_npu has no such yet."""
        backend = self._backend
        graph_type = getattr(
            backend, {"npu": "NPUGraph", "cuda": "CUDAGraph"}.get(self.type, ""), None
        )
        if graph_type is None or not hasattr(backend, "graph"):
            return None
        return GraphBackend(backend, self.index, graph_type, is_default=self.type == "cuda")

    @contextlib.contextmanager
    def errors(self, stage: str, advice: str = _MEMORY_ADVICE) -> Iterator[None]:
        """Turn what torch raises inside into one error with its numbers and what to try.

        On a CPU only a lack of memory is turned: the traceback of the rest points at its cause.

        Args:
            stage: what is being done, such as "in the encoder".
            advice: what to try where memory does not suffice.

        Raises:
            OutOfMemoryError: the device had no memory left.
            OperatorError: an operator or a copy failed on a card.
        """
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise OutOfMemoryError(
                    f"{self.name}: out of memory {stage}: {self._memory_figures(error)}; {advice}"
                ) from error
            if self.type == "cpu":
                raise
            blocking = "ASCEND_LAUNCH_BLOCKING" if self.type == "npu" else "CUDA_LAUNCH_BLOCKING"
            raise OperatorError(
                f"{self.name}: the model failed {stage} ({first_line(error)}); run again with "
                f"{blocking}=1 and --verbose to see at which operator, and try --dtype float32 or "
                "--attn_implementation eager"
            ) from error

    def facts(self) -> dict[str, Any]:
        """Describe device, software and settings for a report; the keys are the same everywhere.

        Returns:
            A dict ready for JSON. What is unknown or belongs to another device type is None; `env`
            holds each environment variable that matters and is set: its value and who set it.
        """
        import torch

        return {
            "device": self.name,
            "backend": self.type,
            "index": self.index,
            "device_name": self._card_name(),
            "total_memory_bytes": self._total_memory_bytes(),
            "torch": torch.__version__,
            "torch_npu": installed_version("torch_npu"),
            "cann": _cann_version("CANN") if self.type == "npu" else None,
            "driver": self._driver_version(),
            "cuda": torch.version.cuda or torch.version.hip,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpu_model": _cpu_model(),
            "threads": torch.get_num_threads(),
            "hf32": self._hf32(),
            "tf32": self._tf32(),
            "env": environment_facts(),
        }

    @property
    def _backend(self) -> ModuleType | None:
        """torch.npu or torch.cuda, whose functions carry the same names; None for the CPU."""
        import torch

        return None if self.type == "cpu" else getattr(torch, self.type)

    def _card_name(self) -> str:
        return self._backend.get_device_name(self.index) if self._backend else _cpu_model()

    def _total_memory_bytes(self) -> int:
        if self._backend:
            return self._backend.get_device_properties(self.index).total_memory
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def _memory_figures(self, error: BaseException) -> str:
        """Say what was asked for, what is free and what this process holds, as far as known."""
        asked = _ASKED_FOR.search(str(error))
        figures = [f"{asked[1]} {asked[2]} asked for"] if asked else []
        with contextlib.suppress(RuntimeError):  # a card that failed may not answer
            free_bytes, total_bytes = self._free_memory_bytes(), self._total_memory_bytes()
            free = "" if free_bytes is None else f"{_size(free_bytes)} free of "
            figures.append(f"{free}{_size(total_bytes)} in all")
            allocated_bytes = self.memory().allocated_bytes
            if allocated_bytes is not None:
                figures.append(f"{_size(allocated_bytes)} taken by this process")
        return ", ".join(figures)

    def _free_memory_bytes(self) -> int | None:
        if self._backend:
            return self._backend.mem_get_info(self.index)[0]
        found = re.search(r"^MemAvailable:\s+(\d+) kB", _read("/proc/meminfo"), re.M)
        return int(found[1]) * 1024 if found else None

    def _driver_version(self) -> str | None:
        if self.type == "npu":
            return _cann_version("DRIVER")
        if self.type == "cuda":
            found = re.search(r"Module\s+.*?(\d+\.[\d.]+)", _read("/proc/driver/nvidia/version"))
            return found.group(1) if found else None
        return None

    def _hf32(self) -> dict[str, bool] | None:
        """Whether float32 products may be rounded to HF32 (11 mantissa bits) on the NPU."""
        if self.type != "npu":
            return None
        return {
            "matmul": bool(self._backend.matmul.allow_hf32),
            "conv": bool(self._backend.conv.allow_hf32),
        }

    def _tf32(self) -> dict[str, bool] | None:
        """Whether float32 products may be rounded to TF32 (10 mantissa bits) on the GPU."""
        if self.type != "cuda":
            return None
        import torch

        return {
            "matmul": torch.backends.cuda.matmul.allow_tf32,
            "conv": torch.backends.cudnn.allow_tf32,
        }


def parse_device_name(name: str) -> tuple[str, int | None]:
    """Split a device name into type and index, without looking for the device.

    Args:
        name: auto, npu, npu:N, cuda, cuda:N or cpu.

    Returns:
        The type ("auto", "npu", "cuda" or "cpu") and the index, None where none was given.

    Raises:
        UsageError: the name has another form.
    """
    found = _DEVICE_NAME.fullmatch(name)
    index = int(found["index"]) if found and found["index"] else None
    is_card = found and found["type"] not in ("auto", "cpu")
    if not found or (index is not None and not (is_card and index in DEVICE_INDEX)):
        raise UsageError(
            f"unknown device {shown_value(name)}: use auto, npu, npu:N, cuda, cuda:N or cpu "
            f"(N is {DEVICE_INDEX})"
        )
    return found["type"], index


def parse_dtype(name: str) -> "torch.dtype":
    """Turn the name of a floating-point dtype into the dtype.

    Args:
        name: one of `DTYPE_NAMES`, with or without "torch." before it.

    Raises:
        UsageError: the name is none of these.
    """
    import torch

    plain_name = name.removeprefix("torch.")
    if plain_name not in DTYPE_NAMES:
        raise UsageError(f"unknown dtype {name!r}: use one of {', '.join(DTYPE_NAMES)}")
    return getattr(torch, plain_name)


def prepare_environment(requested: str = "auto") -> None:
    """Set what must be set before torch is imported; a variable that the user set stays.

    torch loads an installed torch_npu by itself, and fails when that fails: this is switched off,
    so that the import waits until an NPU is wanted. For a CPU run torch_npu is hidden from
    transformers too, whose check for it would raise when it is broken. `select_device` calls this;
    call it earlier only where torch is imported earlier.

    Args:
        requested: the device name as the user gave it.

    Raises:
        UsageError: the name is malformed.
    """
    device_type, _ = parse_device_name(requested)
    _set_default(_AUTOLOAD, "0")
    _set_default(_WAIT_POLICY, "PASSIVE")
    torch_will_load_it = os.environ[_AUTOLOAD] == "1" and "torch" not in sys.modules
    if device_type == "cpu" and not torch_will_load_it:
        _hide_torch_npu()


def select_device(name: str = "auto") -> Device:
    """Find the device, make it the current one, and log which was taken and why.

    A device asked for by name is used or is an error. Only `auto` moves on: NPU, CUDA, CPU. On a
    host with torch_npu and no native CUDA, `cuda:N` is mapped to `npu:N`.

    Args:
        name: auto, npu, npu:N, cuda, cuda:N or cpu; without N the first card is taken.

    Returns:
        The device, initialised.

    Raises:
        UsageError: the name is malformed.
        DeviceError: the device is missing or broken; the message says what to do.
    """
    device_type, index = parse_device_name(name)
    prepare_environment(name)
    _import_torch()
    if device_type == "auto":
        device = _select_auto()
    elif device_type == "npu":
        device = _open_npu(name, index or 0, "asked for by name")
    elif device_type == "cuda":
        device = _select_cuda(name, index or 0)
    else:
        device = Device("cpu", None, name, "asked for by name")
    level = logging.WARNING if device.reason.startswith(_NPU_PASSED_OVER) else logging.INFO
    logger.log(level, "Using %s: %s", device.name, device.reason)
    return device


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that the device, or the host, had no memory left.

    Backends raise torch.OutOfMemoryError, or a RuntimeError with the allocator's message.
    """
    import torch

    if isinstance(error, torch.OutOfMemoryError | OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _OUT_OF_MEMORY_SIGNS)


def environment_facts() -> dict[str, dict[str, str]]:
    """List the variables that change how a device runs and are set: value and who set it."""
    return {
        name: {
            "value": os.environ[name],
            "set_by": "toolkit" if name in _set_by_toolkit else "user",
        }
        for name in _REPORTED_VARIABLES
        if name in os.environ
    }


def _select_auto() -> Device:
    import torch

    skipped = []
    if _torch_npu_is_installed():
        try:
            return _open_npu("auto", 0, "an NPU is auto's first choice")
        except DeviceError as error:
            _hide_torch_npu()
            skipped.append(f"{_NPU_PASSED_OVER} ({error})")
    else:
        skipped.append("no NPU (torch_npu is not installed)")
    if _has_native_cuda():
        torch.cuda.set_device(0)
        return Device("cuda", 0, "auto", skipped[0])
    skipped.append(f"no GPU ({_why_no_cuda()})")
    return Device("cpu", None, "auto", "; ".join(skipped))


def _select_cuda(requested: str, index: int) -> Device:
    import torch

    if _has_native_cuda():
        _hide_torch_npu()
        _check_index("cuda", index, torch.cuda.device_count(), "CUDA_VISIBLE_DEVICES")
        torch.cuda.set_device(index)
        return Device("cuda", index, requested, "asked for by name")
    if not _torch_npu_is_installed():
        raise DeviceError(
            f"{requested} is not there: {_why_no_cuda()}, torch_npu is not installed; "
            "install torch for your GPU, or use --device cpu"
        )
    reason = f"no native CUDA, so transfer_to_npu maps {requested} to npu:{index}"
    try:
        return _open_npu(requested, index, reason)
    except DeviceError as error:
        raise DeviceError(
            f"{requested} is not there: {_why_no_cuda()}; and as npu:{index}: {error}"
        ) from error


def _open_npu(requested: str, index: int, reason: str) -> Device:
    """Load torch_npu, map CUDA calls to it, turn compilation off and take one card.

    transfer_to_npu imports inductor, which takes seconds; the toolkit's own code does without it,
    so a user who sets TORCH_TRANSFER_TO_NPU=0 is spared it unless the device was named cuda.
    """
    import torch

    _check_npu_version()
    _check_visible_npus()
    _set_npu_variables()
    _import_npu_module("torch_npu")
    count = torch.npu.device_count() if torch.npu.is_available() else 0
    _check_index("npu", index, count, _VISIBLE_NPUS)
    if requested.startswith("cuda") or os.environ.get(_TRANSFER) != "0":
        _import_npu_module(_TRANSFER_MODULE)
    note_fallbacks()
    if hasattr(torch.npu, "set_compile_mode"):
        torch.npu.set_compile_mode(jit_compile=False)
    try:
        torch.npu.set_device(index)
    except RuntimeError as error:
        raise DeviceError(
            f"npu:{index} cannot be opened ({first_line(error)}): look at `npu-smi info`"
        ) from error
    return Device("npu", index, requested, reason)


def _check_visible_npus() -> None:
    """Refuse a list of cards that the runtime could not read, before it tries."""
    if not _CARD_LIST.fullmatch(os.environ.get(_VISIBLE_NPUS, "")):
        raise DeviceError(
            f"{_value_of(_VISIBLE_NPUS)}: give the indexes of cards in ascending order, such as "
            "0,1, or unset it"
        )


def _set_npu_variables() -> None:
    if _ANY_ALLOCATOR not in os.environ:
        _set_default(_NPU_ALLOCATOR, "expandable_segments:True")
    elif _NPU_ALLOCATOR in os.environ:
        raise DeviceError(
            f"{_NPU_ALLOCATOR} and {_ANY_ALLOCATOR} are both set, which torch_npu refuses: "
            f"unset {_ANY_ALLOCATOR}"
        )
    _set_default(_NO_DYNAMO, "1")


def _import_npu_module(module_name: str) -> None:
    """Import torch_npu or a part of it; keep its prints off stdout and its filters off warnings.

    transfer_to_npu sets a global filter "once" and warns with a banner of 15 lines, swallowed here.
    """
    is_transfer = module_name == _TRANSFER_MODULE
    try:
        with stdout_to_stderr(), warnings.catch_warnings(record=is_transfer):
            importlib.import_module(module_name)
    except Exception as error:  # torch_npu raises plain Exception for a wrong ASCEND_HOME_PATH
        raise DeviceError(_explain_broken_npu(error)) from error


def _explain_broken_npu(error: BaseException) -> str:
    text = first_line(error)
    if re.search(r"cannot open shared object file|ASCEND_|set_env\.sh", text):
        return (
            f"CANN was not found ({text}): run `source <CANN>/set_env.sh` first, "
            "usually /usr/local/Ascend/ascend-toolkit/set_env.sh, or use --device cpu"
        )
    version = installed_version("torch_npu")
    return (
        f"torch_npu {version} cannot be loaded ({text}): "
        "check that its CANN and torch are those of its release notes, or use --device cpu"
    )


def _check_npu_version() -> None:
    """Hold torch_npu's version against torch's before its import, which would not check it.

    Raises:
        DeviceError: torch_npu is not installed, or made for another torch.
    """
    import torch

    wanted = _RELEASE.match(torch.__version__).group()
    if not _torch_npu_is_installed():
        raise DeviceError(
            f"torch_npu is not installed: pip install torch_npu=={wanted} on an Ascend host, "
            "or use --device cpu"
        )
    installed = installed_version("torch_npu")
    release = _RELEASE.match(installed or "")
    if release and release.group() != wanted:
        raise DeviceError(
            f"torch_npu {installed} does not match torch {torch.__version__}: "
            f"pip install torch_npu=={wanted}, or torch=={release.group()}"
        )


def _check_index(device_type: str, index: int, count: int, visibility_variable: str) -> None:
    if count == 0:
        tool = "npu-smi info" if device_type == "npu" else "nvidia-smi"
        raise DeviceError(
            f"no {device_type} device is visible: check the driver with `{tool}`, that the "
            f"container was given the card, and {_value_of(visibility_variable)}"
        )
    if index >= count:
        raise DeviceError(
            f"{device_type}:{index} is out of range: {count} visible ({device_type}:0 to "
            f"{device_type}:{count - 1}), {_value_of(visibility_variable)}"
        )


def _value_of(variable: str) -> str:
    if variable not in os.environ:
        return f"{variable} (unset)"
    value = os.environ[variable]
    is_plain = len(value) <= _SHOWN_CHARACTERS and value.isprintable()
    return f"{variable}={value if is_plain else shown_value(value)}"


def _size(size_bytes: int) -> str:
    if size_bytes < 2**30:
        return f"{size_bytes / 2**20:.0f} MiB"
    return f"{size_bytes / 2**30:.2f} GiB"


def _import_torch() -> None:
    try:
        with interrupt_deferred():
            importlib.import_module("torch")
    except RuntimeError as error:
        raise DeviceError(
            f"torch could not load torch_npu ({first_line(error.__cause__ or error)}): "
            f"source CANN's set_env.sh, or unset {_AUTOLOAD} so that other devices work"
        ) from error
    except ImportError as error:
        raise DeviceError(
            f"torch cannot be imported ({first_line(error)}): pip install -r requirements.txt"
        ) from error


def _has_native_cuda() -> bool:
    """Whether torch itself drives a GPU; transfer_to_npu makes torch.cuda speak for the NPU."""
    import torch

    built_for_gpu = torch.version.cuda or torch.version.hip
    return bool(built_for_gpu) and _TRANSFER_MODULE not in sys.modules and torch.cuda.is_available()


def _why_no_cuda() -> str:
    import torch

    if not (torch.version.cuda or torch.version.hip):
        return f"torch {torch.__version__} is built without CUDA"
    visible = _value_of("CUDA_VISIBLE_DEVICES")
    return f"torch {torch.__version__} finds no GPU, check `nvidia-smi` and {visible}"


def _torch_npu_is_installed() -> bool:
    if "torch_npu" in sys.modules and sys.modules["torch_npu"] is None:  # hidden by a CPU run
        del sys.modules["torch_npu"]
    return importlib.util.find_spec("torch_npu") is not None


def _hide_torch_npu() -> None:
    """Let `import torch_npu` fail and `find_spec` find nothing, unless it is loaded already."""
    sys.modules.setdefault("torch_npu", None)


def _set_default(variable: str, value: str) -> None:
    if variable not in os.environ:
        os.environ[variable] = value
        _set_by_toolkit.add(variable)


def _cann_version(component: str) -> str | None:
    """Ask torch_npu for the version of CANN or of the driver; versions differ in what they know."""
    utils = importlib.import_module("torch_npu.npu.utils")
    ask: Callable[[str], str] | None = getattr(utils, "get_cann_version", None)
    try:
        return (ask(component) or None) if ask else None
    except (RuntimeError, ValueError, OSError):
        return None


def _process_memory() -> MemoryUse:
    kibibytes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", _read("/proc/self/status"), re.M))
    if not kibibytes:
        unit_bytes = 1 if sys.platform == "darwin" else 1024
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes
        return MemoryUse(None, None, peak_bytes, None)
    resident_bytes, peak_bytes = (int(kibibytes[key]) * 1024 for key in ("VmRSS", "VmHWM"))
    return MemoryUse(resident_bytes, None, peak_bytes, None)


@cache
def _cpu_model() -> str:
    found = re.search(r"^(?:model name|Model Name)\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.M)
    return found.group(1) if found else platform.processor() or platform.machine()


def _read(path: str) -> str:
    """Read a small system file; "" where the system has none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
