"""The wing's plan: a room for each question, and none of them knows another."""

import pytest

from tests.unit.test_layout import rooms_of

QUESTIONS = ("parity", "accuracy", "speed")


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_knows_no_other(question):
    known = rooms_of("evaluation")[question]
    assert not [line for other in QUESTIONS for line in sorted(known.get(other, ()))]
