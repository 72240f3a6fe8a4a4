"""The text of cues in SubRip and WebVTT, and what is damaged about others."""

import pytest

from speech_toolkit.errors import TranscriptError
from speech_toolkit.files.subtitles import cue_texts

SRT = """1
00:00:01,000 --> 00:00:02,000
<i>One.</i> Two,
- three

2
00:00:03,000 --> 00:00:04,000 X1:0

3
0:00:05.5 --> 00:00:06,000
{\\an8}42

and on

00:01:07,000 --> 00:01:08,000
AT&amp;T
4
00:01:09,000 --> 00:01:10,000
99

"""
VTT = """WEBVTT - a title
Kind: captions

NOTE not a cue
00:00 is no time

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.000 align:start
<v Roger>One &amp; two
three

00:01:03.000 --> 00:01:04.000
&lt;four&gt;
"""


def read(text, name="a.srt"):
    return cue_texts(text, name, error=TranscriptError)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_subrip(newline):
    assert read(SRT.replace("\n", newline)) == (
        "<i>One.</i> Two,\n- three",
        "{\\an8}42\n\nand on",
        "AT&amp;T",
        "99",
    )


def test_webvtt():
    assert read(VTT, "a.vtt") == ("<v Roger>One & two\nthree", "<four>")
    assert read("WEBVTT\n\n00:01.000 --> 00:02.000\n<b>hi</b>", "a.srt") == ("<b>hi</b>",)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("hello\nworld", "a.srt", "a.srt:1: 'hello' stands before the first line of times"),
        ("\n1\n", "a.srt", "a.srt: holds no subtitles|a.srt:2: '1' stands before"),
        ("1\n00:00:xx --> 00:00:01,000\nhi", "a.srt", "a.srt:2: '00:00:xx --> .* is no line of t"),
        ("1\n00:00:01 -> 00:00:02\nhi", "a.srt", "a.srt:2: '00:00:01 -> 00:00:02' is no line of t"),
        (SRT.replace("0:00:05.5 -->", "5 -->"), "a.srt", "a.srt:10: '5 --> 00:00:06,000' is no"),
        ("00:01.000 --> 00:02.000\nhi", "a.vtt", "a.vtt:1: a WebVTT file begins with .* WEBVTT"),
        ("WEBVTT\n\nhello\n", "a.vtt", "a.vtt:3: 'hello' stands before|holds no subtitles"),
    ],
)
def test_damaged_files(text, name, message):
    with pytest.raises(TranscriptError, match=message) as raised:
        read(text, name)
    assert "\n" not in str(raised.value)
