from speech_toolkit.transcription.result import Stretch
from speech_toolkit.transcription.windows.coverage import Outcome, coverage
from speech_toolkit.transcription.windows.window import Piece, Window

RATE_HZ = 100


def test_coverage_tells_what_became_of_each_second():
    first, second, again = (
        Window(index, (Piece(start, end, 0),), cut=False, sample_rate_hz=RATE_HZ)
        for index, (start, end) in enumerate([(100, 900), (1500, 2500), (700, 1500)])
    )
    outcomes = [
        Outcome(first, 0.0, 6.0, None),
        Outcome(second, 0.0, 10.0, "no speech"),
        Outcome(again, 0.0, 8.0, None),
    ]
    assert coverage(outcomes, 3000, RATE_HZ) == (
        Stretch(0, 1, "silence"),
        Stretch(1, 15),
        Stretch(15, 25, "no speech"),
        Stretch(25, 30, "silence"),
    )


def test_coverage_of_a_part_of_a_window():
    pieces = (Piece(100, 500, 0), Piece(1000, 1600, 400))
    window = Window(0, pieces, cut=False, sample_rate_hz=RATE_HZ)
    outcomes = [Outcome(window, 0.0, 7.0, None), Outcome(window, 7.0, 10.0, "cut off")]
    assert coverage(outcomes, 1600, RATE_HZ) == (
        Stretch(0, 1, "silence"),
        Stretch(1, 5),
        Stretch(5, 10, "silence"),
        Stretch(10, 13),
        Stretch(13, 16, "cut off"),
    )


def test_coverage_of_silence():
    assert coverage([], 500, RATE_HZ) == (Stretch(0, 5, "silence"),)
