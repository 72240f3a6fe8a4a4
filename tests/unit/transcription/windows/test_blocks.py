"""Samples in memory: what was let go cannot be had, all else can, whatever blocks it came in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_toolkit.transcription.windows.blocks import SampleBlocks


def blocks_of(*lengths):
    blocks, samples = SampleBlocks(), np.arange(sum(lengths), dtype=np.float32)
    for block in np.split(samples, np.cumsum(lengths)[:-1]):
        blocks.add(block)
    return blocks, samples


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.data())
def test_any_stretch_can_be_cut_out(lengths, data):
    blocks, samples = blocks_of(*lengths)
    start, end = sorted(data.draw(st.integers(0, len(samples))) for _ in range(2))
    np.testing.assert_array_equal(blocks.cut(start, end), samples[start:end])
    assert blocks.end_sample == blocks.kept_samples == len(samples)


def test_what_one_block_holds_is_not_copied():
    blocks, samples = blocks_of(5, 5)
    assert np.shares_memory(blocks.cut(6, 9), samples)


def test_blocks_within_a_stretch_are_let_go_and_those_at_its_edges_stay():
    blocks, samples = blocks_of(4, 4, 4, 4)
    blocks.forget(3, 13)
    assert blocks.kept_samples == 8
    np.testing.assert_array_equal(blocks.cut(0, 4), samples[:4])
    np.testing.assert_array_equal(blocks.cut(12, 16), samples[12:])
    for start, end in ((3, 5), (5, 7), (11, 13), (15, 17)):
        with pytest.raises(LookupError, match=f"samples {start} to {end} are not in memory"):
            blocks.cut(start, end)
    blocks.forget(9, 2)
    assert (blocks.kept_samples, blocks.end_sample) == (8, 16)
