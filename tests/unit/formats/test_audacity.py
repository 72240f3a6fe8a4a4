"""Labels of Audacity, as the csv module reads what is separated by tabs."""

import csv

import pytest
from hypothesis import given, settings

from speech_toolkit.formats import render
from speech_toolkit.formats.cues import one_line
from tests.unit.formats.nasty import WORDS, spoken, transcription_document


def read(document, path):
    """Return (text, start, end) of every label."""
    path.write_text(render(document, "audacity"), encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(text, float(start), float(end)) for start, end, text in rows]


def assert_same(found, words):
    words = [(one_line(text), *times) for text, *times, _ in words if one_line(text)]
    assert found == [(text, *map(pytest.approx, times)) for text, *times in words]


def test_no_word_is_lost_and_all_keep_their_times(nasty_document, tmp_path):
    assert_same(read(nasty_document, tmp_path / "a.audacity.txt"), WORDS)


@settings(max_examples=60, deadline=None)
@given(spoken())
def test_whatever_is_said_is_read_back_in_order(tmp_path_factory, drawn):
    path = tmp_path_factory.getbasetemp() / "drawn.audacity.txt"

    found = read(transcription_document(*drawn), path)

    assert_same(found, [word for words in drawn[0] for word in words])


def test_segments_are_labelled_where_words_have_no_times():
    sentences = ((("a", 0.0, 1.0, 0.5), ("b", 1.0, 2.0, 0.5)), (("c", 3.0, 3.0, None),))

    assert render(transcription_document(sentences, 5.0, has_words=False), "audacity") == (
        "0.000000\t2.000000\ta b\n3.000000\t3.000000\tc\n"
    )


def test_silence_has_no_label():
    assert render(transcription_document((), 1.0), "audacity") == ""
