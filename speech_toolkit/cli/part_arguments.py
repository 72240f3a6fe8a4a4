"""The arguments that say which part of each recording is used."""

import argparse

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.cli.arguments import number
from speech_toolkit.ranges import AUDIO_TRACK, MOMENT_S


def add_part_arguments(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add ``--audio_track``, ``--start_s`` and ``--end_s``."""
    parser.add_argument(
        "--audio_track",
        type=number(AUDIO_TRACK),
        default=0,
        metavar="N",
        help="audio track of a file with several, counted from 0 as ffmpeg's 0:a:N is "
        "(%(type)s; default: 0)",
    )
    parser.add_argument(
        "--start_s",
        type=number(MOMENT_S),
        default=0.0,
        metavar="SECONDS",
        help="where the part of the audio that is used begins; all times stay those of the whole "
        "file (%(type)s; default: 0)",
    )
    parser.add_argument(
        "--end_s",
        type=number(MOMENT_S),
        metavar="SECONDS",
        help="where it ends (%(type)s; default: the end of the audio)",
    )


def part_from(arguments: argparse.Namespace) -> AudioPart:
    """Return the part that the command line asks for.

    Raises:
        UsageError: it ends before it begins.
    """
    return AudioPart(arguments.audio_track, arguments.start_s, arguments.end_s)
