"""The arguments that say where results go and in which formats, the same in every script."""

from __future__ import annotations

import argparse

from speech_toolkit.cli.arguments import comma_separated
from speech_toolkit.formats import FORMATS


def add_result_arguments(parser: argparse._ActionsContainer, *, default_stem: str) -> None:
    """Add ``--output``, ``--output_dir`` and ``--format``.

    Args:
        parser: or a group of one.
        default_stem: of the file that is written where none is named.
    """
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--output",
        metavar="FILE",
        help=f"result, or - for stdout (default: {default_stem}.json)",
    )
    place.add_argument(
        "--output_dir", metavar="DIR", help="directory for results named after their audio"
    )
    parser.add_argument(
        "--format",
        type=comma_separated(format_name),
        metavar="NAME[,NAME...]",
        help=f"{', '.join(FORMATS)} (default: by the suffix of --output, else json)",
    )


def format_name(text: str) -> str:
    """Parse one name of a format.

    Raises:
        argparse.ArgumentTypeError: there is none of that name.
    """
    if text.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(FORMATS)}")
    return text.lower()
