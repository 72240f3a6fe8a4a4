"""A result in its files and on the terminal: what was found first, then where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import Job
from speech_toolkit.files.writing import write_text
from speech_toolkit.formats import render
from speech_toolkit.formats.subtitles.options import SubtitleOptions

_SHOWN_FIRST, _SHOWN_LAST = 15, 5


def write_results(document: Mapping[str, Any], job: Job, subtitles: SubtitleOptions) -> list[str]:
    """Write a result in all formats of a job, each file whole or not at all.

    Args:
        document: the JSON form of an alignment or a transcription.
        job: which files.
        subtitles: the options of those formats that are subtitles.

    Returns:
        The paths that were written.

    Raises:
        UsageError: a file cannot be written; those before it stand.
    """
    texts = [render(document, output.format_name, subtitles) for output in job.outputs]
    paths = [output.path_for(document["device"]) for output in job.outputs]
    for path, text in zip(paths, texts, strict=True):
        write_text(path, text)
    return paths


def show_results(title: str, lines: Sequence[str], reporter: Reporter) -> None:
    """Print lines under a title, those in the middle left out where there are many."""
    left_out = len(lines) - _SHOWN_FIRST - _SHOWN_LAST
    if left_out > 1:
        lines = [*lines[:_SHOWN_FIRST], f"... {left_out} more ...", *lines[-_SHOWN_LAST:]]
    reporter.line()
    reporter.line(f"[{title}]")
    for line in lines:
        reporter.line(line)
    reporter.line()
