import time

import numpy as np
import pytest

from speech_toolkit.device import Device
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics.timing import Distribution, Timings, measure, time_call

CPU = Device("cpu", None, "cpu", "test")


class SlowDevice:
    """Does what was queued when it is waited for."""

    def __init__(self, events):
        self.events = events

    def synchronize(self):
        self.events.append("wait")


def test_distribution_by_hand():
    summary = Distribution.of([4.0, 1.0, 3.0, 2.0])
    assert (summary.count, summary.min_s, summary.max_s) == (4, 1.0, 4.0)
    assert summary.mean_s == pytest.approx(2.5)
    assert summary.p50_s == pytest.approx(2.5)
    assert summary.p90_s == pytest.approx(3.7)
    assert summary.p99_s == pytest.approx(3.97)
    assert summary.std_s == pytest.approx((5 / 3) ** 0.5)


@pytest.mark.parametrize(
    ("count", "said", "unsaid"),
    [
        (63, ["p90 needs 64", "p99 needs 662"], []),
        (64, ["p99 needs 662"], ["p90"]),
        (661, ["p99"], ["p90"]),
    ],
)
def test_note_on_few_runs(count, said, unsaid):
    note = Distribution.of([1.0] * count).note
    assert note.startswith(f"{count} runs")
    assert all(text in note for text in said)
    assert not any(text in note for text in unsaid)


def test_enough_runs_need_no_note():
    assert Distribution.of(np.linspace(1, 2, 662).tolist()).note is None


def test_single_run_has_no_deviation():
    summary = Distribution.of([0.5])
    assert summary.std_s is None
    assert summary.p99_s == 0.5


def test_no_run_is_refused():
    with pytest.raises(ValueError, match="no run"):
        Distribution.of([])


def test_first_call_and_warmup_stand_apart():
    waits = iter([0.05, 0.01, 0.01, 0.0, 0.0])
    timings = measure(lambda: time.sleep(next(waits)), CPU, warmup=3, runs=2)
    assert timings.first_s >= 0.05
    assert len(timings.warmup_s) == 2
    assert min(timings.warmup_s) >= 0.01
    assert len(timings.runs_s) == 2
    assert next(waits, None) is None


def test_without_warmup_there_is_no_first_call():
    timings = measure(lambda: None, CPU, warmup=0, runs=1)
    assert timings.first_s is None
    assert timings.warmup_s == ()
    assert len(timings.runs_s) == 1


def test_device_is_waited_for_at_both_ends():
    events = []
    time_call(lambda: events.append("call"), SlowDevice(events))
    assert events == ["wait", "call", "wait"]


@pytest.mark.parametrize(("warmup", "runs"), [(-1, 1), (0, 0)])
def test_out_of_range(warmup, runs):
    with pytest.raises(UsageError, match="warmup"):
        measure(lambda: None, CPU, warmup, runs)


def test_json_form_keeps_raw_values():
    report = Timings(0.5, (0.2,), (0.1, 0.3)).to_dict()
    assert report["first_s"] == 0.5
    assert report["warmup_s"] == [0.2]
    assert report["runs_s"] == [0.1, 0.3]
    assert report["latency"]["mean_s"] == pytest.approx(0.2)
