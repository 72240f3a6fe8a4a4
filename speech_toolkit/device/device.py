"""A device that was selected: memory, time, dtypes, errors and facts, the same on every type.

What differs between types is in `backends/`. Importing this imports no torch.
"""

import contextlib
import platform
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speech_toolkit.device.backends import BACKENDS
from speech_toolkit.device.backends.backend import Backend, GraphBackend
from speech_toolkit.device.environment import environment_facts
from speech_toolkit.device.host import cpu_model
from speech_toolkit.device.memory import MemoryUse, shown_size
from speech_toolkit.device.precision import HIGH, HIGHEST
from speech_toolkit.errors import OperatorError, OutOfMemoryError, first_line
from speech_toolkit.versions import installed_version

if TYPE_CHECKING:
    import torch

_MEMORY_ADVICE = "use --dtype float16, free the device, or pick another"
_ASKED_FOR = re.compile(r"tried to allocate ([\d.]+) ?(bytes|[KMGT]i?B)", re.IGNORECASE)
_FLOAT16_MAX = 65504.0
_SWITCHING = threading.Lock()
_OUT_OF_MEMORY = "out of memory"  # as most say it, in lower case


@dataclass(frozen=True)
class PassedOver:
    """A type of device that `auto` did not take.

    Attributes:
        label: what messages call it, such as "NPU".
        why: one line.
        is_broken: whether what drives it is installed and does not work.
    """

    label: str
    why: str
    is_broken: bool = False


@dataclass(frozen=True)
class Device:
    """A device that was found to work when it was selected.

    Attributes:
        type: "npu", "cuda" or "cpu".
        index: which of the visible cards; None for the CPU.
        requested: the name that was asked for, such as "auto" or "cuda:0".
        reason: why this device was taken, one line for a log.
        passed_over: what `auto` tried before it.
    """

    type: str
    index: int | None
    requested: str
    reason: str
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def name(self) -> str:
        """The name to hand to torch, such as "npu:0"."""
        return self.type if self.index is None else f"{self.type}:{self.index}"

    @property
    def label(self) -> str:
        """The name as reports show it, with a number where the user gave one."""
        return self.name if ":" in self.requested else self.type

    @property
    def is_card(self) -> bool:
        """Whether it has memory of its own, and work is queued on it: not so on a CPU."""
        return self._backend.is_card

    @property
    def default_batch_size(self) -> int:
        """Windows that run together where the user says nothing."""
        return self._backend.default_batch_size

    @property
    def default_dtype(self) -> str:
        """The dtype of recognition where the user says nothing."""
        return self._backend.default_dtype

    @property
    def has_fft(self) -> bool:
        """Whether torch.fft runs on it, at any length."""
        return self._backend.has_fft

    @property
    def has_whole_products(self) -> bool:
        """Whether it can multiply float32 as float32, as it does inside `whole_products`."""
        with self.whole_products():
            return self._backend.has_whole_products(self.index)

    @contextlib.contextmanager
    def whole_products(self) -> Iterator[None]:
        """Have float32 multiplied as float32 inside, whatever precision the model was given.

        The switch is one for all threads of a process, so that they go in one by one.
        """
        backend = self._backend
        if not self.is_card:
            yield
            return
        with _SWITCHING:
            chosen = backend.float32_precision()
            if chosen == HIGHEST:
                yield
                return
            backend.set_float32_precision(HIGHEST)
            try:
                yield
            finally:
                backend.set_float32_precision(chosen)

    def staging_memory(self, *shape: int) -> "torch.Tensor":
        """Return float32 of the host, uninitialised, that is copied while the host goes on."""
        import torch

        return torch.empty(shape, pin_memory=self._backend.is_card)

    def make_current(self) -> None:
        """Make it the current device of the calling thread, as it is of the one that opened it."""
        self._backend.make_current(self.index)

    def check_dtype(self, dtype: "torch.dtype") -> None:
        """Make sure that the device computes in a dtype.

        Raises:
            DeviceError: float64 on an NPU (which would turn it into float32 without an error), or
                bfloat16 on a card that lacks it.
        """
        self._backend.check_dtype(self.index, dtype)

    @property
    def saturates(self) -> bool:
        """Whether float16 that overflows ends at 65504, and NaN at 0, so that neither can be seen.

        The device is tried: a 310P and a 910A always do, later cards where they are told to.
        """
        import torch

        largest = torch.full((1,), _FLOAT16_MAX, dtype=torch.float16).to(self.name)
        return bool((largest + largest).cpu().isfinite().all())

    def synchronize(self) -> None:
        """Wait until the device has done all work queued on it."""
        self._backend.synchronize(self.index)

    def empty_cache(self) -> None:
        """Give memory that the allocator caches back to the device."""
        self._backend.empty_cache()

    def memory(self) -> MemoryUse:
        """Read the memory figures of this process on the device."""
        return self._backend.memory(self.index)

    def reset_peak_memory(self) -> None:
        """Let the peaks of `memory` start from now (on a CPU only where Linux permits it)."""
        self._backend.reset_peak_memory(self.index)

    def seed(self, seed: int) -> None:
        """Seed the random streams of Python, NumPy, torch and every card of this type.

        The same seed gives other numbers on another type of device.
        """
        import numpy as np
        import torch

        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        self._backend.seed(seed)

    def graph_backend(self) -> GraphBackend | None:
        """Return what records launches; None on a CPU, and where torch_npu has no such yet."""
        return self._backend.graph_backend(self.index)

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
            blocking = self._backend.blocking_variable
            if blocking is None:
                raise
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

        backend = self._backend
        own = backend.facts()
        roundings = [own.get(key) or {} for key in ("hf32", "tf32", "float16_products")]
        is_rounded = any(any(products.values()) for products in roundings)
        return {
            "device": self.name,
            "backend": self.type,
            "index": self.index,
            "device_name": backend.hardware_name(self.index),
            "total_memory_bytes": backend.total_memory_bytes(self.index),
            "torch": torch.__version__,
            "torch_npu": installed_version("torch_npu"),
            "cann": own.get("cann"),
            "driver": own.get("driver"),
            "cuda": torch.version.cuda or torch.version.hip,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpu_model": cpu_model(),
            "threads": torch.get_num_threads(),
            "float32_precision": HIGH if is_rounded else HIGHEST,
            "hf32": own.get("hf32"),
            "tf32": own.get("tf32"),
            "float16_products": own.get("float16_products"),
            "gelu": own.get("gelu"),
            "env": environment_facts(),
        }

    @property
    def _backend(self) -> Backend:
        return BACKENDS[self.type]

    def _memory_figures(self, error: BaseException) -> str:
        """Say what was asked for, what is free and what this process holds, as far as known."""
        asked = _ASKED_FOR.search(str(error))
        figures = [f"{asked[1]} {asked[2]} asked for"] if asked else []
        with contextlib.suppress(RuntimeError):  # a card that failed may not answer
            free_bytes = self._backend.free_memory_bytes(self.index)
            total_bytes = self._backend.total_memory_bytes(self.index)
            free = "" if free_bytes is None else f"{shown_size(free_bytes)} free of "
            figures.append(f"{free}{shown_size(total_bytes)} in all")
            allocated_bytes = self.memory().allocated_bytes
            if allocated_bytes is not None:
                figures.append(f"{shown_size(allocated_bytes)} taken by this process")
        return ", ".join(figures)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that the device, or the host, had no memory left.

    Backends raise torch.OutOfMemoryError, or a RuntimeError with the allocator's message.
    """
    import torch

    if isinstance(error, torch.OutOfMemoryError | OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    signs = [_OUT_OF_MEMORY]
    for backend in BACKENDS.values():
        signs.extend(backend.out_of_memory_signs)
    return isinstance(error, RuntimeError) and any(sign in text for sign in signs)
