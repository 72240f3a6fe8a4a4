"""The arguments that say which recordings a run is about, and the check of them alone."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from speech_toolkit.cli.part_arguments import part_from
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.json_input import shown_path

if TYPE_CHECKING:
    from speech_toolkit.corpus.inputs.summary import InputSummary
    from speech_toolkit.corpus.item import Item
    from speech_toolkit.progress import Progress

# Those of corpus.inputs.manifests, which loads what --help does not need; a test compares them.
MANIFEST_FORMATS = ("auto", "jsonl", "nemo", "csv", "tsv", "ljspeech", "kaldi")
_WILDCARDS = frozenset("*?[")


def add_input_arguments(parser: argparse.ArgumentParser, audio_help: str) -> None:
    """Add ``--audio`` and ``--manifest``, one of which is needed, and what belongs to them.

    Args:
        parser: of a script.
        audio_help: what ``--audio`` takes there.
    """
    inputs = parser.add_mutually_exclusive_group(required=True)
    inputs.add_argument("--audio", nargs="+", action="extend", metavar="FILE", help=audio_help)
    inputs.add_argument(
        "--manifest",
        metavar="LIST",
        help="list of recordings: JSON lines (our own or NeMo's), CSV or TSV "
        "with a header, LJSpeech's metadata.csv, or a Kaldi directory",
    )
    parser.add_argument(
        "--manifest_format",
        choices=MANIFEST_FORMATS,
        help="form of the manifest (default: auto, told by its first line)",
    )
    parser.add_argument(
        "--recursive",
        action="store_true",
        help="search all folders of the directories in --audio",
    )
    parser.add_argument(
        "--check_only",
        action="store_true",
        help="check all recordings and texts that --audio or --manifest names, print how much it "
        "is, and stop",
    )


def check_input_arguments(arguments: argparse.Namespace) -> None:
    """Make sure that the arguments go together.

    Raises:
        UsageError: one has no effect without another.
    """
    if arguments.manifest_format is not None and arguments.manifest is None:
        raise UsageError("--manifest_format has no effect without --manifest; leave it out")
    if arguments.recursive and arguments.manifest is not None:
        raise UsageError("--recursive has no effect with --manifest; leave it out")


def names_many(arguments: argparse.Namespace) -> bool:
    """Tell whether the command line is about a corpus, be it of one recording."""
    if arguments.manifest is not None or arguments.recursive or len(arguments.audio) > 1:
        return True
    (path,) = arguments.audio
    if not _WILDCARDS.isdisjoint(path) and not os.path.lexists(path):
        return True
    try:
        return Path(path).is_dir()
    except OSError:  # its name is too long: said where it is opened
        return False


def check_inputs(arguments: argparse.Namespace, needs_text: bool, reporter: Reporter) -> int:
    """Check all recordings that the command line names, and print how much they are.

    Args:
        arguments: of the command line.
        needs_text: whether each recording needs a text of its own.
        reporter: takes the report.

    Returns:
        The exit code.

    Raises:
        InputsError: something cannot be used.
    """
    from speech_toolkit.corpus.inputs.summary import summarise

    items = items_from(arguments, needs_text, strict=True, progress=reporter)
    summary = summarise(items, *_source(arguments), part_from(arguments), reporter)
    for line in _summary_lines(summary, needs_text):
        reporter.line(line)
    return EXIT_DONE


def _source(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the argument that names the recordings, and its value where that is one."""
    if arguments.manifest is None:
        return "--audio", ""
    return "--manifest", shown_path(arguments.manifest)


def items_from(
    arguments: argparse.Namespace, needs_text: bool, *, strict: bool, progress: Progress
) -> tuple[Item, ...]:
    """Return the recordings that the command line names, all of them checked.

    Args:
        arguments: of the command line.
        needs_text: whether each recording needs a text of its own.
        strict: whether what is wrong with single recordings or texts is an error too; else those
            items have a fault.
        progress: shows how many are checked.

    Raises:
        InputsError: something cannot be used.
    """
    from speech_toolkit.corpus.inputs.read import read_audio_items, read_manifest_items

    if arguments.manifest is None:
        return read_audio_items(
            arguments.audio,
            needs_text=needs_text,
            recursive=arguments.recursive,
            strict=strict,
            progress=progress,
        )
    return read_manifest_items(
        arguments.manifest,
        needs_text=needs_text,
        format_name=arguments.manifest_format or MANIFEST_FORMATS[0],
        strict=strict,
        progress=progress,
    )


def _summary_lines(summary: InputSummary, needs_text: bool) -> list[str]:
    hours, minutes = summary.audio_s / 3600, summary.audio_s / 60
    length = f"{hours:,.2f} h" if hours >= 1 else f"{minutes:.2f} min"
    lines = [
        f"Recordings: {summary.items:,} in {summary.files:,} files",
        f"Audio:      {length}",
    ]
    if needs_text:
        lines.append(f"Text:       {summary.characters:,} characters")
    if summary.languages:
        named = ", ".join(f"{code} {count:,}" for code, count in summary.languages.items())
        lines.append(f"Languages:  {named}")
    return [*lines, "No fault was found."]
