"""What benchmarks/boundaries.py prints."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.boundaries import HEAD, HEARING, Found, Sides, cost, found_in, rows, spiked_words
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

TRUE = (TrueWord("one", 0.1, 0.4), TrueWord("two", 0.5, 0.9))


def test_spikes_reach_from_the_first_frame_of_a_word_to_the_last():
    log_probs = np.full((8, 4), -9.0, np.float32)
    for frame, label in enumerate([0, 1, 0, 2, 2, 0, 3, 0]):
        log_probs[frame, label] = -0.1
    labels = SimpleNamespace(
        targets=np.array([1, 2, 3], np.int32),
        owners=np.array([0, 1, 2], np.int32),
        words=np.array([0, 0, 2]),
    )
    words = [SimpleNamespace(text=text) for text in ("ab", "-", "c")]
    prepared = SimpleNamespace(labels=labels, transcript=SimpleNamespace(words=words))
    checkpoint = SimpleNamespace(
        vocabulary=SimpleNamespace(blank_id=0), geometry=SimpleNamespace(stride_s=0.02)
    )
    first, second = spiked_words(SimpleNamespace(checkpoint=checkpoint), prepared, log_probs)
    assert (first.text, second.text) == ("ab", "c")
    assert (first.start_s, first.end_s) == pytest.approx((0.02, 0.1))
    assert (second.start_s, second.end_s) == pytest.approx((0.12, 0.14))


def test_ranges_are_those_of_the_words_that_have_them():
    words = (
        SimpleNamespace(text="one", start_time=0.1, end_time=0.4, start_range=(0.05, 0.12)),
        SimpleNamespace(text="-", start_time=0.4, end_time=0.4, start_range=None),
    )
    found = found_in(SimpleNamespace(words=words))
    assert found.words == [TrueWord("one", 0.1, 0.4), TrueWord("-", 0.4, 0.4)]
    assert found.start_ranges == [("one", 0.05, 0.12)]


def test_a_group_has_a_line_for_starts_for_ends_and_for_both():
    found = Found((TrueWord("one", 0.12, 0.4), TrueWord("two", 0.5, 0.93)), [("two", 0.4, 0.6)])
    starts, ends, both = rows("clean", {"refined": Sides.of(found, TRUE)})
    shown = dict(zip(HEAD.split()[3:], starts.split()[3:], strict=True))
    assert starts.split()[:3] == ["clean", "refined", "starts"]
    assert shown["mean"] == "10.0" and shown["bias"] == "+10.0"
    assert shown["inside"] == "100.0%" and shown["width"] == "200.0"
    assert ends.split()[3:7] == ["2", "15.0", "15.0", "+15.0"]
    assert both.split()[3:5] == ["4", "12.5"]


def test_cost_is_told_beside_the_whole_run():
    seconds = Counter({HEARING: 9.0, "unrefined": 1.0, "refined": 1.5})
    assert cost(seconds).endswith("refining adds 5.0%")
