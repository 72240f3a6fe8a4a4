"""A worker does what it is given, a few items at a time, and says what became of it."""

import time
from pathlib import Path

import pytest

from speech_toolkit.corpus.cluster.worker import Orders, Plan, Worker
from speech_toolkit.errors import AudioError, NotAudioError, ToolkitError
from speech_toolkit.processes.portable import portable_error
from tests.unit.corpus.cluster.stand_in_task import STOPS_DEVICE, Task
from tests.unit.corpus.stand_in import items_in, record_audio


@pytest.fixture
def items(tmp_path):
    record_audio(tmp_path, 40)
    return items_in(tmp_path, 40)


@pytest.fixture
def worker():
    worker = Worker()
    assert worker.start(plan()).ok
    yield worker
    worker.exchange(Orders(is_all=True, stop=True))


def plan(**changed):
    given = {"task": Task(), "device": "cpu", "read_limit_s": None, "cpus": 1, "directory": "."}
    return Plan(**given | changed)


def done_by(worker, items, **orders):
    """Give items as there is room, and return the ids and kinds of errors in what comes back."""
    left, done = list(items), {}
    report = worker.exchange(Orders(wait_s=0))
    deadline = time.monotonic() + 30
    while len(done) < len(items) and report.failure is None:
        assert time.monotonic() < deadline, "the worker does not answer"
        given, left = tuple(left[: report.room]), left[report.room :]
        report = worker.exchange(Orders(given, is_all=not left, **orders))
        done |= {item.id: outcome.error_kind for item, outcome in report.done}
    return done, report


def test_items_come_back_each_with_its_outcome(worker, items):
    done, report = done_by(worker, items)
    assert done.keys() == {item.id for item in items}
    assert set(done.values()) == {None, "not audio", "wrong text"}
    assert report.failure is None


def test_it_goes_on_after_a_pause(worker, items):
    assert len(done_by(worker, items[:3])[0]) == 3
    assert len(done_by(worker, items[3:6])[0]) == 3


def test_it_stops(worker, items):
    worker.exchange(Orders(tuple(items[:16]), wait_s=0))
    deadline = time.monotonic() + 30
    while not worker.exchange(Orders(is_all=True, stop=True)).has_ended:
        assert time.monotonic() < deadline


def test_it_says_why_it_can_do_no_more(worker, items):
    stops = [type(item)(id=item.id, audio_path=".", text=STOPS_DEVICE) for item in items]
    _, report = done_by(worker, stops)
    assert "failed for 3 items one after the other" in str(report.failure)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"task": Task(fault="weights.bin: is damaged")}, "weights.bin: is damaged"),
        ({"version": "0.0.1"}, "and the run has 0.0.1; install the same on every node"),
        ({"directory": "/not/here"}, "has no directory /not/here"),
    ],
)
def test_it_says_why_it_cannot_begin(changed, said):
    here = Path.cwd()
    outcome = Worker().start(plan(**changed))
    assert said in str(outcome.error)
    assert Path.cwd() == here


class Demanding(AudioError):
    """An error that cannot be read back."""

    kind = "damaged"

    def __init__(self, path, reason):
        super().__init__(f"{path}: {reason}")


class Stranger(Exception):
    def __init__(self, path, reason):
        super().__init__(f"{path}: {reason}")


def test_errors_keep_kind_and_words_on_their_way():
    same = NotAudioError("a.wav: is none")
    assert type(portable_error(same)) is NotAudioError
    demanding = portable_error(Demanding("a.wav", "is cut"))
    assert (type(demanding), demanding.kind, str(demanding)) == (
        ToolkitError,
        "damaged",
        "a.wav: is cut",
    )
    assert str(portable_error(Stranger("a", "b"))) == "Stranger: a: b"
