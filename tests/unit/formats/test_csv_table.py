"""CSV, as the csv module and pandas read it."""

import csv
import io

import pandas
from hypothesis import given, settings

from speech_toolkit.formats import render
from tests.unit.formats.nasty import SENTENCES, spoken, transcription_document

HEADER = ["segment", "start_s", "end_s", "text", "probability", "confidence"]


def read(document):
    """Return the rows below the header."""
    header, *rows = csv.reader(io.StringIO(render(document, "csv"), newline=""), strict=True)
    assert header == HEADER
    return [
        (int(segment), text, float(start), float(end), float(probability) if probability else None)
        for segment, start, end, text, probability, confidence in rows
        if confidence == ""
    ]


def rows_of(sentences):
    return [
        (number, without_nul(text), *more)
        for number, words in enumerate(sentences, 1)
        for text, *more in words
    ]


def without_nul(text):
    return text.replace("\0", "\ufffd")


def test_words_are_as_they_were(nasty_document):
    assert read(nasty_document) == rows_of(SENTENCES)


@settings(max_examples=100, deadline=None)
@given(spoken())
def test_whatever_is_said_is_read_back_as_it_was(drawn):
    assert read(transcription_document(*drawn)) == rows_of(drawn[0])


def test_pandas_reads_the_same(nasty_document):
    table = pandas.read_csv(io.StringIO(render(nasty_document, "csv")), keep_default_na=False)

    assert list(table.columns) == HEADER
    assert list(table["text"]) == [without_nul(text) for words in SENTENCES for text, *_ in words]


def test_segments_have_rows_where_words_have_no_times():
    sentences = ((("a", 0.0, 1.0, 0.5), ("b", 1.0, 2.0, 0.5)), (("c", 3.0, 3.5, None),))

    assert render(transcription_document(sentences, 5.0, has_words=False), "csv") == (
        "segment,start_s,end_s,text,probability,confidence\n1,0.0,2.0,a b,,\n2,3.0,3.5,c,,\n"
    )


def test_silence_is_the_header_alone():
    assert render(transcription_document((), 1.0), "csv").splitlines() == [",".join(HEADER)]
