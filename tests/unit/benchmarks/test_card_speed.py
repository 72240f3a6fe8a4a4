"""What benchmarks/card_speed.py makes of its figures."""

import argparse

import pytest

from benchmarks.card_runs import Run, talk_file, warm_up_minutes
from benchmarks.card_speed import minutes_of, sizes
from benchmarks.same_tokens import compared
from benchmarks.whisper_programs import Task

RUN = Run("chunked", "float16", 64, 36_000.0, 18.0, None, 9 * 10**15, None, 1e15)


def test_a_share_is_of_the_time_of_the_model_where_that_is_told():
    assert RUN.times_real_time == 2000
    assert RUN.share == pytest.approx(0.5)
    alone = Run("align", "float16", 64, 36_000.0, 18.0, 10.0, 9 * 10**15, 2**30, 1e15)
    assert alone.share == pytest.approx(0.9)
    assert alone.to_dict()["share_of_matrix_rate"] == pytest.approx(0.9)
    assert str(alone).split()[-3:] == ["3,600", "90.0%", "1.00"]


def test_what_is_not_seen_is_not_told():
    unseen = Run("faster-whisper", "float16", 64, 60.0, 1.0, None, None, None, 1e15)
    assert unseen.share is None
    assert str(unseen).split()[-3:] == ["-", "-", "-"]


def test_the_smallest_of_several_batches_gets_less_audio():
    given = argparse.Namespace(batch_sizes=sizes("1,64"), minutes=600.0)
    assert [minutes_of(size, given) for size in given.batch_sizes] == [60.0, 600.0]
    given.batch_sizes = sizes("1")
    assert minutes_of(1, given) == 600.0


def test_windows_are_compared_token_by_token():
    first = [([5, 6, 7], [0.1, 0.2, 0.3]), ([5, 6], [1.0, 2.0]), ([9], [0.5])]
    second = [([5, 6, 7], []), ([5, 8], []), ([4], [])]
    row = compared("ways", first, second)
    assert (row["windows"], row["same"], row["largest_lead"]) == (3, 1, 2.0)
    assert compared("ways", first, first)["largest_lead"] == 0.0


def test_a_talk_is_written_once_and_the_warm_up_fills_two_batches(tmp_path):
    path = talk_file(tmp_path, 0.1)
    written = path.stat().st_mtime_ns
    assert talk_file(tmp_path, 0.1).stat().st_mtime_ns == written
    assert warm_up_minutes(Task("", "cuda", "float16", 64, 600.0, 100)) == 64
    assert warm_up_minutes(Task("", "cuda", "float16", 64, 10.0, 100)) == 10
