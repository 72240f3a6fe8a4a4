import random
from itertools import pairwise

import pytest

from speech_toolkit.corpus.export.cut_points import cut_points_ms
from tests.unit.corpus.export.made_up import CUTS_MS, END_S, SPANS_S


@pytest.mark.parametrize(
    ("spans_s", "part_s", "cuts_ms"),
    [
        (SPANS_S, (0, END_S), list(CUTS_MS)),
        ([], (0, 1), []),
        ([(0, 1)], (0, 1), [(0, 1000)]),
        ([(2.1, 2.9)], (2.0, 3.0), [(2000, 3000)]),  # never beyond the part
        ([(0, 1), (1, 2)], (0, 2), [(0, 1000), (1000, 2000)]),
        ([(0, 1.2), (1, 2)], (0, 2), [(0, 1100), (1100, 2000)]),  # they overlap
        ([(0.5, 0.5), (0.5, 0.6)], (0.5, 0.6), [(500, 500), (500, 600)]),
        ([(0.1, 0.4)], (0, 0.4004), [(0, 400)]),  # not beyond the end
    ],
)
def test_cuts_are_in_the_silence(spans_s, part_s, cuts_ms):
    assert cut_points_ms(spans_s, *part_s) == cuts_ms


def test_no_two_cuts_share_time_whatever_the_spans():
    draw = random.Random(3)
    for _ in range(300):
        spans_s = [sorted((draw.uniform(1, 9), draw.uniform(1, 9))) for _ in range(6)]
        cuts_ms = cut_points_ms(sorted(spans_s), 1.0, 9.0)
        assert all(1000 <= start <= end <= 9000 for start, end in cuts_ms)
        assert all(before[1] <= after[0] for before, after in pairwise(cuts_ms))
