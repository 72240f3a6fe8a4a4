"""The arguments that say how subtitles are laid out, the same in every script."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import fields

from speech_toolkit.cli.arguments import number
from speech_toolkit.errors import UsageError
from speech_toolkit.formats import FORMATS, SubtitleFormat
from speech_toolkit.formats.subtitles.options import LIMITS, NETFLIX, STYLES, SubtitleOptions
from speech_toolkit.formats.subtitles.style import style_for

_STYLE = "subtitle_style"
_MEANINGS = {
    "max_chars_per_line": ("N", "longest line in characters"),
    "max_lines": ("N", "most lines that are shown at a time"),
    "min_cue_s": ("SECONDS", "shortest time that text is shown, where the next leaves room"),
    "max_cue_s": ("SECONDS", "longest time that text is shown"),
    "max_chars_per_s": (
        "N",
        "characters that are read in a second; text stays that long if it can",
    ),
    "min_gap_s": ("SECONDS", "between one text and the next"),
}


def add_subtitle_arguments(group: argparse._ActionsContainer) -> None:
    """Add ``--subtitle_style``, what overrides it, and ``--highlight_words``."""
    group.add_argument(
        f"--{_STYLE}",
        choices=STYLES,
        help="conventions for srt, vtt and ass; plain: every segment as it is, its own lines kept "
        f"(default: {NETFLIX})",
    )
    for name, (metavar, meaning) in _MEANINGS.items():
        group.add_argument(
            f"--{name}",
            type=number(LIMITS[name]),
            metavar=metavar,
            help=f"{meaning} (%(type)s; default: that of the style)",
        )
    group.add_argument(
        "--highlight_words",
        action="store_true",
        default=None,
        help="mark each word while it is spoken",
    )


def subtitle_options(arguments: argparse.Namespace, formats: Iterable[str]) -> SubtitleOptions:
    """Return what the command line asks of subtitles.

    Args:
        arguments: of the command line.
        formats: in which the result is written.

    Raises:
        UsageError: what is asked has no effect, or contradicts itself.
    """
    names = [_STYLE, *(field.name for field in fields(SubtitleOptions) if field.name != "style")]
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    known = [name for name, entry in FORMATS.items() if isinstance(entry, SubtitleFormat)]
    if given and not set(known) & set(formats):
        raise UsageError(
            f"--{next(iter(given))} has no effect without --format {', '.join(known)}; leave it out"
        )
    options = SubtitleOptions(style=given.pop(_STYLE, NETFLIX), **given)
    if not options.is_plain:
        style_for(options, text="")  # its limits must not contradict each other
    return options
