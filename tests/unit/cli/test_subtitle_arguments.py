import argparse

import pytest

from speech_toolkit.cli.subtitle_arguments import add_subtitle_arguments, subtitle_options
from speech_toolkit.errors import UsageError
from speech_toolkit.formats.subtitles.options import SubtitleOptions


def parse(line):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_subtitle_arguments(parser)
    return parser.parse_args(line.split())


def test_the_defaults_are_those_of_the_options():
    assert subtitle_options(parse(""), ("srt",)) == SubtitleOptions()
    assert subtitle_options(parse(""), ("json",)) == SubtitleOptions()


def test_every_option_has_its_flag():
    line = (
        "--subtitle_style bbc --max_chars_per_line 30 --max_lines 3 --min_cue_s 1 --max_cue_s 6 "
        "--max_chars_per_s 15 --min_gap_s 0.1 --highlight_words"
    )
    assert subtitle_options(parse(line), ("json", "ass")) == SubtitleOptions(
        style="bbc",
        max_chars_per_line=30,
        max_lines=3,
        min_cue_s=1.0,
        max_cue_s=6.0,
        max_chars_per_s=15.0,
        min_gap_s=0.1,
        highlight_words=True,
    )


@pytest.mark.parametrize(
    ("line", "formats", "message"),
    [
        ("--max_lines 1", ("json", "tsv"), "--max_lines has no effect without --format srt, vtt"),
        ("--highlight_words", (), "--highlight_words has no effect without --format srt"),
        ("--min_cue_s 8", ("srt",), "min_cue_s 8: is longer than max_cue_s 7"),
        ("--subtitle_style plain --min_gap_s 0", ("srt",), "min_gap_s has no effect on subtitles"),
    ],
)
def test_what_has_no_effect_or_contradicts_is_refused(line, formats, message):
    with pytest.raises(UsageError, match=message):
        subtitle_options(parse(line), formats)


@pytest.mark.parametrize("line", ["--max_lines 0", "--max_cue_s 0", "--subtitle_style x"])
def test_values_out_of_range_are_refused(line):
    with pytest.raises(SystemExit):
        parse(line)
