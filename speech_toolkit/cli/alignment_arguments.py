"""The command line of alignment: its arguments."""

import argparse

from speech_toolkit.cli.arguments import DTYPES, add_model_arguments, add_report_arguments, number
from speech_toolkit.cli.corpus_arguments import add_corpus_arguments, check_corpus_arguments
from speech_toolkit.cli.input_arguments import add_input_arguments, check_input_arguments
from speech_toolkit.cli.output_guard import DEVICE
from speech_toolkit.cli.part_arguments import add_part_arguments
from speech_toolkit.cli.quality_report import (
    add_export_quality,
    add_quality_arguments,
    check_export_quality,
)
from speech_toolkit.cli.result_arguments import add_result_arguments
from speech_toolkit.cli.result_page_arguments import add_page_arguments
from speech_toolkit.cli.subtitle_arguments import add_subtitle_arguments
from speech_toolkit.errors import UsageError
from speech_toolkit.ranges import BATCH_SIZE, CONTEXT_S, WINDOW_S

DEFAULT_STEM = f"alignment_result_{DEVICE}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all arguments of ``inference_mms.py``."""
    _add_speech_arguments(parser)
    add_model_arguments(parser, default_model="tiny-mms-aligner", several_devices=True)
    parser.add_argument(
        "--dtype", default="float32", choices=DTYPES, help="of weights and computation"
    )
    add_result_arguments(parser, default_stem=DEFAULT_STEM)
    add_subtitle_arguments(parser.add_argument_group("subtitles"))
    add_page_arguments(parser)
    _add_window_arguments(parser)
    parser.add_argument(
        "--star",
        choices=("none", "edges", "segments"),
        default="none",
        help="let a wildcard take up speech that the transcript lacks: at its edges, or around "
        "every sentence (default: none)",
    )
    parser.add_argument(
        "--refine",
        choices=("on", "off"),
        default="on",
        help="place the starts and ends of words closer than the model's frames tell, from the "
        "sound and the model's probabilities (default: on)",
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="align again without words that were not spoken, and with a wildcard where the "
        "transcript lacks what is said",
    )
    add_quality_arguments(parser)
    many = parser.add_argument_group("many recordings")
    add_corpus_arguments(many)
    add_export_quality(many)
    add_report_arguments(parser)


def check_arguments(arguments: argparse.Namespace) -> bool:
    """Tell whether the run is over many recordings, once the arguments go together.

    Raises:
        UsageError: one has no effect without another, or the text is missing or one too many.
    """
    check_input_arguments(arguments)
    check_export_quality(arguments)
    is_corpus = not arguments.check_only and check_corpus_arguments(arguments)
    has_text = arguments.transcript is not None or arguments.transcript_file is not None
    if arguments.check_only or is_corpus:
        if has_text:
            raise UsageError(
                "--transcript and --transcript_file belong to one recording; the texts of many "
                "stand in the manifest, or beside the audio in .lab, .txt, .srt, .vtt or .TextGrid"
            )
    elif not has_text:
        raise UsageError("one of the arguments --transcript --transcript_file is required")
    return is_corpus


def _add_speech_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(
        parser,
        "audio or video file of any rate and format, or - for standard input; several, a glob or a "
        "directory with transcripts beside the audio (.lab, .txt, .srt, .vtt or .TextGrid)",
    )
    add_part_arguments(parser)
    text = parser.add_mutually_exclusive_group()
    text.add_argument("--transcript", help="what is spoken")
    text.add_argument(
        "--transcript_file",
        metavar="FILE",
        help="UTF-8 file with what is spoken, or - for stdin; of .srt, .vtt and .TextGrid each cue "
        "is a sentence; FILE.TextGrid#TIER names the tier",
    )
    parser.add_argument(
        "--language",
        default="eng",
        help="ISO 639-3 code of the transcript; picks the adapter of MMS-1b-all (default: eng)",
    )
    parser.add_argument(
        "--markup",
        choices=("auto", "keep", "strip"),
        default="auto",
        help="text that is not meant to be spoken, as [laughter], JOHN: or <i>: leave it in the "
        "text and do not align it, align it as all else, or leave it out (default: auto)",
    )
    parser.add_argument(
        "--words",
        choices=("auto", "characters"),
        default="auto",
        help="words of Chinese, Japanese, Thai and Lao: those of a segmenter where one is "
        "installed (requirements-languages.txt), or characters (default: auto)",
    )


def _add_window_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch_size",
        type=number(BATCH_SIZE),
        help="windows that run together (%(type)s; default: 8 on NPU and CUDA, 1 on CPU)",
    )
    parser.add_argument(
        "--window_s",
        type=number(WINDOW_S),
        default=30.0,
        help="seconds of audio that the model is asked for at a time (%(type)s; default: 30)",
    )
    parser.add_argument(
        "--context_s",
        type=number(CONTEXT_S),
        default=2.0,
        help="seconds that it sees on either side of them (%(type)s; default: 2)",
    )
