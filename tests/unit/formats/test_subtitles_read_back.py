"""What other programs read in our subtitles: SRT and ASS by pysubs2, VTT by webvtt-py."""

import html
import itertools
import re
from io import StringIO

import pysubs2
import pytest
import webvtt

from speech_toolkit.errors import UsageError
from speech_toolkit.formats import render
from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.subtitles.options import STYLES, SubtitleOptions
from speech_toolkit.formats.timed_text import timed_text

INVISIBLE = str.maketrans("", "", "\u2060\u202b\u202c")
NO_BRACES = str.maketrans("{}", "｛｝")
ARABIC = "في عام 2025 ستفتح شركة Google مكتبًا جديدًا في دبي، أليس كذلك؟"


def words(text):
    """The words of a text, without what keeps them from being markup, and lines as spaces."""
    return text.translate(INVISIBLE).replace("\n", " ").split()


def letters(text):
    return "".join(words(text))


def read_srt(text):
    file = pysubs2.SSAFile.from_string(text, "srt", keep_unknown_html_tags=True)
    return [(e.start, e.end, e.text.replace(r"\N", "\n")) for e in file]


def read_vtt(text):
    cues = webvtt.from_buffer(StringIO(text)).captions
    return [(_ms(cue.start), _ms(cue.end), html.unescape(cue.text)) for cue in cues]


def read_ass(text):
    file = pysubs2.SSAFile.from_string(text, "ass")
    return [(e.start, e.end, e.plaintext) for e in file]


READERS = {"srt": read_srt, "vtt": read_vtt, "ass": read_ass}


def _ms(clock):
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", READERS)
def test_all_text_comes_back_in_order_and_no_cues_overlap(nasty_document, name, style):
    cues = READERS[name](render(nasty_document, name, SubtitleOptions(style=style)))

    said = " ".join(one_line(segment.text) for segment in timed_text(nasty_document).segments)
    expected = said.translate(NO_BRACES) if name == "ass" else said
    assert letters(" ".join(text for *_, text in cues)) == letters(expected)
    assert all(start_ms < end_ms for start_ms, end_ms, _ in cues)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(cues))
    first = timed_text(nasty_document).segments[0]
    assert cues[0][0] == round(first.start_s * 1000)


@pytest.mark.parametrize("name", READERS)
def test_highlighting_changes_no_text(nasty_document, name):
    plain = READERS[name](render(nasty_document, name))
    marked = READERS[name](render(nasty_document, name, SubtitleOptions(highlight_words=True)))

    if name == "srt":
        bare = [re.sub(r"\{\\u[01]\}|</?u>", "", text) for *_, text in marked]
        assert [text for text, _ in itertools.groupby(bare)] == [text for *_, text in plain]
    else:
        assert [cue[2] for cue in marked] == [cue[2] for cue in plain]


def test_a_spoken_word_is_underlined_in_a_cue_of_its_own(two_sentences):
    document = two_sentences.to_dict()
    document["words"][1]["start_s"] = 0.9

    text = render(document, "srt", SubtitleOptions(highlight_words=True))

    assert text.split("\n\n")[:5] == [
        "1\n00:00:00,500 --> 00:00:00,800\n<u>Good</u> morning.",
        "2\n00:00:00,800 --> 00:00:00,900\nGood morning.",
        "3\n00:00:00,900 --> 00:00:01,240\nGood <u>morning.</u>",
        "4\n00:00:01,240 --> 00:00:01,334\nGood morning.",
        "5\n01:01:01,000 --> 01:01:02,500\nAn hour later.",
    ]


def test_words_carry_their_times_in_web_subtitles(two_sentences):
    text = render(two_sentences.to_dict(), "vtt", SubtitleOptions(highlight_words=True))

    assert text.startswith("WEBVTT\n\nSTYLE\n::cue(c:past)")
    assert "00:00.500 --> 00:01.334\n<c>Good</c> <00:00.800><c>morning.</c>\n" in text
    assert "An hour later.\n" in text


@pytest.mark.parametrize("highlighted", [False, True])
def test_words_have_karaoke_times_in_ass_that_show_where_asked_for(two_sentences, highlighted):
    options = SubtitleOptions(highlight_words=highlighted)

    file = pysubs2.SSAFile.from_string(render(two_sentences.to_dict(), "ass", options), "ass")

    assert [event.text for event in file] == [r"{\k30}Good {\k44}morning.", "An hour later."]
    style = file.styles["Default"]
    assert (style.primarycolor != style.secondarycolor) is highlighted


def test_karaoke_times_add_up_to_when_words_are_spoken(nasty_document):
    file = pysubs2.SSAFile.from_string(render(nasty_document, "ass"), "ass")

    for event in file:
        lengths = [int(cs) for cs in re.findall(r"\{\\k(\d+)\}", event.text)]
        assert 0 < 10 * sum(lengths) <= event.duration


@pytest.mark.parametrize("name", READERS)
def test_right_to_left_text_stays_in_order_within_marks_of_its_direction(result, segment, name):
    text = render(result(segment(0, 6, ARABIC)).to_dict(), name)

    shown = "\n".join(cue for *_, cue in READERS[name](text))
    lines = shown.split("\n")
    assert all(line.startswith("\u202b") and line.endswith("\u202c") for line in lines)
    assert words(shown) == ARABIC.split()


@pytest.mark.parametrize("text", ["<i>a</i>", "{\\an8}a", "a --> b", "\\Na", "a & b &lt;"])
def test_text_that_looks_like_markup_is_text(result, segment, text):
    document = result(segment(0, 6, text)).to_dict()

    assert r"{\i1}" not in pysubs2.SSAFile.from_string(render(document, "srt"), "srt")[0].text
    assert letters(read_ass(render(document, "ass"))[0][2]) == letters(text.translate(NO_BRACES))
    assert letters(read_vtt(render(document, "vtt"))[0][2]) == letters(text)


def test_highlighting_needs_times_of_words(result, segment):
    with pytest.raises(UsageError, match="srt needs with --highlight_words; recognise it again"):
        render(result(segment(0, 6, "a")).to_dict(), "srt", SubtitleOptions(highlight_words=True))


def test_ass_has_no_room_for_more_than_ten_hours(result, segment):
    with pytest.raises(UsageError, match=r"a\.wav: .*10 hours cannot be written as ass"):
        render(result(segment(35999, 36001, "a b")).to_dict(), "ass")
