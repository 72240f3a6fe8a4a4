"""Run a decoding step as it is, or record its launches once and replay them.

A step launches some hundred small kernels, whose launching takes longer than their work at small
batches. A graph launches them as one. The step must then use the same memory each time: its
tensors are filled in place, and what changes from step to step (position, mask) is on the device.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

from speech_toolkit.device import Device, is_out_of_memory
from speech_toolkit.device.device import GraphBackend
from speech_toolkit.errors import DeviceError, UsageError, first_line
from speech_toolkit.transcription.settings import DECODE_GRAPHS

logger = logging.getLogger(__name__)

_recording = threading.Lock()
_WARM_UPS = 3  # as PyTorch's notes on CUDA graphs advise, so that libraries are set up
_SIZES = (1, 8, 16, 24, 32, 48)  # of batches; beyond, in steps of
_SIZE_STEP = 32
_LEAST_SHARED = 8  # size where there is memory for more than one row
_WORTH_RECORDING = 64  # steps of a size, as long as a larger one is there to serve


class DecodeGraphs:
    """Steps by their key and the size of their batch."""

    def __init__(self, device: Device, choice: str) -> None:
        """Decide whether to record.

        Args:
            device: where the steps run.
            choice: "off"; "on", which is an error where the device cannot; or "auto", which
                records on CUDA, and goes on without where that fails.

        Raises:
            DeviceError: "on", and the device or its software has no graphs.
            UsageError: another choice.
        """
        if choice not in DECODE_GRAPHS:
            raise UsageError(f"decode graph {choice!r}: use one of {', '.join(DECODE_GRAPHS)}")
        backend = device.graph_backend() if choice != "off" else None
        if choice == "on" and backend is None:
            raise DeviceError(
                f"--decode_graph on: {device.name} cannot record graphs with the software "
                "installed; use --decode_graph auto or off"
            )
        self._device = device
        self._is_demanded = choice == "on"
        self._backend = backend if choice == "on" or (backend and backend.is_default) else None
        self._replays: dict[tuple[Hashable, int], Callable[[], None]] = {}
        self._wanted: Counter[tuple[Hashable, int]] = Counter()
        self._memory: Any = None

    @property
    def enabled(self) -> bool:
        """Whether steps are recorded."""
        return self._backend is not None

    def room_for(self, rows: int) -> int:
        """Return the size of the batch in which so many rows are stepped, at most."""
        return _padded(rows) if self.enabled else rows

    def size_for(self, key: Hashable, rows: int, room: int) -> int:
        """Return the size of the batch in which some rows are stepped now.

        A size that is seldom wanted, such as that of the last rows of a run, is not worth a
        recording where one of more rows is there.

        Args:
            key: all that the step's launches depend on, beside that size and what tensors hold.
            rows: that are to be stepped.
            room: rows for which there is memory.
        """
        if not self.enabled:
            return rows
        size = _padded(rows) if room == 1 else max(_padded(rows), _LEAST_SHARED)
        self._wanted[key, size] += 1
        recorded = [each for other, each in self._replays if other == key and each >= size]
        is_served = recorded and self._wanted[key, size] < _WORTH_RECORDING
        return min(recorded) if is_served else size

    def prepare(
        self,
        key: Hashable,
        size: int,
        step: Callable[[], None],
        keep: Callable[[], Callable[[], None]],
    ) -> Callable[[], None]:
        """Return what runs a step: itself, or the replay of its recording.

        Args:
            key: as for :meth:`size_for`.
            size: as that returned.
            step: what to run. It is run a few times to be recorded.
            keep: called before that; returns what undoes the step's effects.

        Raises:
            DeviceError: the step cannot be recorded, and "on" was asked for.
            RuntimeError: the device is out of memory.
        """
        if (key, size) not in self._replays and self._backend is not None:
            self._try_to_record(self._backend, (key, size), step, keep)
        return self._replays.get((key, size), step)

    def clear(self) -> None:
        """Drop all recordings: the memory they use is about to go."""
        self._replays.clear()
        self._memory = None

    def _try_to_record(
        self,
        backend: GraphBackend,
        key: tuple[Hashable, int],
        step: Callable[[], None],
        keep: Callable[[], Callable[[], None]],
    ) -> None:
        """Record a step; where that fails and nobody asked for it, go on without, and say so."""
        undo = keep()
        try:
            self._replays[key] = self._record(backend, step)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            failure = (
                f"{self._device.name}: a decoding step cannot be recorded as a graph "
                f"({first_line(error)})"
            )
            if self._is_demanded:
                raise DeviceError(f"{failure}; use --decode_graph off") from error
            logger.warning("%s; going on without, which is slower", failure)
            self._backend = None
            self.clear()
        undo()

    def _record(self, backend: GraphBackend, step: Callable[[], None]) -> Callable[[], None]:
        """Warm up and record on a stream of the card's own, as recording demands.

        Recording takes what is launched on the current card's stream, and a thread's current card
        need not be the model's: without the guard the recording would be empty. Only one may be
        under way. Recordings share the memory for what they compute in between, as no two run at
        once.
        """
        module = backend.module
        with _recording, module.device(backend.index):
            side = module.Stream()
            side.wait_stream(module.current_stream())
            with module.stream(side):
                for _ in range(_WARM_UPS):
                    step()
            module.current_stream().wait_stream(side)
            self._memory = self._memory or module.graph_pool_handle()
            graph = backend.graph_type()
            with module.graph(
                graph, pool=self._memory, stream=side, capture_error_mode="thread_local"
            ):
                step()

        def replay() -> None:
            with module.device(backend.index):
                graph.replay()

        return replay


def _padded(rows: int) -> int:
    """Return the smallest size that is recorded and holds so many rows."""
    beyond = -(-rows // _SIZE_STEP) * _SIZE_STEP
    return next((size for size in _SIZES if size >= rows), beyond)
