import json

import numpy as np
import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics.boundaries import (
    BoundaryErrors,
    TrueWord,
    boundary_errors,
    read_true_words,
)

TRUE = (TrueWord("a", 0.1, 0.3), TrueWord("b", 0.5, 0.8), TrueWord("c", 1.0, 1.5))


def found(*times):
    return [
        {"text": word.text, "start_time": start, "end_time": end}
        for word, (start, end) in zip(TRUE, times, strict=True)
    ]


def test_errors_are_found_minus_true():
    errors = boundary_errors(found((0.08, 0.3), (0.56, 0.8), (1.2, 1.4)), TRUE)
    np.testing.assert_allclose(errors.starts_s, [-0.02, 0.06, 0.2])
    np.testing.assert_allclose(errors.ends_s, [0, 0, -0.1], atol=1e-12)
    assert errors.median_start_s == pytest.approx(0.06)
    assert errors.median_end_s == pytest.approx(0.0)
    assert errors.starts_within(0.1) == pytest.approx(2 / 3)


def test_pooled_errors_weigh_every_word_the_same():
    one = BoundaryErrors(np.array([0.1]), np.array([0.0]))
    two = BoundaryErrors(np.array([0.2, 0.3]), np.array([0.0, 0.0]))
    assert BoundaryErrors.joined([one, two]).median_start_s == pytest.approx(0.2)


def test_other_words_are_refused():
    with pytest.raises(UsageError, match="3 words are not the 2 words"):
        boundary_errors(found((0, 1), (1, 2), (2, 3)), TRUE[:2])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "cannot be read as JSON"),
        ("[]", r"it is \[\], not an object"),
        ('{"words": [{"text": "a"}]}', r"words\[0\] has no 'start_s'"),
        ('{"words": 3}', "words is 3, not a list"),
        ('{"words": []}', r"words is \[\], not"),
        ('{"words": [{"text": "a", "start_s": "0", "end_s": 1}]}', "start_s is '0', not seconds"),
        ('{"words": [{"text": "a", "start_s": 2, "end_s": 1}]}', "is out of order"),
    ],
)
def test_file_of_another_form_is_named(tmp_path, content, complaint):
    path = tmp_path / "truth.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=rf"truth\.json: .*{complaint}"):
        read_true_words(path)


def test_file_is_read(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"words": [{"text": "a", "start_s": 0.1, "end_s": 0.3}]}))
    assert read_true_words(path) == TRUE[:1]
