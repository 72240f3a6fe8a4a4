import threading
import time
from dataclasses import dataclass

import pytest

from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.pipeline import Pipeline
from speech_toolkit.errors import DeviceError, NotAudioError
from speech_toolkit.outcomes import Outcome
from tests.unit.corpus.stand_in import align, items_in, record_audio

COUNT = 18
STREAMS = pytest.mark.parametrize("streams", [1, 3])


@dataclass(frozen=True)
class Read:
    item: Item
    audio_s: float = 1.0


class Model:
    """Hears at once; what ``fails`` names is an error of the device, or in the search."""

    device_label = "cpu"

    def __init__(self, streams, fails=(), unsearchable=()):
        self.streams, self.fails, self.unsearchable = streams, fails, unsearchable
        self.threads = set()

    def read(self, item, limit_s=None):
        if item.id.endswith("ü3"):
            raise NotAudioError("is none")
        return Read(item)

    def hear(self, inputs, stop):
        for item, read in inputs:
            if item.id in self.fails:
                yield item, Outcome(error=DeviceError("card lost"))
            else:
                yield item, Outcome(result=lambda read=read: self._search(read))
            if stop.is_set():
                return

    def _search(self, read):
        self.threads.add(threading.current_thread())
        if read.item.id in self.unsearchable:
            raise ZeroDivisionError("bug")
        return align(read.item) | {"sentences": []}


@pytest.fixture
def items(tmp_path):
    record_audio(tmp_path, COUNT)
    return items_in(tmp_path, COUNT)


def run(model, items, stop=None):
    return Pipeline(model, ResultForms(("json",)))(iter(items), stop or threading.Event())


@STREAMS
def test_each_item_has_its_files_or_its_error(items, streams):
    model = Model(streams, fails={items[5].id}, unsearchable={items[6].id})
    found = {item.id: outcome for item, outcome in run(model, items)}
    kinds = {int(i.partition("ü")[2]): o.error_kind for i, o in found.items() if not o.ok}
    wrong = dict.fromkeys((7, 16), "wrong text") | {4: "not audio", 13: "not audio"}
    assert kinds == wrong | {3: "not audio", 5: "device", 6: "internal"}
    assert found.keys() == {item.id for item in items}
    result = found[items[0].id].result
    assert list(result.contents) == [f"{items[0].id}.json"]
    assert (result.figures["audio_s"], result.figures["device"]) == (5 / 16, "cpu")
    assert threading.current_thread() not in model.threads


@STREAMS
def test_a_device_that_keeps_failing_ends_the_run(items, streams):
    model = Model(streams, fails={item.id for item in items[8:]})
    found = []
    with pytest.raises(DeviceError, match="cpu: failed for 3 items one after the other"):
        for _, outcome in run(model, items):
            found.append(outcome.error_kind)
    assert found[-3:] == ["device"] * 3
    assert found.count("device") == 3


@STREAMS
def test_what_is_in_work_is_finished_when_it_is_stopped(items, streams):
    class Slow(Model):
        def hear(self, inputs, stop):
            for heard in super().hear(inputs, stop):
                time.sleep(0.05)
                yield heard

    stop = threading.Event()
    found = []
    for item, _ in run(Slow(streams), items, stop):
        found.append(item.id)
        stop.set()
    assert 1 <= len(found) < COUNT


def test_what_a_thread_fails_with_is_raised(items):
    class Broken(Model):
        def hear(self, inputs, stop):
            next(iter(inputs))
            raise ZeroDivisionError("bug")

    with pytest.raises(ZeroDivisionError, match="bug"):
        list(run(Broken(streams=3), items))


def test_threads_end_with_who_takes_the_results(items):
    before = threading.active_count()
    heard = []

    class Endless(Model):
        def hear(self, inputs, stop):
            next(iter(inputs))
            while len(heard) < 10_000:
                heard.append(items[0])
                yield items[0], Outcome(error=NotAudioError("is none"))

    running = run(Endless(streams=3), items)
    next(running)
    running.close()
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before
    assert len(heard) < 100
