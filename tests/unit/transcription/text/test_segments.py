from types import SimpleNamespace

import pytest

from speech_toolkit.transcription.text.segments import resume_s, split_segments, whole_segment

CHECKPOINT = SimpleNamespace(timestamp_begin_id=1000, timestamp_step_s=0.02)


def at(seconds):
    return 1000 + round(seconds / 0.02)


def split(tokens, window_s=30.0):
    return [
        (pytest.approx(s.start_s), pytest.approx(s.end_s), s.first, s.last, s.closed)
        for s in split_segments(tokens, CHECKPOINT, window_s)
    ]


def test_closed_segments():
    tokens = [at(0), 5, 6, at(2), at(2.5), 7, at(4)]
    assert split(tokens) == [(0.0, 2.0, 1, 3, True), (2.5, 4.0, 5, 6, True)]


def test_open_end_reaches_to_the_end_of_the_window():
    tokens = [at(0), 5, at(2), at(2), 7, 8]
    assert split(tokens, 9.0) == [(0.0, 2.0, 1, 2, True), (2.0, 9.0, 4, 6, False)]


def test_without_timestamps_one_segment_covers_the_window():
    assert split([5, 6, 7], 4.5) == [(0.0, 4.5, 0, 3, False)]


def test_window_whose_times_were_not_asked_for_is_one_segment():
    """Checkpoints that were tuned without timestamps write them all the same, in any order."""
    tokens = [5, 6, at(2), at(2), 7, at(1), 8]
    (whole,) = whole_segment(tokens, CHECKPOINT, 9.0)
    assert (whole.start_s, whole.end_s, whole.first, whole.last) == (0.0, 9.0, 0, 7)
    assert whole_segment([at(1)], CHECKPOINT, 9.0) == whole_segment([], CHECKPOINT, 9.0) == ()


@pytest.mark.parametrize("tokens", [[], [at(0)], [at(0), at(1)], [at(3), at(3)]])
def test_stamps_without_text_make_no_segment(tokens):
    assert split(tokens) == []


def test_times_never_run_backwards_or_beyond_the_window():
    tokens = [at(3), 5, at(5), at(4), 6, at(29)]
    assert split(tokens, 8.0) == [(3.0, 5.0, 1, 2, True), (5.0, 8.0, 4, 5, True)]


def test_end_before_start_makes_an_empty_stretch():
    assert split([at(4), 5, at(2)]) == [(4.0, 4.0, 1, 2, True)]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([at(0), 5, at(2), at(2), 7], 2.0),
        ([at(0), 5, at(2), at(2), 7, at(4)], None),
        ([at(0), 5], None),
        ([5, 6], None),
        ([], None),
    ],
)
def test_where_to_go_on_after_a_cut(tokens, expected):
    found = resume_s(split_segments(tokens, CHECKPOINT, 30.0))
    assert found == (None if expected is None else pytest.approx(expected))
