"""Run a decoding step as it is, or record its launches once and replay them.

A step launches some hundred small kernels, whose launching takes longer than their work at small
batches. A graph launches them as one. The step must then use the same memory each time: its
tensors are filled in place, and what changes from step to step (position, mask) is on the device.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable

from speech_toolkit.device import Device, is_out_of_memory
from speech_toolkit.device.device import GraphBackend
from speech_toolkit.errors import DeviceError, UsageError, first_line
from speech_toolkit.transcription.settings import DECODE_GRAPHS

logger = logging.getLogger(__name__)

_recording = threading.Lock()
_WARM_UPS = 3  # as PyTorch's notes on CUDA graphs advise, so that libraries are set up


class DecodeGraphs:
    """Steps by their key, each recorded when it is first asked for."""

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
        self._replays: dict[Hashable, Callable[[], None]] = {}

    @property
    def enabled(self) -> bool:
        """Whether steps are recorded."""
        return self._backend is not None

    def prepare(self, key: Hashable, step: Callable[[], None]) -> Callable[[], None]:
        """Return what runs a step: itself, or the replay of its recording.

        Args:
            key: all that the step's launches depend on, beside the contents of its tensors.
            step: what to run. It is run a few times to be recorded, on whatever its tensors hold.

        Raises:
            DeviceError: the step cannot be recorded, and "on" was asked for.
            RuntimeError: the device is out of memory.
        """
        if key not in self._replays and self._backend is not None:
            self._try_to_record(self._backend, key, step)
        return self._replays.get(key, step)

    def clear(self) -> None:
        """Drop all recordings: the memory they use is about to go."""
        self._replays.clear()

    def _try_to_record(
        self, backend: GraphBackend, key: Hashable, step: Callable[[], None]
    ) -> None:
        """Record a step; where that fails and nobody asked for it, go on without, and say so."""
        try:
            self._replays[key] = _record(backend, step)
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
            self._replays.clear()


def _record(backend: GraphBackend, step: Callable[[], None]) -> Callable[[], None]:
    """Warm up and record on a stream of the card's own, as recording demands.

    Recording takes what is launched on the current card's stream, and a thread's current card need
    not be the model's: without the guard the recording would be empty. Only one may be under way.
    """
    module = backend.module
    with _recording, module.device(backend.index):
        side = module.Stream()
        side.wait_stream(module.current_stream())
        with module.stream(side):
            for _ in range(_WARM_UPS):
                step()
        module.current_stream().wait_stream(side)
        graph = backend.graph_type()
        with module.graph(graph, stream=side, capture_error_mode="thread_local"):
            step()

    def replay() -> None:
        with module.device(backend.index):
            graph.replay()

    return replay
