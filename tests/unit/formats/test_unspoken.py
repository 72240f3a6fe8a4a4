"""Formats of what is said hold no markup, those of the text hold all of it."""

import pytest

from speech_toolkit.formats import render
from tests.unit.formats.nasty import alignment_document


@pytest.fixture
def document():
    made = alignment_document(
        [[("One", 0.0, 1.0, 0.5), ("[music]", 1.0, 6.0, None), ("two", 6.0, 7.0, 0.5)]]
    )
    made["words"][1]["spoken"] = False
    return made


def test_what_is_said(document):
    words = [line.split()[4] for line in render(document, "ctm").splitlines()]
    assert words == ["One", "two"]
    stretches = [line.split()[3:5] for line in render(document, "rttm").splitlines()]
    assert stretches == [["0.000", "1.000"], ["6.000", "1.000"]]


@pytest.mark.parametrize("name", ["txt", "csv", "textgrid", "srt"])
def test_the_text(document, name):
    assert "[music]" in render(document, name)
