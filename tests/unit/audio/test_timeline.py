"""Samples at their places on a file's clock, against a plain account of them."""

import numpy as np
import pytest

from speech_toolkit.audio.timeline import LONGEST_SILENCE_S, Timeline

RATE_HZ = 1_000  # so that a frame is a millisecond and 10 are the tolerance


def placed(timeline, *blocks):
    """Return the track that (length, at) blocks make, each of its own value."""
    track = {}
    for value, (length, at) in enumerate(blocks, start=1):
        samples = np.full((length, 1), value, dtype=np.float32)
        for first, block in timeline.place(samples, at):
            track |= {first + i: int(sample) for i, sample in enumerate(block[:, 0])}
    assert list(track) == list(range(min(track), max(track) + 1))
    return [(value, list(track.values()).count(value)) for value in dict.fromkeys(track.values())]


def test_blocks_follow_each_other_within_the_tolerance():
    timeline = Timeline(RATE_HZ, 0, None)

    assert placed(timeline, (20, 0), (20, 25), (20, 36), (20, None)) == [
        (1, 20),
        (2, 20),
        (3, 20),
        (4, 20),
    ]
    assert timeline.gaps == 0


def test_a_gap_is_silence():
    timeline = Timeline(RATE_HZ, 0, None)

    assert placed(timeline, (20, 0), (20, 31)) == [(1, 20), (0, 11), (2, 20)]
    assert (timeline.gaps, timeline.gap_frames, timeline.first_gap) == (1, 11, 20)


def test_a_late_beginning_is_exact_and_no_gap():
    timeline = Timeline(RATE_HZ, 0, None)

    assert placed(timeline, (20, 7)) == [(0, 7), (1, 20)]
    assert timeline.gaps == 0


def test_a_clock_that_goes_back_loses_no_sample():
    timeline = Timeline(RATE_HZ, 0, None)

    assert placed(timeline, (50, 0), (50, 0), (50, 50), (50, 120)) == [
        (1, 50),
        (2, 50),
        (3, 50),
        (0, 20),
        (4, 50),
    ]
    assert timeline.leaps == 1


@pytest.mark.parametrize("leap_s", [LONGEST_SILENCE_S + 1, 10**12])
def test_a_clock_that_leaps_by_hours_takes_no_memory(leap_s):
    timeline = Timeline(RATE_HZ, 0, None)

    assert placed(timeline, (50, 0), (50, leap_s * RATE_HZ)) == [(1, 50), (2, 50)]
    assert timeline.leaps == 1


def test_a_clock_that_leaps_beyond_the_end_of_the_file_is_wrong():
    timeline = Timeline(RATE_HZ, 0, end=200)

    assert placed(timeline, (50, 0), (50, 100), (50, 250)) == [(1, 50), (0, 50), (2, 50), (3, 50)]
    assert (timeline.gaps, timeline.leaps) == (1, 1)
