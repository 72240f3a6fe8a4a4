"""Arguments of windows of different lengths, joined."""

import numpy as np

from speech_toolkit.alignment.window_runner import join_inputs


def test_windows_of_one_length_need_no_mask():
    parts = [{"input_values": np.full((1, 5), value, np.float32)} for value in (1, 2)]
    joined = join_inputs(parts)
    assert list(joined) == ["input_values"]
    np.testing.assert_array_equal(joined["input_values"], [[1] * 5, [2] * 5])
    assert joined["input_values"].dtype == np.float32


def test_the_shorter_is_padded_with_zeros_behind_a_mask():
    joined = join_inputs([{"input_values": np.ones((1, n), np.float32)} for n in (2, 3)])
    np.testing.assert_array_equal(joined["input_values"], [[1, 1, 0], [1, 1, 1]])
    np.testing.assert_array_equal(joined["attention_mask"], [[1, 1, 0], [1, 1, 1]])
    assert joined["attention_mask"].dtype.kind == "i"


def test_a_mask_of_the_models_own_is_made_longer():
    masks = ([True, False], [True, True, True])
    parts = [
        {"input_features": np.ones((1, len(mask), 4)), "attention_mask": np.array([mask])}
        for mask in masks
    ]
    joined = join_inputs(parts)
    assert joined["input_features"].shape == (2, 3, 4)
    assert not joined["input_features"][0, 2].any()
    np.testing.assert_array_equal(joined["attention_mask"], [[1, 0, 0], [1, 1, 1]])
