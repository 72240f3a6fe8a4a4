"""The same items on the workers of a Ray that is started here, some of which die."""

import os
import signal
import threading
import time

import pytest

from speech_toolkit.corpus.cluster.connection import ray_connection
from speech_toolkit.corpus.cluster.engine import ClusterEngine
from speech_toolkit.corpus.cluster.share import Share
from speech_toolkit.corpus.cluster.worker import Plan
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.run import items_left, run_items
from speech_toolkit.errors import CheckpointError, DeviceError
from speech_toolkit.progress import UNWATCHED
from tests.unit.corpus.cluster.stand_in_task import (
    HANGS,
    KILLS,
    KILLS_ONCE,
    STOPS_DEVICE,
    Task,
)
from tests.unit.corpus.stand_in import SETTINGS, items_in, record_audio, work
from tests.unit.corpus.test_killed_runs import tree

COUNT = 40
pytestmark = pytest.mark.slow  # Ray takes some ten seconds to start


@pytest.fixture(scope="module")
def ray():
    pytest.importorskip("ray", reason="ray is not installed")
    before = signal.getsignal(signal.SIGTERM)
    with ray_connection("local", "cpu", 2) as connected:
        assert signal.getsignal(signal.SIGTERM) is before
        yield connected


@pytest.fixture
def items(tmp_path):
    record_audio(tmp_path, COUNT)
    return items_in(tmp_path, COUNT)


@pytest.fixture
def engine_of(ray):
    def engine_of(task=Task(), workers=2, read_limit_s=None, progress=UNWATCHED):  # noqa: B008
        plan = Plan(task, "cpu", read_limit_s, 1, os.getcwd())  # noqa: PTH109
        return ClusterEngine(ray, Share("cpu", workers, 1), plan, progress)

    return engine_of


def run(items, out, engine):
    with open_journal(out, SETTINGS) as journal:
        left, _ = items_left(items, journal)
        return list(run_items(left, engine, journal))


def unordered(files):
    return files | {"journal.jsonl": sorted(files["journal.jsonl"].splitlines())}


def with_text(items, number, text):
    item = items[number]
    item_of = Item(id=item.id, audio_path=item.audio_path, text=text, place=item.place)
    return [*items[:number], item_of, *items[number + 1 :]]


def test_results_are_those_of_one_process(items, engine_of, tmp_path):
    work(items, tmp_path / "here")
    outcomes = run(items, tmp_path / "there", engine_of())
    assert len(outcomes) == COUNT
    assert unordered(tree(tmp_path / "there")) == unordered(tree(tmp_path / "here"))
    assert run(items, tmp_path / "there", engine_of()) == [], "all is recorded"


def test_only_the_item_that_kills_fails(items, engine_of, tmp_path):
    planted = with_text(with_text(items, 5, KILLS), 20, KILLS_ONCE)
    outcomes = {o.id: o for o in run(planted, tmp_path / "out", engine_of())}
    assert len(outcomes) == COUNT
    kinds = {name: outcome.error and outcome.error.kind for name, outcome in outcomes.items()}
    assert [n for n, kind in kinds.items() if kind == "worker died"] == [items[5].id]
    assert kinds[items[20].id] is None
    sound = work(items, tmp_path / "sound")
    others = {o.id: o.error for o in sound if o.id not in (items[5].id, items[20].id)}
    assert {n: outcomes[n].error for n in others} == others


@pytest.mark.slow
def test_a_hanging_item_is_given_up(items, engine_of, tmp_path):
    planted = with_text(items[:12], 3, HANGS)
    outcomes = {o.id: o for o in run(planted, tmp_path / "out", engine_of(read_limit_s=2.0))}
    assert len(outcomes) == 12
    assert outcomes[items[3].id].error.kind == "timed out"


def test_it_stops_when_told(items, engine_of):
    stop, done = threading.Event(), []
    many = [
        Item(id=f"{n}/{i.id}", audio_path=i.audio_path, text="a") for n in range(99) for i in items
    ]
    for item, _ in engine_of()(iter(many), stop):
        done.append(item.id)
        stop.set()
    assert 0 < len(done) < len(many)
    assert len(done) == len(set(done))


def test_a_model_that_no_worker_can_load_ends_the_run(items, engine_of):
    with pytest.raises(CheckpointError, match="is damaged"):
        list(engine_of(Task(fault="weights.bin: is damaged"))(iter(items), threading.Event()))


@pytest.mark.slow
def test_a_worker_that_fails_again_and_again_is_left_out(items, engine_of):
    stops = [Item(id=item.id, audio_path=".", text=STOPS_DEVICE) for item in items]
    with pytest.raises(DeviceError, match="no worker is left: cpu: failed for 3 items"):
        list(engine_of(workers=1)(iter(stops), threading.Event()))


@pytest.mark.slow
def test_workers_that_nothing_is_free_for_are_told_of(items, engine_of, monkeypatch, caplog):
    from speech_toolkit.corpus.cluster import engine
    from speech_toolkit.progress import LoggedProgress

    monkeypatch.setattr(engine, "_TELLS_AFTER_S", 0.5)
    monkeypatch.setattr(engine, "_MOST_WAIT_S", 2.0)
    plan = Plan(Task(), "cpu", None, 1, ".")
    crowded = ClusterEngine(engine_of()._ray, Share("npu", 1, 2), plan, LoggedProgress())
    with pytest.raises(DeviceError, match="Ray started no worker in 2 s: each needs 2 CPU, 1 NPU"):
        list(crowded(iter(items), threading.Event()))
    assert "Ray has started no worker yet" in caplog.text


@pytest.mark.slow
def test_workers_end_with_the_run(ray, items, engine_of):
    list(engine_of()(iter(items), threading.Event()))
    deadline = time.monotonic() + 20
    while ray.available_resources().get("CPU", 0) < ray.cluster_resources()["CPU"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
