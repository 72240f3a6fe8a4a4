"""How benchmarks compare programs, and hold them against bars."""

import pytest

from benchmarks.bars import Bar, PairedRatio
from benchmarks.whisper import Measurement, Task, bars_of, row_text, rows_of

MIB = 2**20
TASK = Task("model", "cpu", "float32", batch_size=4, minutes=1.0, tokens=64)
PIPELINE, GENERATE = "pipeline, 30 s chunks", "generate, sequential"


def measured(*seconds, added_mib=100, windows=4):
    return [Measurement(each, 2 * each, windows, added_mib * MIB, "text") for each in seconds]


def test_programs_are_compared_round_by_round():
    slowed_down = PairedRatio.of([1.0, 8.0, 2.0], [2.0, 10.0, 5.0])
    assert (slowed_down.median, slowed_down.least, slowed_down.most) == (0.5, 0.4, 0.8)
    assert str(slowed_down) == "0.50 (0.40 to 0.80)"


@pytest.mark.parametrize(
    ("found", "is_least", "passed"),
    [(0.65, False, True), (0.66, False, False), (0.65, True, True), (0.64, True, False)],
)
def test_a_bar_is_met_at_its_limit(found, is_least, passed):
    bar = Bar("time", found, 0.65, is_least)
    assert bar.passed is passed
    assert str(bar).startswith("PASS" if passed else "FAIL")
    assert bar.to_dict()["passed"] is passed


def test_bars_are_those_of_the_programs_that_ran():
    rows = rows_of(TASK, {"chunked": measured(6.0, 1.0, 1.0), PIPELINE: measured(9.0, 2.0, 2.0)})
    assert rows[1]["ours_over_this"] == {"median": 0.5, "least": 0.5, "most": pytest.approx(2 / 3)}
    time, memory = bars_of(rows)
    assert (time.found, time.limit, time.passed) == (0.5, 0.65, True)
    assert (memory.found, memory.limit, memory.passed) == (100, 100, True)


def test_more_errors_or_more_memory_than_the_rival_miss_a_bar():
    found = {"transcribe": measured(1.0, added_mib=101), GENERATE: measured(1.0)}
    rows = rows_of(TASK, found)
    rows[0]["wer"], rows[1]["wer"] = 0.05, 0.04
    assert [bar.passed for bar in bars_of(rows)] == [False, False, False]


def test_a_row_shows_both_ratios_or_none():
    ours, theirs = rows_of(TASK, {"chunked": measured(1.0), PIPELINE: measured(4.0)})
    assert row_text(theirs).count("0.25 (0.25 to 0.25)") == 2
    assert row_text(ours).split()[-4:] == ["-", "2.00", "s", "-"]
