import numpy as np
import pytest
from letter_times import LetterTime
from training_data import BLANK, NO_PHONE, VOCABULARY, LabelledSpeech, _letter_grid, at_other_speed


def test_letters_stand_on_the_grid_where_they_are_heard():
    times = [LetterTime("a", 0.05, 0.1), LetterTime("t", 0.1, 0.15)]
    grid, starts = _letter_grid(times, slots=40)
    assert (
        grid.tolist()
        == [BLANK] * 10 + [VOCABULARY["a"]] * 10 + [VOCABULARY["t"]] * 10 + [BLANK] * 10
    )
    assert np.flatnonzero(starts).tolist() == [10, 20]


def test_a_blank_parts_a_doubled_letter():
    times = [LetterTime("l", 0.0, 0.1), LetterTime("l", 0.1, 0.2)]
    grid, _ = _letter_grid(times, slots=40)
    assert grid[18:22].tolist() == [BLANK] * 4
    assert set(grid[:18]) == set(grid[22:]) == {VOCABULARY["l"]}


@pytest.mark.parametrize("factor", [0.88, 1.0, 1.14])
def test_labels_move_with_the_speed(factor: float):
    letters = np.repeat(np.array([0, 4, 10, 0], np.int8), 50)
    samples = np.repeat((letters > 0) * 1000, 80).astype(np.int16)
    starts = np.zeros(200, np.int8)
    starts[[50, 100]] = 4, 10
    speech = LabelledSpeech(samples, letters, np.full(200, NO_PHONE, np.int8), starts)
    faster = at_other_speed(speech, factor)
    assert len(faster.samples) == 80 * len(faster.letters)
    loud = np.flatnonzero(faster.samples > 500)
    labelled = np.flatnonzero(faster.letters)
    assert abs(loud[0] / 80 - labelled[0]) <= 1
    assert abs(loud[-1] / 80 - labelled[-1]) <= 1.1
    assert faster.letter_starts[faster.letter_starts > 0].tolist() == [4, 10]
    assert abs(int(np.flatnonzero(faster.letter_starts)[1]) - 100 / factor) <= 1
