import numpy as np
import pytest

from speech_toolkit.transcription.windows.window import Piece, Window

RATE_HZ = 100
JOINED = Window(0, (Piece(100, 300, 0), Piece(1000, 1400, 200)), cut=False, sample_rate_hz=RATE_HZ)


def test_times_are_mapped_to_the_file():
    assert JOINED.to_file_sample(0) == 100
    assert JOINED.to_file_sample(1.5) == 250
    assert JOINED.to_file_sample(2.5) == 1050
    assert JOINED.to_file_sample(-1) == 100
    assert JOINED.to_file_sample(99) == 1400


@pytest.mark.parametrize(
    ("window_span", "file_span"),
    [
        ((0.5, 1.9), (1.5, 2.9)),
        ((0.5, 2.1), (1.5, 3.0)),
        ((0.5, 2.5), (1.5, 10.5)),
        ((1.9, 3.0), (10.0, 11.0)),
        ((2.1, 3.0), (10.1, 11.0)),
        ((1.9, 2.05), (2.9, 3.0)),
    ],
)
def test_what_is_spoken_does_not_reach_over_a_gap_by_a_margin(window_span, file_span):
    assert JOINED.span_to_file_s(*window_span) == file_span


@pytest.mark.parametrize("from_s", [0.0, 0.5, 1.99, 2.0, 3.5])
def test_the_rest_of_a_window_holds_what_is_behind_a_time_in_it(from_s):
    samples = np.arange(2000)
    rest = JOINED.rest(from_s, index=7)
    assert rest.index == 7
    whole = JOINED.samples(samples)[round(from_s * RATE_HZ) :]
    np.testing.assert_array_equal(rest.samples(samples), whole)
    assert rest.num_samples == len(whole)
    assert rest.to_file_sample(0.25) == JOINED.to_file_sample(from_s + 0.25)
