import pytest

from speech_toolkit.evaluation.speed.verdict import agreement


@pytest.mark.parametrize(
    ("one", "other", "frames", "tokens"),
    [
        ([], [], 1.0, 1.0),
        ([1, 2, 3, 4], [1, 2, 3, 5], 0.75, 0.75),
        ([1, 2, 3, 4], [2, 3, 4], 0.0, 6 / 7),
        ([1], [], 0.0, 0.0),
    ],
)
def test_agreement(one, other, frames, tokens):
    assert agreement(one, other, ordered=True) == pytest.approx(frames)
    assert agreement(one, other, ordered=False) == pytest.approx(tokens)
