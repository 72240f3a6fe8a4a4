"""LRC, as lrcparser reads it."""

import pytest
from hypothesis import given, settings
from lrcparser import LrcParser

from speech_toolkit.formats import render
from speech_toolkit.formats.cues import one_line
from tests.unit.formats.nasty import SENTENCES, spoken, transcription_document


def read(document):
    """Return (text, start) of every line."""
    parsed = LrcParser.parse(render(document, "lrc"))
    assert parsed["attributes"] == {}
    assert all(len(line.text) <= 1 for line in parsed["lrc_lines"]), "no times within lines"
    return [
        ("".join(part.text for part in line.text), float(line.start_time))
        for line in parsed["lrc_lines"]
    ]


def letters(text):
    return "".join(one_line(text).split())


def assert_same(document, sentences):
    lines = [(letters(text), start_s) for text, start_s in read(document) if text]
    expected = [("".join(letters(word[0]) for word in words), words[0][1]) for words in sentences]
    expected = [(text, start_s) for text, start_s in expected if text]
    assert [text for text, _ in lines] == [text for text, _ in expected]
    for (_, start_s), (_, expected_s) in zip(lines, expected, strict=True):
        assert start_s == pytest.approx(expected_s, abs=0.0051 + 0.001 * len(expected))


def test_no_line_is_lost_and_all_begin_in_time(nasty_document):
    assert_same(nasty_document, SENTENCES)


@settings(max_examples=60, deadline=None)
@given(spoken())
def test_whatever_is_said_is_read_back_in_order(drawn):
    assert_same(transcription_document(*drawn), drawn[0])


def test_a_line_is_taken_off_before_a_pause_and_at_the_end():
    sentences = (
        (("a", 0.0, 1.004, 0.5),),
        (("b", 2.0, 3.0, 0.5),),
        (("c", 4.0, 5.0, 0.5),),
        (("d", 3661.996, 3700.0, 0.5),),
    )

    assert render(transcription_document(sentences, 3700.0), "lrc") == (
        "[00:00.00]a\n[00:02.00]b\n[00:03.00]\n[00:04.00]c\n[00:05.00]\n[61:02.00]d\n[61:40.00]\n"
    )


@pytest.mark.parametrize("text", ["[00:12.00] a", "[ar: a] b", "a <00:12.00> b", "< 00:12.00>"])
def test_text_is_no_tag(text):
    (line, end) = read(transcription_document((((text, 1.0, 2.0, 0.5),),), 9.0))

    assert (letters(line[0]), line[1]) == (letters(text), 1.0)
    assert end == ("", 2.0)


def test_silence_is_an_empty_file():
    assert render(transcription_document((), 1.0), "lrc") == ""
