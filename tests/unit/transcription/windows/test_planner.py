"""Windows hold all speech once, in order, are full, and know where their seconds are."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_toolkit.errors import UsageError
from speech_toolkit.transcription.windows.coverage import Outcome, coverage
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.recording import known_recording
from speech_toolkit.transcription.windows.speech import SpeechRegion
from tests.unit.transcription.windows.planned import planned

RATE_HZ = 100  # samples stand for hundredths of a second


def planner(spans_s, total_s, max_window_s=30.0, samples=None):
    regions = [
        SpeechRegion(round(start_s * RATE_HZ), round(end_s * RATE_HZ), *runs_on)
        for start_s, end_s, *runs_on in spans_s
    ]
    samples = np.zeros(round(total_s * RATE_HZ), np.float32) if samples is None else samples
    return WindowPlanner(known_recording(samples, regions, RATE_HZ), max_window_s)


def spans_of(window):
    return [(piece.start_sample / RATE_HZ, piece.end_sample / RATE_HZ) for piece in window.pieces]


def test_audio_that_fits_is_one_window_as_it_is():
    (window,) = planned(planner([(1, 2), (20, 22)], 30))
    assert spans_of(window) == [(0, 30)]
    assert not window.cut
    samples = np.arange(3000, dtype=np.float32)
    assert window.samples(samples) is not samples
    assert np.shares_memory(window.samples(samples), samples)


def test_no_speech_is_no_window():
    assert list(planned(planner([], 10))) == []
    assert list(planned(planner([], 100))) == []


def test_short_gaps_stay_and_long_ones_go():
    (window,) = planned(planner([(5, 8), (8.25, 10), (15, 17)], 100))
    assert spans_of(window) == [(5, 10), (15, 17)]
    assert window.num_samples == 7 * RATE_HZ
    samples = np.arange(100 * RATE_HZ)
    expected = np.concatenate([samples[500:1000], samples[1500:1700]])
    np.testing.assert_array_equal(window.samples(samples), expected)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 6), (14, 20), (21, 25)], [[(0, 6)], [(14, 20), (21, 25)]]),
        ([(0, 6), (13.9, 20)], [[(0, 6), (13.9, 20)]]),  # no long pause
        ([(0, 4), (14, 20)], [[(0, 4), (14, 20)]]),  # little before it
        ([(0, 4), (14, 20), (40, 45)], [[(0, 4), (14, 20)], [(40, 45)]]),
    ],
)
def test_a_window_ends_at_a_long_pause_if_it_holds_some_speech(spans, expected):
    windows = list(planned(planner(spans, 100)))
    assert [spans_of(window) for window in windows] == expected
    assert not any(window.cut for window in windows)


def test_window_ends_at_the_longest_of_the_last_silences():
    spans = [(0, 10), (10, 27), (30, 31.5), (31.6, 33), (33.05, 40)]
    windows = list(planned(planner(spans, 100)))
    assert [spans_of(window) for window in windows] == [[(0, 27)], [(30, 40)]]


def test_pause_is_preferred_to_a_dip_in_speech_that_goes_on():
    spans = [(0, 20), (20, 27.5), (27.5, 29, True), (29, 40)]
    first, _ = planned(planner(spans, 100))
    assert (first.end_s, first.cut) == (27.5, False)
    spans = [(0, 20, True), (20, 29, True), (29, 40)]
    first, _ = planned(planner(spans, 100))
    assert (first.end_s, first.cut) == (29, True)


def test_speech_without_silence_is_cut_where_it_is_quietest():
    samples = np.ones(100 * RATE_HZ, np.float32)
    samples[2730:2770] = 0.1
    windows = list(planned(planner([(0, 100)], 100, samples=samples)))
    assert windows[0].end_s == pytest.approx(27.5, abs=0.25)
    assert [window.cut for window in windows] == [True, True, True, False]
    assert all(25 <= window.num_samples / RATE_HZ <= 30 for window in windows[:-1])


def test_planning_goes_on_from_any_sample():
    """What the sequential mode does after a cut: the rest of the region, then the next."""
    plan = planner([(0, 20), (26, 60)], 100)
    window = plan.next(12 * RATE_HZ, 7)
    assert spans_of(window)[0] == (12, 20)
    assert window.pieces[1].start_sample == 26 * RATE_HZ
    assert window.index == 7
    assert plan.next(60 * RATE_HZ, 8) is None
    assert [w.index for w in planned(plan, 50 * RATE_HZ, 3)] == [3]


def test_a_chunk_that_is_too_short_is_refused():
    with pytest.raises(UsageError, match=r"chunk length 0\.5 s: give at least 1 s"):
        planner([(0, 1)], 10, max_window_s=0.5)


@st.composite
def layouts(draw):
    """Regions in hundredths of a second, touching now and then, some longer than a window."""
    position, spans = draw(st.integers(0, 500)), []
    for _ in range(draw(st.integers(1, 15))):
        length = draw(st.integers(20, 900) | st.integers(900, 8000))
        spans.append(SpeechRegion(position, position + length, draw(st.booleans())))
        position += length + draw(st.sampled_from([0, 0, 10, 30, 31]) | st.integers(0, 3000))
    return spans, position + draw(st.integers(0, 500))


@settings(max_examples=60, deadline=None)
@given(layouts(), st.sampled_from([5.0, 25.0, 30.0]))
def test_each_sample_of_speech_is_in_one_window(layout, max_window_s):
    regions, total = layout
    samples = np.random.default_rng(0).standard_normal(total).astype(np.float32)
    windows = list(planned(WindowPlanner(known_recording(samples, regions, RATE_HZ), max_window_s)))
    pieces = [piece for window in windows for piece in window.pieces]
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(pieces))
    assert all(0 < window.num_samples <= max_window_s * RATE_HZ for window in windows)
    held = np.zeros(total, bool)
    for piece in pieces:
        held[piece.start_sample : piece.end_sample] = True
    assert all(held[region.start_sample : region.end_sample].all() for region in regions)
    for window in windows:
        times = [window.to_file_sample(time_s) for time_s in np.arange(-1, max_window_s + 1, 0.5)]
        assert times == sorted(times)
        parts = [np.arange(piece.start_sample, piece.end_sample) for piece in window.pieces]
        np.testing.assert_array_equal(window.samples(np.arange(total)), np.concatenate(parts))


@settings(max_examples=40, deadline=None)
@given(layouts(), st.lists(st.sampled_from([None, "no speech"]), min_size=1), st.floats(0.1, 40))
def test_coverage_is_a_partition(layout, reasons, used_s):
    regions, total = layout
    samples = np.zeros(total, np.float32)
    windows = list(planned(WindowPlanner(known_recording(samples, regions, RATE_HZ), 30.0)))
    outcomes = [Outcome(w, 0.0, used_s, reasons[w.index % len(reasons)]) for w in windows]
    stretches = coverage(outcomes, total, RATE_HZ)
    assert (stretches[0].start_s, stretches[-1].end_s) == (0, total / RATE_HZ)
    assert all(stretch.start_s < stretch.end_s for stretch in stretches)
    for before, after in pairwise(stretches):
        assert before.end_s == after.start_s
        assert before.reason != after.reason


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected_s"),
    [(0, 100, 13), (2, 6, 3), (5, 9.5, 0), (4.5, 11, 1.5), (9, 10, 0), (10, 15, 5), (18, 25, 2)],
)
def test_speech_between_two_samples(start_s, end_s, expected_s):
    regions = [SpeechRegion(start, end) for start, end in ((200, 500), (1000, 1500), (1500, 2000))]
    planner = WindowPlanner(known_recording(np.zeros(2500, np.float32), regions, RATE_HZ), 30.0)
    found_s = planner.speech_s(int(start_s * RATE_HZ), int(end_s * RATE_HZ))
    assert found_s == pytest.approx(expected_s)


@pytest.mark.parametrize("seed", range(3))
def test_windows_are_full_on_ordinary_speech(seed):
    """At most 1.1 windows per 30 s of speech, for phrases of some 2 s with pauses between."""
    rng = np.random.default_rng(seed)
    position_s, speech_s, spans = 0.0, 0.0, []
    while position_s < 3600:
        phrase_s = 0.6 + rng.gamma(2, 0.9)
        spans.append((position_s, position_s + phrase_s))
        speech_s += phrase_s
        position_s += phrase_s + rng.choice([0, rng.exponential(1.0)])
    windows = list(planned(planner(spans, position_s)))
    assert len(windows) <= 1.1 * speech_s / 30
    assert not any(window.cut for window in windows)
