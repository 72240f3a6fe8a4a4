import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from speech_toolkit.formats.intervals import apart

TIMES_S = st.floats(0, 0.05, allow_nan=False)
SPANS_S = st.lists(st.tuples(TIMES_S, TIMES_S), max_size=20)


def test_what_is_apart_stays_as_it_is():
    assert apart([(0.0, 0.5), (0.5, 0.9996), (1.2, 2.0)]) == [(0, 500), (500, 1000), (1200, 2000)]


def test_what_has_no_length_takes_a_millisecond_of_its_neighbour():
    assert apart([(0, 1), (1, 1), (1, 2)]) == [(0, 1000), (1000, 1001), (1001, 2000)]


def test_what_has_no_length_at_the_limit_begins_before_it():
    assert apart([(0, 2), (2, 2), (2, 2)], 2000) == [(0, 1998), (1998, 1999), (1999, 2000)]


def test_steps_may_be_longer_than_a_millisecond():
    found = apart([(0.0, 0.004), (0.004, 0.5), (0.506, 1.0)], step_ms=10)
    assert found == [(0, 10), (10, 500), (510, 1000)]


@given(SPANS_S, st.sampled_from([math.inf, 50, 20]))
def test_one_after_the_other_within_the_limit_whatever_the_times(spans_s, limit_ms):
    found = apart(spans_s, limit_ms)

    assert len(found) == len(spans_s)
    assert all(0 <= start < end <= limit_ms for start, end in found)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))


@given(SPANS_S)
def test_a_start_moves_only_where_others_are_in_its_way(spans_s):
    spans_s = sorted(spans_s)

    for (start_ms, _), (start_s, _) in zip(apart(spans_s), spans_s, strict=True):
        assert -0.5 <= start_ms - start_s * 1000 <= len(spans_s)
