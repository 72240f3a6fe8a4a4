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
from tests.unit.transcription.random_whisper import (
    MEL_BINS,
    MEL_FRAMES,
    POSITIONS,
    random_model,
)
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


def all_tokens(decoder, options):
    return [[window.tokens for window in batch] for batch in decode_all(decoder, options)]


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


def recorded(decoder):
    """Return how often the steps were replayed, by the size of their batch."""
    return {
        size: recording_of(replay).replays for (_, size), replay in decoder._graphs._replays.items()
    }


def test_few_sizes_are_recorded(make_decoder, with_graphs):
    with_graphs()
    decoder = make_decoder()
    options = DecodingOptions(max_new_tokens=4)
    windows = torch.randn(20, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))
    encoded = decoder.encode(windows)
    start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
    for count, sizes in ((1, {1: 3}), (3, {8: 3}), (7, {8: 6}), (20, {24: 3}), (9, {24: 6})):
        decoder.decode(encoded[:count], [start] * count, options)
        assert recorded(decoder) == sizes  # those of a size that takes new memory go


def test_a_lone_window_is_worth_no_recording_beside_one_of_more(make_decoder, with_graphs):
    with_graphs()
    decoder = make_decoder()
    windows = torch.randn(20, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))
    encoded = decoder.encode(windows)
    start = decoder.checkpoint.sot_sequence("en", "transcribe", True)
    options = DecodingOptions(max_new_tokens=40)
    expected = decoder.decode(encoded, [start] * 20, options)
    assert list(recorded(decoder)) == [24]
    (alone,) = decoder.decode(encoded[:1], [start], options)
    assert list(recorded(decoder)) == [24]
    assert alone.tokens == expected[0].tokens
    decoder.decode(encoded[:1], [start], options)
    assert list(recorded(decoder)) == [24, 8]  # but it is, if it comes again and again


def test_recording_changes_nothing_of_what_is_under_way(make_decoder, with_graphs):
    """A batch is recorded while its windows are written."""
    with_graphs()
    model = random_model(3, eot_bias=1.0)
    decoder, plain = make_decoder(model), make_decoder(model, decode_graph="off")
    for _ in range(2):
        assert all_tokens(decoder, DecodingOptions()) == all_tokens(plain, DecodingOptions())
        decoder._graphs.clear()


def test_a_replay_looks_at_no_tensors_on_the_host(make_decoder, with_graphs, monkeypatch):
    """A step is taken to warm up, three times, and to be recorded."""
    with_graphs()
    decoder = make_decoder(random_model(3, eot_bias=1.0))
    cache, looked = decoder._decoders.own.loop._cache, []
    plain = cache.select
    monkeypatch.setattr(cache, "select", lambda *given: looked.append(given) or plain(*given))
    decode_all(decoder, DecodingOptions())
    assert sum(recorded(decoder).values()) > 8
    assert looked == [(1, POSITIONS)] * 4 + [(8, POSITIONS)] * 4


def test_windows_that_only_fill_up_a_batch_do_not_prolong_it(make_decoder, with_graphs):
    with_graphs()
    decoder = make_decoder(random_model(seed=1, eot_bias=1.0))
    found = decode_all(decoder, DecodingOptions())
    assert [max(len(window.tokens) for window in batch) for batch in found] == [2] * 5  # of 77
    assert recorded(decoder) == {8: 2 * 4}


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


def test_recordings_share_their_memory(monkeypatch):
    cards = FakeCards()
    backend = GraphBackend(cards, 0, Recording, is_default=True)
    monkeypatch.setattr(Device, "graph_backend", lambda self: backend)
    graphs = DecodeGraphs(Device("cuda", 0, "cuda", "for a test"), "on")
    for size in (8, 16):
        graphs.prepare("key", size, lambda: torch.ones(1), lambda: lambda: None)
    first, second = cards.pools
    assert first is second


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
            graphs.prepare("key", 1, lambda: torch.ones(1), lambda: lambda: None)()
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

    def record(graphs, key):
        graphs.prepare(key, 1, step, lambda: lambda: None)

    backend = recording_backend()
    monkeypatch.setattr(Device, "graph_backend", lambda self: backend)
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda key: record(DecodeGraphs(CPU, "on"), key), range(4)))
    assert set(most) == {1}


class Refusing:
    """A graph that cannot be made."""

    def __init__(self):
        raise RuntimeError("no graphs here\nmore")


def test_failed_recording_is_an_error_only_where_it_was_asked_for(
    make_decoder, monkeypatch, caplog
):
    options = DecodingOptions(max_new_tokens=20)
    expected = all_tokens(make_decoder(), options)
    backend = GraphBackend(FakeModule, 0, Refusing, is_default=True)
    monkeypatch.setattr(Device, "graph_backend", lambda self: backend)
    with pytest.raises(DeviceError, match=r"\(no graphs here\); use --decode_graph off"):
        decode_all(make_decoder(decode_graph="on"), options)
    decoder = make_decoder()
    assert all_tokens(decoder, options) == expected
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
