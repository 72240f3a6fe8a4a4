"""The step as a graph: recorded once and replayed, it must yield what the plain step yields."""

import inspect
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from speech_toolkit.device import Device
from speech_toolkit.device.backends.card import Card
from speech_toolkit.device.device import GraphBackend
from speech_toolkit.errors import DeviceError, OutOfMemoryError, UsageError
from speech_toolkit.transcription.decoded import DecodingOptions
from speech_toolkit.transcription.decoding.graph import DecodeGraphs
from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES, random_model
from tests.unit.transcription.recorded_steps import (
    FakeCards,
    FakeModule,
    Recording,
    recording_backend,
)

CPU = Device("cpu", None, "cpu", "for a test")


@pytest.fixture
def with_graphs(monkeypatch):
    """Let every device record, with or without being asked."""

    def allow(is_default=True):
        backend = recording_backend(is_default)
        monkeypatch.setattr(Device, "graph_backend", lambda self: backend)

    return allow


def batches():
    generator = torch.Generator().manual_seed(0)
    windows = torch.randn(7, MEL_BINS, MEL_FRAMES, generator=generator)
    return [windows[:1], windows[:3], windows[3:6], windows, windows[:2]]


def decode_all(decoder, options):
    found = []
    for features in batches():
        start = decoder.checkpoint.sot_sequence("en", "transcribe", options.timestamps)
        prompts = [[*start]] * len(features)
        found.append(decoder.decode(decoder.encode(features), prompts, options))
    return found


@pytest.mark.parametrize(
    ("attention", "options"),
    [
        ("sdpa", DecodingOptions(record_margins=True)),
        ("eager", DecodingOptions(timestamps=False, max_new_tokens=30)),
        ("sdpa", DecodingOptions(temperature=0.8, max_new_tokens=30)),
    ],
    ids=["greedy", "plain", "drawn"],
)
def test_replayed_steps_yield_the_same(make_decoder, with_graphs, options, attention):
    model = random_model(3, eot_bias=1.0, attn_implementation=attention)
    expected = decode_all(make_decoder(model, decode_graph="off"), options)
    with_graphs()
    decoder = make_decoder(model)
    assert decoder.uses_graph
    for mine, plain in zip(decode_all(decoder, options), expected, strict=True):
        assert [w.tokens for w in mine] == [w.tokens for w in plain]
        for one, other in zip(mine, plain, strict=True):
            assert one.log_probs == pytest.approx(other.log_probs, abs=1e-4)
            assert one.margins == (other.margins and pytest.approx(other.margins, abs=1e-4))


def recording_of(replay):
    return inspect.getclosurevars(replay).nonlocals["graph"]


def test_few_sizes_are_recorded_and_each_once(make_decoder, with_graphs, monkeypatch):
    with_graphs()
    decoder = make_decoder()
    prepared = []
    prepare = DecodeGraphs.prepare

    def watch(self, key, step):
        replay = prepare(self, key, step)
        prepared.append((key[0], recording_of(replay)))
        return replay

    monkeypatch.setattr(DecodeGraphs, "prepare", watch)
    decode_all(decoder, DecodingOptions(max_new_tokens=4))
    assert [size for size, _ in prepared] == [1, 4, 4, 8, 2]
    assert prepared[1][1] is prepared[2][1]  # the same size is recorded once
    assert [recording.replays for _, recording in prepared] == [3, 6, 6, 3, 3]


def test_windows_that_only_fill_up_a_batch_do_not_prolong_it(make_decoder, with_graphs):
    with_graphs()
    decoder = make_decoder(random_model(seed=1, eot_bias=1.0))
    found = decode_all(decoder, DecodingOptions())
    longest = [max(len(window.tokens) for window in batch) for batch in found]
    assert longest == [2] * 5  # of the limit of 77
    # Recordings went when memory grew with the batch of 7; those of the last two batches are left.
    recordings = [recording_of(replay) for replay in decoder._graphs._replays.values()]
    assert [recording.replays for recording in recordings] == longest[-2:]


def test_auto_records_only_where_that_is_the_default(with_graphs):
    with_graphs(is_default=False)
    assert not DecodeGraphs(CPU, "auto").enabled
    assert not DecodeGraphs(CPU, "off").enabled
    assert DecodeGraphs(CPU, "on").enabled
    with_graphs(is_default=True)
    assert DecodeGraphs(CPU, "auto").enabled
    assert not DecodeGraphs(CPU, "off").enabled


def test_on_is_refused_where_nothing_records():
    assert CPU.graph_backend() is None
    assert not DecodeGraphs(CPU, "auto").enabled
    with pytest.raises(DeviceError, match="--decode_graph on: cpu cannot record graphs"):
        DecodeGraphs(CPU, "on")
    with pytest.raises(UsageError, match="decode graph 'maybe': use one of auto, on, off"):
        DecodeGraphs(CPU, "maybe")


@pytest.mark.parametrize(
    ("device_type", "names", "expected"),
    [
        ("cuda", {"CUDAGraph": int, "graph": None}, True),
        ("npu", {"NPUGraph": int, "graph": None}, False),
        ("npu", {"graph": None}, None),
        ("npu", {"NPUGraph": int}, None),
    ],
)
def test_backend_of_a_card_is_what_its_software_has(monkeypatch, device_type, names, expected):
    from types import SimpleNamespace

    module = SimpleNamespace(**names)
    monkeypatch.setattr(Card, "module", module)
    backend = Device(device_type, 1, device_type, "for a test").graph_backend()
    assert (backend and backend.is_default) == expected
    assert backend is None or backend.index == 1


@pytest.mark.parametrize("in_thread", [False, True], ids=["first thread", "other thread"])
def test_a_step_is_recorded_and_replayed_with_its_card_as_the_current_one(monkeypatch, in_thread):
    """Neither a second card nor another thread, whose current card is the first, loses launches."""
    cards, replayed_on = FakeCards(), []

    class Card(Recording):
        def replay(self):
            replayed_on.append(cards.current)

    def work():
        for index in (0, 1):
            backend = GraphBackend(cards, index, Card, is_default=True)
            monkeypatch.setattr(Device, "graph_backend", lambda self, backend=backend: backend)
            graphs = DecodeGraphs(Device("cuda", index, "cuda", "for a test"), "on")
            graphs.prepare("key", lambda: torch.ones(1))()
            assert cards.current == 0

    if in_thread:
        with ThreadPoolExecutor() as pool:
            pool.submit(work).result()
    else:
        work()
    assert cards.recorded_on == [(0, 0), (1, 1)]
    assert replayed_on == [0, 1]


def test_one_recording_is_under_way_at_a_time(monkeypatch):
    under_way, most = [], []

    def step():
        under_way.append(None)
        most.append(len(under_way))
        time.sleep(0.01)
        under_way.pop()

    backend = recording_backend()
    monkeypatch.setattr(Device, "graph_backend", lambda self: backend)
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda key: DecodeGraphs(CPU, "on").prepare(key, step), range(4)))
    assert set(most) == {1}


class Refusing:
    """A graph that cannot be made."""

    def __init__(self):
        raise RuntimeError("no graphs here\nmore")


def test_failed_recording_is_an_error_only_where_it_was_asked_for(
    make_decoder, monkeypatch, caplog
):
    options = DecodingOptions(max_new_tokens=20)
    expected = decode_all(make_decoder(), options)
    backend = GraphBackend(FakeModule, 0, Refusing, is_default=True)
    monkeypatch.setattr(Device, "graph_backend", lambda self: backend)
    with pytest.raises(DeviceError, match=r"\(no graphs here\); use --decode_graph off"):
        decode_all(make_decoder(decode_graph="on"), options)
    decoder = make_decoder()
    assert decode_all(decoder, options) == expected
    assert not decoder.uses_graph
    assert [record.message for record in caplog.records] == [
        "cpu: a decoding step cannot be recorded as a graph (no graphs here); going on without, "
        "which is slower"
    ]


def test_no_memory_for_a_recording_is_no_reason_to_go_on_without(make_decoder, monkeypatch):
    def fail(step):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    backend = GraphBackend(FakeModule, 0, lambda: fail(None), is_default=True)
    monkeypatch.setattr(Device, "graph_backend", lambda self: backend)
    with pytest.raises(OutOfMemoryError, match="out of memory in the decoder: 2 GiB asked for"):
        decode_all(make_decoder(), DecodingOptions())
