"""RTTM, as lhotse reads it."""

import itertools

import pytest
from hypothesis import given, settings
from lhotse import SupervisionSet

from speech_toolkit.formats import render
from tests.unit.formats.nasty import DURATION_S, spoken, transcription_document


def read(document, path):
    """Return (start, end) of every stretch of speech."""
    path.write_text(render(document, "rttm"), encoding="utf-8")
    found = SupervisionSet.from_rttm(path)
    assert {segment.speaker for segment in found} <= {"speech"}
    assert {segment.recording_id for segment in found} <= {"nasty_talk_1"}
    return [(segment.start, segment.end) for segment in found]


def test_speech_is_where_words_are(nasty_document, tmp_path):
    assert read(nasty_document, tmp_path / "a.rttm") == [
        (0.0, 2.0),
        (2.5, 4.5),
        (60.0, 62.0),
        (3599.999, 3601.0),
        (3690.0, 3692.0),
        (3699.5, pytest.approx(DURATION_S, abs=0.00051)),
    ]


def test_segments_stand_for_words_without_times(tmp_path):
    sentences = ((("a", 0.0, 1.0, 0.5), ("b", 2.0, 3.0, 0.5)), (("c", 3.2, 4.0, 0.5),))
    document = transcription_document(sentences, 5.0, has_words=False)

    assert read(document, tmp_path / "a.rttm") == [(0.0, 4.0)]


def test_a_pause_is_as_long_as_three_tenths_of_a_second(tmp_path):
    words = (("a", 0.0, 1.0, 0.5), ("b", 1.299, 2.0, 0.5), ("c", 2.3, 3.0, 0.5))

    assert read(transcription_document((words,), 5.0), tmp_path / "a.rttm") == [
        (0.0, 2.0),
        (2.3, 3.0),
    ]


def test_stretches_that_overlap_are_one(tmp_path):
    words = (("a", 0.0, 3.0, 0.5), ("b", 1.0, 2.0, 0.5), ("c", 0.5, 4.0, 0.5))

    assert read(transcription_document((words,), 5.0), tmp_path / "a.rttm") == [(0.0, 4.0)]


def test_stretches_are_in_order_of_time(tmp_path):
    words = (("late", 3.0, 4.0, 0.5), ("early", 1.0, 2.0, 0.5))

    assert read(transcription_document((words,), 5.0), tmp_path / "a.rttm") == [
        (1.0, 2.0),
        (3.0, 4.0),
    ]


def test_what_has_no_length_is_no_speech(tmp_path):
    words = (("a", 1.0, 1.0, None),)

    assert render(transcription_document((words,), 5.0), "rttm") == ""
    assert render(transcription_document((), 5.0), "rttm") == ""


@settings(max_examples=60, deadline=None)
@given(spoken())
def test_all_words_lie_in_stretches_that_are_apart(tmp_path_factory, drawn):
    sentences, _ = drawn

    found = read(transcription_document(*drawn), tmp_path_factory.getbasetemp() / "drawn.rttm")

    assert all(b[0] - a[1] > 0.299 for a, b in itertools.pairwise(found))
    for _, start_s, end_s, _ in itertools.chain.from_iterable(sentences):
        if end_s > start_s:
            assert any(a <= start_s + 1e-6 and end_s - 1e-6 <= b for a, b in found)
