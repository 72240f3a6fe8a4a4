import threading
import time
from dataclasses import dataclass

import pytest

from speech_toolkit.corpus import read_ahead
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.read_ahead import ReadAhead
from speech_toolkit.errors import NotAudioError

WAITED_S = 10.0


@dataclass(frozen=True)
class Read:
    name: str
    audio_s: float


def items(count):
    return [Item(str(number), f"{number}.wav") for number in range(count)]


def reading(read, given, *, threads=2, limit_s=None, stop=None):
    return ReadAhead(
        iter(given), read, threads=threads, limit_s=limit_s, stop=stop or threading.Event()
    )


def wait_for(condition):
    end_s = time.monotonic() + WAITED_S
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.005)
    assert condition()


def test_each_item_comes_once_with_what_was_read_or_why_not():
    def read(item):
        if item.id == "3":
            raise NotAudioError("is none")
        return Read(item.id, 1.0)

    found = {item.id: outcome for item, outcome in reading(read, items(50), threads=4)}
    assert found.keys() == {item.id for item in items(50)}
    assert found["3"].error_kind == "not audio"
    assert all(outcome.result.name == name for name, outcome in found.items() if name != "3")


@pytest.mark.parametrize(("audio_s", "most"), [(1.0, 64), (1000.0, 3)])
def test_what_waits_is_bounded(audio_s, most):
    begun = []

    def read(item):
        begun.append(item.id)
        return Read(item.id, audio_s)

    ahead = reading(read, items(500))
    wait_for(lambda: len(begun) >= min(most, 2))
    time.sleep(0.05)
    assert len(begun) <= most
    assert len(list(ahead)) == 500


def test_a_file_that_hangs_is_given_up_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr(read_ahead, "_LOOKS_EVERY_S", 0.01)
    hangs = threading.Event()

    def read(item):
        if item.id in ("1", "2"):
            hangs.wait(WAITED_S)
        return Read(item.id, 1.0)

    found = {item.id: outcome for item, outcome in reading(read, items(6), limit_s=0.1)}
    hangs.set()
    late = {name for name, outcome in found.items() if outcome.error_kind == "timed out"}
    assert late == {"1", "2"}
    assert found.keys() == set("012345")
    assert "was not read within 0.1 s" in str(found["1"].error)


def test_a_file_that_hangs_is_given_up_while_others_keep_the_device_busy():
    hangs = threading.Event()

    def read(item):
        if item.id == "0":
            hangs.wait(WAITED_S)
        return Read(item.id, 1.0)

    found = []
    for item, _ in reading(read, items(60), limit_s=0.05):
        found.append(item.id)
        time.sleep(0.01)
    hangs.set()
    assert sorted(found, key=int) == [item.id for item in items(60)]
    assert found.index("0") < 40


def test_nothing_is_begun_or_given_once_it_is_stopped():
    stop = threading.Event()
    begun = []

    def read(item):
        begun.append(item.id)
        return Read(item.id, 1000.0)

    found = []
    for item, _ in reading(read, items(50), stop=stop):
        found.append(item.id)
        stop.set()
    assert len(found) == 1
    before = len(begun)
    time.sleep(0.05)
    assert len(begun) == before <= 6


def test_what_names_the_items_may_fail():
    def given():
        yield from items(3)
        raise OSError("the list is gone")

    found = []
    with pytest.raises(OSError, match="the list is gone"):
        for item, _ in reading(lambda item: Read(item.id, 1.0), given()):
            found.append(item.id)
    assert sorted(found) == ["0", "1", "2"]


def test_threads_end_with_the_reading():
    before = threading.active_count()
    list(reading(lambda item: Read(item.id, 1.0), items(9)))
    ahead = iter(reading(lambda item: Read(item.id, 1000.0), items(50)))
    next(ahead)
    ahead.close()
    wait_for(lambda: threading.active_count() == before)


def test_what_is_read_does_not_wait_for_the_next_item():
    more, waited = threading.Event(), []

    def slowly():
        yield Item("0", "0.wav")
        waited.append(more.wait(WAITED_S))

    ahead = iter(reading(lambda item: Read(item.id, 1.0), slowly()))
    assert next(ahead)[0].id == "0"
    assert not waited
    more.set()
    assert list(ahead) == []
