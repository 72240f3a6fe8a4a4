import itertools

from hypothesis import given
from hypothesis import strategies as st

from speech_toolkit.formats.cues import Cue, clock, cues, one_line
from speech_toolkit.formats.timed_text import TimedSegment

TIMES_S = st.floats(0, 100, allow_nan=False)
SEGMENTS = st.lists(st.builds(TimedSegment, st.sampled_from(["a", "", " \n"]), TIMES_S, TIMES_S))


def test_times_are_rounded_to_milliseconds():
    assert cues([TimedSegment("a", 0.0004, 1.9996)]) == [Cue(0, 2000, "a")]


def test_a_segment_without_text_is_no_cue():
    assert cues([TimedSegment(" \n", 0, 1), TimedSegment("b", 1, 2)]) == [Cue(1000, 2000, "b")]


def test_a_segment_that_reaches_into_the_next_is_cut():
    found = cues([TimedSegment("a", 0, 5), TimedSegment("b", 3, 4)])

    assert found == [Cue(0, 3000, "a"), Cue(3000, 4000, "b")]


def test_a_segment_without_length_is_shown_for_a_millisecond():
    found = cues([TimedSegment("a", 1, 1), TimedSegment("b", 1, 1)])

    assert found == [Cue(1000, 1001, "a"), Cue(1001, 1002, "b")]


@given(SEGMENTS)
def test_one_cue_after_the_other_whatever_the_times(segments):
    found = cues(segments)

    assert [cue.text for cue in found] == [one for s in segments if (one := s.text.strip())]
    assert all(0 <= cue.start_ms < cue.end_ms for cue in found)
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(found))


def test_text_becomes_one_line():
    assert one_line(" a\r\n\r\nb\t\x00 c\u2028d\x85e ") == "a b c d e"


def test_joiners_of_other_scripts_stay():
    assert one_line("क्\u200dष 👨\u200d👩") == "क्\u200dष 👨\u200d👩"


def test_clock_counts_hours_where_there_are_any():
    assert clock(59_999, ".", with_hours=False) == "00:59.999"
    assert clock(59_999, ",", with_hours=True) == "00:00:59,999"
    assert clock(100 * 3_600_000 + 61_001, ".", with_hours=False) == "100:01:01.001"
