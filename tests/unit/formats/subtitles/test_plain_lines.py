"""Cues of style plain: the lines of a segment and the tags that were known as such stay."""

import pytest

from speech_toolkit.formats import render
from speech_toolkit.formats.subtitles.options import SubtitleOptions

TEXT = "<i>One</i> <b>two\n- {\\an8}three,\n</b>four"
WORDS = (
    ("<i>", False),
    ("One", "one"),
    ("</i>", False),
    ("<b>two", "two"),
    ("-", False),
    ("{\\an8}", False),
    ("three,", "three"),
    ("</b>four", "four"),
)


def document():
    spans, at = [], 0
    for place, (text, spoken) in enumerate(WORDS):
        at = TEXT.index(text, at)
        times = {"start_time": float(place), "end_time": place + 1.0, "probability": 0.5}
        spans.append({"text": text, "spoken": spoken, "start_char": at, **times})
        spans[-1]["end_char"] = at = at + len(text)
    whole = {"text": TEXT, "start_time": 0.0, "end_time": 8.0, "probability": 0.5}
    return {
        "transcript": TEXT,
        "language": "eng",
        "audio_path": "a.wav",
        "audio_duration": 9.0,
        "segments": [],
        "words": spans,
        "sentences": [{**whole, "start_char": 0, "end_char": len(TEXT)}],
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("srt", "<i>One</i> <\u2060b>two\n- {\\an8}three,\n<\u2060/b>four"),
        ("vtt", "<i>One</i> &lt;b&gt;two\n- {\\an8}three,\n&lt;/b&gt;four"),
    ],
)
def test_lines_and_tags_stay(name, expected):
    shown = render(document(), name, SubtitleOptions(style="plain"))
    assert shown.rstrip("\n").split("\n", 2 if name == "srt" else 3)[-1] == expected


def test_words_keep_their_times_across_lines():
    shown = render(document(), "srt", SubtitleOptions(style="plain", highlight_words=True))
    assert "00:00:04,000 --> 00:00:07,000\n<i>One</i> " in shown
    assert "\n<u>- {\\an8}three,</u>\n" in shown
