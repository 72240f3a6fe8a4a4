"""CTM, as lhotse reads it."""

import pytest
from hypothesis import given, settings
from lhotse import SupervisionSegment, SupervisionSet

from speech_toolkit.errors import UsageError
from speech_toolkit.formats import render
from speech_toolkit.formats.cues import one_line
from tests.unit.formats.nasty import WORDS, spoken, transcription_document


def read(document, path):
    """Return (text, start, end, confidence) of every word."""
    path.write_text(render(document, "ctm"), encoding="utf-8")
    names = {line.split(" ")[0] for line in path.read_text(encoding="utf-8").splitlines()}
    whole = SupervisionSegment("all", names.pop() if names else "none", 0.0, 10_000.0)
    assert not names, "one recording"
    (segment,) = SupervisionSet.from_segments([whole]).with_alignment_from_ctm(path)
    return [(word.symbol, word.start, word.end, word.score) for word in segment.alignment["word"]]


def field(text):
    return one_line(text).replace(" ", "_")


def assert_same(found, words):
    words = [word for word in words if field(word[0])]
    assert [text for text, *_ in found] == [field(text) for text, *_ in words]
    for (_, start_s, end_s, confidence), word in zip(found, words, strict=True):
        assert (start_s, end_s) == pytest.approx(word[1:3], abs=0.00051)
        assert confidence == word[3]


def test_no_word_is_lost_and_all_keep_times_and_confidence(nasty_document, tmp_path):
    assert_same(read(nasty_document, tmp_path / "a.ctm"), WORDS)


@settings(max_examples=60, deadline=None)
@given(spoken())
def test_whatever_is_said_is_read_back_in_order(tmp_path_factory, drawn):
    document = transcription_document(*drawn)
    if not document["words"]:
        return

    found = read(document, tmp_path_factory.getbasetemp() / "drawn.ctm")

    assert_same(found, [word for words in drawn[0] for word in words])


def test_spaces_become_underscores_and_a_dash_keeps_its_place():
    sentences = ((("a b", 0.0, 0.5, 0.25), ("—", 0.5, 0.5, None), (" ", 0.5, 0.6, 0.5)),)

    assert render(transcription_document(sentences, 1.0), "ctm") == (
        "nasty_talk_1 1 0.000 0.500 a_b 0.2500\nnasty_talk_1 1 0.500 0.000 —\n"
    )


@pytest.mark.parametrize(
    ("source", "name"),
    [("-", "-"), ("a/talk.v1.flac", "talk.v1"), (";;a.wav", "_;a"), ("\u3000.wav", "-")],
)
def test_the_recording_is_named_after_its_file(source, name):
    document = transcription_document() | {"audio_path": source}

    assert render(document, "ctm").startswith(f"{name} 1 ")


def test_a_result_whose_words_have_no_times_is_refused():
    with pytest.raises(UsageError, match="no times of words, which the format ctm needs; recog"):
        render(transcription_document(has_words=False), "ctm")


def test_silence_is_an_empty_file():
    assert render(transcription_document((), 1.0), "ctm") == ""
