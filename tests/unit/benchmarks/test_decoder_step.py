"""What benchmarks/decoder_step.py makes of its times, and that both programs write the same."""

import argparse

import pytest

from benchmarks.decoder_step import BUNDLED, batch_sizes, measure_model, row_text, step_ms


def test_a_step_is_what_is_left_without_the_prompt():
    rounds = [(0.010, 0.110, 0.020, 0.220), (0.010, 0.210, 0.020, 0.420)]
    assert step_ms(rounds, tokens=101, one=0, many=1) == pytest.approx([1.0, 2.0])
    assert step_ms(rounds, tokens=101, one=2, many=3) == pytest.approx([2.0, 4.0])


def test_both_programs_write_the_same_tokens(capsys):
    given = argparse.Namespace(
        device="cpu", dtype="float32", batch_sizes=[2], timestamps=True, tokens=6, rounds=1
    )
    plain, timed = measure_model(BUNDLED, given)
    assert plain["same_tokens"] and timed["same_tokens"]
    assert (plain["timestamps"], timed["timestamps"]) == (False, True)
    assert row_text(timed) in capsys.readouterr().out


def test_batch_sizes_are_a_list():
    assert batch_sizes("1,16") == [1, 16]
