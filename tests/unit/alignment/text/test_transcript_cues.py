"""Transcripts in subtitles and TextGrids."""

from itertools import pairwise

import pytest
from praatio.utilities.textgrid_io import getTextgridAsStr

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.transcript_cues import read_any_transcript
from speech_toolkit.errors import TranscriptError
from tests.unit.alignment.text.vocabularies import MMS

SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\n<i>One.</i> Two,\n- three\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\n42\n\n3\n00:00:05,000 --> 00:00:06,000\nand on\n"
)


def grid(**tiers):
    span = {"xmin": 0.0, "xmax": 9.0}
    return getTextgridAsStr(
        {
            **span,
            "tiers": [
                {
                    **span,
                    "class": "IntervalTier",
                    "name": name.replace("_", " - "),
                    "entries": [(float(n), n + 1.0, text) for n, text in enumerate(labels)],
                }
                for name, labels in tiers.items()
            ],
        },
        "long_textgrid",
        includeBlankSpaces=True,
    )


@pytest.fixture
def written(tmp_path):
    def write(name, text, encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_cue_of_subtitles_is_a_sentence(written, encoding):
    cued = read_any_transcript(written("a.SRT", SRT, encoding))
    transcript = tokenize_transcript(cued, MMS)
    assert [sentence.text for sentence in transcript.sentences] == [
        "<i>One.</i> Two,\n- three",
        "42",
        "and on",
    ]
    assert [w.text for w in transcript.words if w.spoken is False] == ["<i>", "</i>", "-"]


def test_plain_text_stays_as_it_is(written):
    assert read_any_transcript(written("a.txt", SRT)) == SRT


@pytest.mark.parametrize(
    ("tiers", "tier", "expected"),
    [
        ({"sentences": ["One two.", "", "Three"]}, "", ["One two.", "Three"]),
        ({"mine": ["One two."], "empty": [""]}, "", ["One two."]),
        ({"phones": ["a"], "words": ["one", "two"], "sentences": ["one two"]}, "", ["one two"]),
        ({"phones": ["a"], "Words": ["one", "sil", "", "two."]}, "", "one two."),
        ({"anna_words": ["one", "two"], "anna_phones": ["a"]}, "", "one two"),
        ({"a": ["one"], "b": ["two"]}, "#b", ["two"]),
    ],
)
def test_the_tier_of_a_textgrid(written, tiers, tier, expected):
    found = read_any_transcript(written("a.TextGrid", grid(**tiers)) + tier)
    if isinstance(expected, str):
        assert found == expected
    else:
        assert isinstance(found, CuedText)
        starts = [*found.cue_starts, len(found.text)]
        cues = [found.text[a:b].strip() for a, b in pairwise(starts)]
        assert cues == expected


@pytest.mark.parametrize(
    ("text", "tier", "message"),
    [
        (grid(a=["one"], b=["two"]), "", r"which of the tiers 'a', 'b' is .*a.TextGrid#a$"),
        (grid(x_words=["one"], y_words=["two"]), "", "'x - words', 'y - words' is the transcript"),
        (grid(a=["one"], b=["two"]), "#c", "has no tier 'c' with text; its tiers are 'a', 'b'"),
        (grid(a=[""]), "", "holds no text; no interval has a label"),
        (grid(words=["sil"]), "", "tier 'words' holds no words"),
        ("hello", "", "a.TextGrid:1: the file ends where the type"),
    ],
)
def test_textgrids_that_are_no_transcript(written, text, tier, message):
    with pytest.raises(TranscriptError, match=message) as raised:
        read_any_transcript(written("a.TextGrid", text) + tier)
    assert "\n" not in str(raised.value)


def test_subtitles_without_text_or_in_another_encoding(written, tmp_path):
    with pytest.raises(TranscriptError, match="a.srt: holds no text; every cue is empty"):
        read_any_transcript(written("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n\n"))
    (tmp_path / "b.srt").write_bytes(SRT.replace("One", "Été").encode("cp1252"))
    with pytest.raises(TranscriptError, match="b.srt: byte .* is not valid UTF-8; convert the"):
        read_any_transcript(tmp_path / "b.srt")
