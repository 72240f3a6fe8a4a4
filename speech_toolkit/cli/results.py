"""A result in its files and on the terminal: what was found first, then where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import Job
from speech_toolkit.files.writing import write_bytes, write_text
from speech_toolkit.formats import render
from speech_toolkit.formats.page.settings import PageSettings
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.system.streams import STDOUT

_SHOWN_FIRST, _SHOWN_LAST = 15, 5


def write_results(
    document: Mapping[str, Any], job: Job, subtitles: SubtitleOptions, reporter: Reporter
) -> list[str]:
    """Write a result in all formats of a job, each file whole or not at all.

    Args:
        document: the JSON form of an alignment or a transcription.
        job: which files.
        subtitles: the options of those formats that are subtitles.
        reporter: told what a picture does not show.

    Returns:
        The paths that were written.

    Raises:
        UsageError: a file cannot be written; those before it stand.
    """
    paths = [output.path_for(document["device"]) for output in job.outputs]
    texts = [
        render(document, output.format_name, subtitles, _page(job, path))
        for output, path in zip(job.outputs, paths, strict=True)
    ]
    picture = None if job.plot is None else _picture(document, job, reporter)
    for path, text in zip(paths, texts, strict=True):
        write_text(path, text)
    if picture is not None:
        write_bytes(job.plot, picture)
        paths.append(job.plot)
    return paths


def _page(job: Job, path: str) -> PageSettings | None:
    """Return how the page at a path is made, where one is."""
    if job.page is None:
        return None
    page_path = None if path == STDOUT else path
    return replace(job.page, audio_path=job.recording, page_path=page_path)


def _picture(document: Mapping[str, Any], job: Job, reporter: Reporter) -> bytes:
    from speech_toolkit.formats.picture.drawing import draw_picture

    picture = draw_picture(document, job.recording)
    reporter.warnings(picture.warnings)
    return picture.png


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
