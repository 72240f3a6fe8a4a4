import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.style import style_for

FIGURES = {
    ("netflix", "Hello there"): (42, 20, 42),
    ("netflix", "مرحبا بكم"): (42, 20, 42),
    ("netflix", "你好，GPU"): (16, 9, 32),
    ("netflix", "東京へ行く"): (13, 4, 26),
    ("netflix", "안녕하세요 여러분"): (16, 12, 32),
    ("netflix", ""): (42, 20, 42),
    ("bbc", "Hello there"): (37, 17, 37),
    ("bbc", "你好"): (18, 8.5, 36),
    ("netflix", "We ate 饺子 in Beijing"): (42, 20, 42),
}


@pytest.mark.parametrize(("name", "text"), FIGURES)
def test_figures_are_those_of_standard_and_writing(name, text):
    style = style_for(SubtitleOptions(style=name), text)
    assert (style.max_chars_per_line, style.max_chars_per_s, style.max_columns) == FIGURES[
        name, text
    ]


def test_single_limits_are_overridden():
    style = style_for(SubtitleOptions(style="bbc", max_lines=3, min_gap_s=0.1), "Hello")
    assert (style.max_lines, style.min_gap_s, style.max_chars_per_line) == (3, 0.1, 37)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "itv"}, "subtitle_style 'itv': must be one of netflix, bbc, plain"),
        ({"style": "plain", "max_lines": 1}, "max_lines has no effect on subtitles of style plain"),
        ({"max_lines": 0}, "max_lines 0: must be a whole number of at least 1"),
        ({"min_cue_s": float("nan")}, "min_cue_s nan: must be a number above 0"),
    ],
)
def test_options_that_are_none_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        SubtitleOptions(**options)


def test_times_that_contradict_each_other_are_refused():
    with pytest.raises(UsageError, match="min_cue_s 8: is longer than max_cue_s 7"):
        style_for(SubtitleOptions(min_cue_s=8), "a")
