"""Ascend NPUs, driven by torch_npu.

`docs/devices.md` tells what torch_npu changes in a process.
"""

import importlib
import importlib.util
import os
import re
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from speech_toolkit.device.backends.card import Card
from speech_toolkit.device.backends.npu_gelu import gelu_form, make_gelu_exact
from speech_toolkit.device.backends.npu_products import (
    note_rounded_products,
    products_are_rounded,
    rounds_products,
)
from speech_toolkit.device.fallbacks import note_fallbacks
from speech_toolkit.device.precision import HIGH, HIGHEST
from speech_toolkit.device.variables import (
    ANY_ALLOCATOR,
    AUTOLOAD,
    set_default,
    shown_variable,
)
from speech_toolkit.errors import DeviceError, first_line
from speech_toolkit.system.streams import stdout_to_stderr
from speech_toolkit.versions import installed_version

if TYPE_CHECKING:
    import torch

_PACKAGE = "torch_npu"
_TRANSFER_MODULE = "torch_npu.contrib.transfer_to_npu"
_TRANSFER = "TORCH_TRANSFER_TO_NPU"  # torch_npu's own switch
_ALLOCATOR = "PYTORCH_NPU_ALLOC_CONF"
_NO_DYNAMO = "TORCHDYNAMO_DISABLE"
_VISIBLE = "ASCEND_RT_VISIBLE_DEVICES"
_RELEASE = re.compile(r"\d+\.\d+\.\d+")
_CARD_LIST = re.compile(r" *(\d{1,3}(-\d{1,3})? *(, *\d{1,3}(-\d{1,3})? *)*)?", re.ASCII)


class Npu(Card):
    """torch.npu; what its attributes mean is told in `Backend` and `Card`."""

    type = "npu"
    label = "NPU"
    package = _PACKAGE
    listing_tool = "npu-smi info"
    visibility_variable = _VISIBLE
    graph_class = "NPUGraph"
    blocking_variable = "ASCEND_LAUNCH_BLOCKING"
    variables: ClassVar[tuple[str, ...]] = (
        AUTOLOAD,
        _ALLOCATOR,
        ANY_ALLOCATOR,
        _NO_DYNAMO,
        _TRANSFER,
        "ASCEND_HOME_PATH",
        _VISIBLE,
        blocking_variable,
        "TASK_QUEUE_ENABLE",
        "INF_NAN_MODE_ENABLE",
        "ACL_OP_COMPILER_CACHE_DIR",
        "TORCH_NPU_FALLBACK_CPU_DISABLE",
        "TORCH_NPU_USE_COMPATIBLE_IMPL",
    )
    out_of_memory_signs: ClassVar[tuple[str, ...]] = ("el0004",)  # CANN: a failed allocation

    def why_absent(self) -> str | None:
        """Return that torch_npu is missing; whether it works shows when it is opened."""
        return None if _is_installed() else "torch_npu is not installed"

    def missing_text(self, requested: str, why: str) -> str:
        """Return the error for an NPU that was asked for by name without torch_npu."""
        return (
            f"{why}: pip install torch_npu=={_torch_release()} on an Ascend host, "
            "or use --device cpu"
        )

    def stand_in_reason(self, requested: str, index: int) -> str | None:
        """Take the place of a GPU, as torch_npu's transfer_to_npu does for code that names cuda."""
        if not requested.startswith("cuda"):
            return None
        return f"no native CUDA, so transfer_to_npu maps {requested} to npu:{index}"

    def keep_out(self) -> None:
        """Let `import torch_npu` fail and `find_spec` find nothing, unless it is loaded already.

        transformers would import it wherever it is installed, and raise where it is broken.
        """
        sys.modules.setdefault(_PACKAGE, None)

    def open(self, index: int, requested: str) -> None:
        """Load torch_npu, map CUDA calls to it, turn compilation off, take a card, mend its GELU.

        transfer_to_npu imports inductor, which takes seconds; the toolkit's own code does without
        it, so a user who sets TORCH_TRANSFER_TO_NPU=0 is spared it unless the device was named
        cuda.
        """
        self._load()
        npu = self.module
        self.check_index(index, npu.device_count() if npu.is_available() else 0)
        if requested.startswith("cuda") or os.environ.get(_TRANSFER) != "0":
            _import(_TRANSFER_MODULE)
        note_fallbacks()
        if hasattr(npu, "set_compile_mode"):
            npu.set_compile_mode(jit_compile=False)
        try:
            self.make_current(index)
        except RuntimeError as error:
            raise DeviceError(
                f"npu:{index} cannot be opened ({first_line(error)}): look at `npu-smi info`"
            ) from error
        make_gelu_exact(f"npu:{index}")

    def count(self) -> int:
        """Load torch_npu, and return how many cards it sees."""
        self._load()
        return super().count()

    def set_float32_precision(self, precision: str) -> None:
        """Switch HF32 off or on; torch_npu has it on for convolutions."""
        npu, is_high = self.module, precision == HIGH
        npu.matmul.allow_hf32 = npu.conv.allow_hf32 = is_high
        if not is_high:
            note_rounded_products(self.type)

    def float32_precision(self) -> str:
        """Return whether products may be rounded to HF32: "high", or "highest" if not."""
        return HIGH if self.module.matmul.allow_hf32 else HIGHEST

    def has_whole_products(self, index: int) -> bool:
        """Try whether float32 is multiplied as float32, which a 310P and a 910A never do."""
        return not rounds_products(f"{self.type}:{index}")

    def check_dtype(self, index: int, dtype: "torch.dtype") -> None:
        """Refuse float64, which would become float32 without an error, and bfloat16 if lacking."""
        import torch

        if dtype is torch.float64:
            raise DeviceError(f"npu:{index} has no float64: use float32, or float64 on the cpu")
        super().check_dtype(index, dtype)

    def facts(self) -> dict[str, Any]:
        """Return CANN, driver, GELU's form, and how products may round."""
        npu = self.module
        return {
            "cann": _cann_version("CANN"),
            "driver": _cann_version("DRIVER"),
            "hf32": {
                "matmul": bool(npu.matmul.allow_hf32),
                "conv": bool(npu.conv.allow_hf32),
            },
            "gelu": gelu_form(),
            "float16_products": dict.fromkeys(("matmul", "conv"), products_are_rounded()),
        }

    def _load(self) -> None:
        """Load torch_npu, once it is clear that it can work here."""
        _check_version()
        _check_visible_cards()
        _set_variables()
        _import(_PACKAGE)


def speaks_for_cuda() -> bool:
    """Tell whether transfer_to_npu made torch.cuda speak for the NPU in this process."""
    return _TRANSFER_MODULE in sys.modules


def _is_installed() -> bool:
    if _PACKAGE in sys.modules and sys.modules[_PACKAGE] is None:  # kept out by another device
        del sys.modules[_PACKAGE]
    return importlib.util.find_spec(_PACKAGE) is not None


def _torch_release() -> str:
    import torch

    return _RELEASE.match(torch.__version__).group()


def _check_version() -> None:
    """Hold torch_npu's version against torch's before its import, which would not check it."""
    import torch

    wanted = _torch_release()
    installed = installed_version(_PACKAGE)
    release = _RELEASE.match(installed or "")
    if release and release.group() != wanted:
        raise DeviceError(
            f"torch_npu {installed} does not match torch {torch.__version__}: "
            f"pip install torch_npu=={wanted}, or torch=={release.group()}"
        )


def _check_visible_cards() -> None:
    """Refuse a list of cards that the runtime could not read, before it tries."""
    if not _CARD_LIST.fullmatch(os.environ.get(_VISIBLE, "")):
        raise DeviceError(
            f"{shown_variable(_VISIBLE)}: give the indexes of cards in ascending order, such as "
            "0,1, or unset it"
        )


def _set_variables() -> None:
    if ANY_ALLOCATOR not in os.environ:
        set_default(_ALLOCATOR, "expandable_segments:True")
    elif _ALLOCATOR in os.environ:
        raise DeviceError(
            f"{_ALLOCATOR} and {ANY_ALLOCATOR} are both set, which torch_npu refuses: "
            f"unset {ANY_ALLOCATOR}"
        )
    set_default(_NO_DYNAMO, "1")


def _import(module_name: str) -> None:
    """Import torch_npu or a part of it; keep its prints off stdout and its filters off warnings.

    transfer_to_npu sets a global filter "once" and warns with a banner of 15 lines, swallowed here.
    """
    is_transfer = module_name == _TRANSFER_MODULE
    try:
        with stdout_to_stderr(), warnings.catch_warnings(record=is_transfer):
            importlib.import_module(module_name)
    except Exception as error:  # torch_npu raises plain Exception for a wrong ASCEND_HOME_PATH
        raise DeviceError(_explain_failed_import(error)) from error


def _explain_failed_import(error: BaseException) -> str:
    text = first_line(error)
    if re.search(r"cannot open shared object file|ASCEND_|set_env\.sh", text):
        return (
            f"CANN was not found ({text}): run `source <CANN>/set_env.sh` first, "
            "usually /usr/local/Ascend/ascend-toolkit/set_env.sh, or use --device cpu"
        )
    return (
        f"torch_npu {installed_version(_PACKAGE)} cannot be loaded ({text}): "
        "check that its CANN and torch are those of its release notes, or use --device cpu"
    )


def _cann_version(component: str) -> str | None:
    """Ask torch_npu for the version of CANN or of the driver; versions differ in what they know."""
    utils = importlib.import_module("torch_npu.npu.utils")
    ask: Callable[[str], str] | None = getattr(utils, "get_cann_version", None)
    try:
        return (ask(component) or None) if ask else None
    except (RuntimeError, ValueError, OSError):
        return None
