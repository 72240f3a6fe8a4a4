import math

import numpy as np
import pytest

from speech_toolkit.evaluation.metrics.boundaries import TrueWord
from speech_toolkit.evaluation.metrics.placement import (
    Placement,
    StartIntervals,
    count_hits,
    paired_words,
    place,
)


def words(text, *times):
    return [TrueWord(word, *time) for word, time in zip(text.split(), times, strict=True)]


TRUE = words("one two three", (0.1, 0.4), (0.5, 0.9), (1.2, 1.6))


def test_errors_are_found_minus_true_for_starts_and_for_ends():
    found = words("One, two three!", (0.12, 0.4), (0.47, 0.8), (1.2, 1.66))
    starts, ends = place(found, TRUE)
    np.testing.assert_allclose(starts.errors_s, [0.02, -0.03, 0.0], atol=1e-12)
    np.testing.assert_allclose(ends.errors_s, [0.0, -0.1, 0.06], atol=1e-12)
    assert starts.mean_s == pytest.approx(0.05 / 3)
    assert starts.median_s == pytest.approx(0.02)
    assert ends.bias_s == pytest.approx(-0.04 / 3)
    assert starts.within(0.02) == pytest.approx(2 / 3)


def test_outer_edges_of_a_recording_are_none_that_f1_counts():
    found = words("one two three", (0.1, 0.4), (0.53, 0.9), (1.21, 2.0))
    starts, ends = place(found, TRUE)
    assert (starts.num_true, starts.num_found) == (2, 2)
    assert starts.hits == {0.02: 1, 0.05: 2}
    assert starts.f1(0.02) == 0.5
    assert ends.f1(0.02) == 1.0


def test_a_missing_word_costs_f1_but_has_no_error():
    starts, ends = place(words("one three", (0.1, 0.4), (1.2, 1.6)), TRUE)
    np.testing.assert_allclose(starts.errors_s, [0, 0], atol=1e-12)
    assert starts.f1(0.02) == pytest.approx(2 * 1 / (2 + 1))
    assert ends.f1(0.02) == pytest.approx(2 * 1 / (2 + 1))


def test_a_word_too_many_costs_f1_but_has_no_error():
    found = words("one um two three", (0.1, 0.4), (0.42, 0.47), (0.5, 0.9), (1.2, 1.6))
    starts, _ = place(found, TRUE)
    assert len(starts.errors_s) == 3
    assert starts.f1(0.02) == pytest.approx(2 * 2 / (2 + 3))


def test_another_word_at_the_right_time_has_no_error_and_costs_no_f1():
    starts, _ = place(words("one too three", (0.1, 0.4), (0.5, 0.9), (1.2, 1.6)), TRUE)
    assert len(starts.errors_s) == 2
    assert starts.f1(0.02) == 1.0


def test_words_are_paired_in_order_without_regard_to_case_and_marks():
    assert paired_words(["-", "The", "end."], ["the", "END"]) == [(1, 0), (2, 1)]
    assert paired_words(["a", "b", "a"], ["a"]) in ([(0, 0)], [(2, 0)])
    assert paired_words(["...", "?"], ["one"]) == []
    assert paired_words([], []) == []


def test_letters_of_other_scripts_stay_what_they_are():
    assert paired_words(["हिन्दी", "你好"], ["हिन्दी", "你好"]) == [(0, 0), (1, 1)]
    assert paired_words(["of the"], ["ofthe"]) == [(0, 0)]


def test_each_boundary_is_in_one_pair_at_most_and_the_closest_pair_first():
    assert count_hits([1.0], [0.99, 1.01], 0.02) == 1
    assert count_hits([0.99, 1.01], [1.0], 0.02) == 1
    assert count_hits([1.0, 1.02], [1.01, 1.04], 0.02) == 2
    assert count_hits([], [1.0], 0.02) == count_hits([1.0], [], 0.02) == 0


def test_a_boundary_just_at_the_tolerance_counts():
    assert count_hits([0.32], [0.3], 0.02) == 1
    assert count_hits([0.3201], [0.3], 0.02) == 0


def test_pooled_recordings_weigh_every_boundary_the_same():
    one, _ = place(words("one two three", (0.1, 0.4), (0.5, 0.9), (1.2, 1.6)), TRUE)
    two, _ = place(words("one two", (0.2, 0.4), (0.8, 0.9)), TRUE[:2])
    both = Placement.joined([one, two])
    assert both.mean_s == pytest.approx((0.1 + 0.3) / 5)
    assert both.f1(0.02) == pytest.approx(2 * 2 / (3 + 3))


def test_nothing_to_compare_is_no_number_and_no_error():
    starts, ends = place(words("four", (0.0, 1.0)), TRUE[:1])
    assert math.isnan(starts.mean_s) and math.isnan(ends.median_s)
    assert math.isnan(starts.within(0.1)) and math.isnan(starts.f1(0.02))


def test_intervals_cover_the_true_starts_that_lie_inside():
    intervals = [("one", 0.05, 0.1), ("two", 0.51, 0.61), ("three", 1.0, 1.3)]
    found = StartIntervals.of(intervals, TRUE)
    assert found.covered.tolist() == [True, False, True]
    assert found.coverage == pytest.approx(2 / 3)
    assert found.mean_width_s == pytest.approx(0.15)
    assert math.isnan(StartIntervals.of([], TRUE).coverage)
    assert StartIntervals.joined([found, found]).coverage == pytest.approx(2 / 3)
