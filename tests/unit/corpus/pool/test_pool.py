"""Worker processes that die, hang and fail, and devices that do."""

import os
import threading
import time

import pytest

from speech_toolkit.corpus.pool.pool import Pool
from speech_toolkit.errors import CheckpointError, DeviceError
from speech_toolkit.progress import LoggedProgress
from tests.unit.corpus.pool.planted import PlantedTask, items_with

TWO = ("cpu", "other")


class Told(LoggedProgress):
    """Keeps what it is told."""

    def __init__(self):
        self.warnings, self.times = [], []

    def warning(self, text):
        self.warnings.append(text)

    def time(self, stage, seconds, detail=""):
        self.times.append(detail)


class Run:
    """A pool of planted tasks over items of some texts, and what it told."""

    def __init__(self, folder, texts, devices=TWO, limit_s=None, **task):
        self.folder, self.told, self.stop = folder, Told(), threading.Event()
        self.items = items_with(texts)
        lengths = dict.fromkeys(self.items, 1.0)
        pool = Pool(PlantedTask(str(folder), **task), devices, lengths, limit_s, self.told)
        self.done = pool(iter(self.items), self.stop)

    def outcomes(self):
        """Return each outcome by its text; an item comes once."""
        found = list(self.done)
        assert len({item.id for item, _ in found}) == len(found)
        return {item.text: outcome for item, outcome in found}

    def loads(self):
        """Return device, process, threads and whether torch was there, for each model loaded."""
        return [line.split() for line in (self.folder / "loads.txt").read_text().splitlines()]


def told_by(outcomes):
    return {text: str(outcome.error) for text, outcome in outcomes.items() if not outcome.ok}


def test_workers_share_what_there_is(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("speech_toolkit.corpus.pool.gathering.usable_cores", lambda: 6)
    run = Run(tmp_path, [f"text {number}" for number in range(40)], ("cpu", "cpu"))
    outcomes = run.outcomes()
    assert len(outcomes) == 40
    assert all(outcome.ok for outcome in outcomes.values())
    assert outcomes["text 7"].result.contents == {"7.txt": b"text 7"}
    assert outcomes["text 7"].result.figures["run_s"] == 0.625
    devices, processes, threads, has_torch = zip(*run.loads(), strict=True)
    assert devices == ("cpu", "cpu")
    assert len({*processes, str(os.getpid())}) == 3
    assert set(threads) == {"3"}
    assert set(has_torch) == {"False"}
    # said by both, told once
    assert [text.partition(": ")[2] for text in run.told.warnings] == ["models speak too"]
    assert sorted(run.told.times) == ["cpu (1), cpu, ", "cpu (2), cpu, "]


def test_an_item_that_fails_its_worker_twice_has_failed_and_no_other(tmp_path):
    planted = {
        "hear:crash": "the worker process died of SIGSEGV; the last it printed: nothing",
        "finish:exit": "the worker process ended with exit code 3; the last it printed: so long",
        "hear:hang": "the worker process gave no sign of life for 1.5 s while it worked on list:6",
        "hear:memory": "npu:0: out of memory in the encoder",
        "finish:odd": "Odd: 1 and 2",
        "hear:text": "holds nothing",
    }
    fine = ["fine 1", "fine 2", "fine 3", "fine 4"]
    texts = ["fine 1", "hear:crash", *fine[1:], "hear:hang", "finish:exit"]
    texts += ["hear:memory", "finish:odd", "hear:text"]
    run = Run(tmp_path, texts, limit_s=1.5)
    outcomes = run.outcomes()
    assert set(outcomes) == {*planted, *fine}
    told = told_by(outcomes)
    assert set(told) == set(planted)
    for text, said in planted.items():
        assert told[text].startswith(said)
    kinds = [outcomes[text].error_kind for text in planted]
    assert kinds == [
        *("worker died", "worker died", "timed out", "out of memory", "internal", "wrong text")
    ]
    assert not any("left out" in text for text in run.told.warnings)
    deaths = [text for text in run.told.warnings if "is tried once more" in text]
    assert 1 + 3 <= len(deaths) <= 2 * 3  # the first ones may come together


@pytest.mark.parametrize("text", ["read:crash once", "finish:killed once", "hear:device once"])
def test_an_item_that_fails_once_is_done(tmp_path, text):
    run = Run(tmp_path, [text, "fine 1", "fine 2"])
    assert told_by(run.outcomes()) == {}


@pytest.mark.slow
def test_signs_of_life_keep_a_worker_and_loading_has_no_limit(tmp_path):
    run = Run(tmp_path, ["hear:beats", "fine"], ("cpu",), limit_s=1.0, load_s=1.5)
    assert all(outcome.ok for outcome in run.outcomes().values())
    assert len(run.loads()) == 1


def test_a_hang_in_reading_is_given_up_by_the_worker_itself(tmp_path):
    run = Run(tmp_path, ["read:hang", *map(str, range(9))], ("cpu",), limit_s=1.0)
    outcomes = run.outcomes()
    assert list(told_by(outcomes)) == ["read:hang"]
    assert outcomes["read:hang"].error_kind == "timed out"
    assert len(run.loads()) == 1


@pytest.mark.parametrize("fault", ["broken", "crashing", "erring"])
def test_a_device_that_fails_three_times_is_left_out(tmp_path, fault):
    texts = [f"text {number}" for number in range(60)]
    texts[2] = "hear:wait"  # keeps one device from being through before the other has failed
    run = Run(tmp_path, texts, **{fault: ("other",)})
    threading.Thread(target=let_go_when_left_out, args=(run,), daemon=True).start()
    outcomes = run.outcomes()
    assert told_by(outcomes) == {}
    assert {outcome.result.figures["device"] for outcome in outcomes.values()} == {"cpu"}
    assert sum(device == "other" for device, *_ in run.loads()) == 3
    assert "other: left out after 3 failures; the run goes on without it" in run.told.warnings


def let_go_when_left_out(run):
    end_s = time.monotonic() + 20
    while not any("left out" in text for text in run.told.warnings) and time.monotonic() < end_s:
        time.sleep(0.01)
    (run.folder / "go").touch()


@pytest.mark.parametrize("fault", ["broken", "crashing"])
def test_a_run_ends_when_no_device_is_left(tmp_path, fault):
    run = Run(tmp_path, [f"text {number}" for number in range(20)], ("cpu",), **{fault: ("cpu",)})
    with pytest.raises(DeviceError, match="no device is left: cpu: .*start the same run again"):
        run.outcomes()


def test_a_model_that_cannot_be_loaded_ends_the_run_at_once(tmp_path):
    run = Run(tmp_path, ["text"], no_model=True)
    with pytest.raises(CheckpointError, match="has no weights"):
        run.outcomes()
    assert len(run.loads()) <= 2


def test_one_who_stops_gets_what_is_in_work(tmp_path):
    run = Run(tmp_path, ["hear:wait", *(f"text {number}" for number in range(200))], ("cpu",))
    threading.Thread(target=stop_in_work, args=(run,), daemon=True).start()
    outcomes = run.outcomes()
    assert outcomes["hear:wait"].ok
    assert len(outcomes) < 100
    assert len(run.loads()) == 1


def stop_in_work(run):
    while not (run.folder / "waiting").exists():
        time.sleep(0.01)
    run.stop.set()
    (run.folder / "go").touch()


def test_one_who_leaves_early_leaves_no_process(tmp_path):
    run = Run(tmp_path, [f"text {number}" for number in range(50)])
    next(run.done)
    run.done.close()
    assert not any(is_alive(int(process)) for _, process, *_ in run.loads())


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
