"""A stand-in for CUDA graphs: records the operators of a step and replays them on their memory.

As in a graph, Python runs once: a number that Python computed, or a tensor made anew, is what it
was when the step was recorded.
"""

from contextlib import contextmanager, nullcontext
from threading import local

from torch.utils._python_dispatch import TorchDispatchMode

from speech_toolkit.device.device import GraphBackend


class Recording:
    """What `torch.cuda.CUDAGraph` is on a card."""

    def __init__(self):
        self.calls = []
        self.replays = 0

    def replay(self):
        self.replays += 1
        for function, args, kwargs, result in self.calls:
            found = function(*args, **kwargs)
            for old, new in zip(_tensors(result), _tensors(found), strict=True):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def _tensors(result):
    results = result if isinstance(result, tuple | list) else [result]
    return [item for item in results if hasattr(item, "data_ptr")]


class _Recorder(TorchDispatchMode):
    def __init__(self, recording):
        super().__init__()
        self.recording = recording

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.recording.calls.append((function, args, kwargs or {}, result))
        return result


class FakeModule:
    """The names of torch.cuda that recording needs, with one card."""

    class Stream:
        def wait_stream(self, other):
            pass

    device = staticmethod(lambda index: nullcontext())
    graph_pool_handle = staticmethod(object)

    stream = staticmethod(lambda stream: nullcontext())
    current_stream = staticmethod(Stream)

    @staticmethod
    @contextmanager
    def graph(recording, pool, stream, capture_error_mode):
        with _Recorder(recording):
            yield


class FakeCards(FakeModule):
    """Two cards; each thread has one of them as its current card, at first card 0."""

    def __init__(self):
        self._of_thread = local()
        self.recorded_on = []
        self.pools = []

    @property
    def current(self):
        return getattr(self._of_thread, "index", 0)

    @contextmanager
    def device(self, index):
        before, self._of_thread.index = self.current, index
        yield
        self._of_thread.index = before

    def Stream(self):
        stream = FakeModule.Stream()
        stream.card = self.current
        return stream

    @contextmanager
    def graph(self, recording, pool, stream, capture_error_mode):
        self.recorded_on.append((self.current, stream.card))
        self.pools.append(pool)
        with FakeModule.graph(recording, pool, stream, capture_error_mode):
            yield


def recording_backend(is_default=True):
    return GraphBackend(FakeModule, 0, Recording, is_default)
