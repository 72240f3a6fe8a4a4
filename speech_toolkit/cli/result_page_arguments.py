"""The arguments of a result's page and picture, and where their recording comes from."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from speech_toolkit.audio.source import STDIN
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import Job
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.formats import HTML
from speech_toolkit.formats.page.audio_file import find_audio
from speech_toolkit.formats.page.languages import LANGUAGES
from speech_toolkit.formats.page.settings import EMBED, LINK, PageSettings
from speech_toolkit.formats.picture.requirements import check_can_draw

_WITHOUT = "page and picture are made without sound"


def add_page_arguments(group: argparse._ActionsContainer, *, with_language: bool = True) -> None:
    """Add ``--page_audio``, ``--plot``, and ``--lang`` where the script has none yet."""
    group.add_argument(
        "--page_audio",
        choices=(EMBED, LINK),
        help="whether the sound is in the page of --format html or beside it (default: embed, but "
        "link beyond 32 MiB, about three hours)",
    )
    if with_language:
        group.add_argument(
            "--lang",
            choices=LANGUAGES,
            help="language that the pages of --format html and of a corpus open in (default: en)",
        )
    group.add_argument(
        "--plot",
        metavar="FILE.png",
        help="draw waveform, spectrogram and words as a picture too (needs matplotlib)",
    )


def with_pages(jobs: Sequence[Job], arguments: argparse.Namespace) -> tuple[Job, ...]:
    """Return jobs with what is asked of their pages and pictures, without a recording yet.

    Raises:
        UsageError: an argument has no effect, or a picture cannot be drawn here.
    """
    formats = {output.format_name for output in jobs[0].outputs}
    page = page_settings(arguments, formats)
    if arguments.plot is not None:
        if len(jobs) > 1:
            raise UsageError(
                f"--plot {shown_path(arguments.plot)}: is one picture for {len(jobs)} results; "
                "draw each by itself"
            )
        if Path(arguments.plot).suffix.lower() != ".png":
            raise UsageError(f"--plot {shown_path(arguments.plot)}: end the name in .png")
        check_can_draw()
    return tuple(replace(job, page=page, plot=arguments.plot) for job in jobs)


def with_recordings(jobs: Iterable[Job], reporter: Reporter) -> tuple[Job, ...]:
    """Return jobs whose input is the recording itself, with it where it can be read once more."""
    made = []
    for job in jobs:
        recording = find_audio(job.input_path) if job.shows_recording else None
        if job.shows_recording and recording is None:
            reporter.warning(f"--audio {job.input_path}: cannot be read again, so {_WITHOUT}")
        made.append(replace(job, recording=recording))
    return tuple(made)


def with_recording_of(
    job: Job, document: Mapping[str, Any], named: str | None, reporter: Reporter
) -> Job:
    """Return the job of an earlier result with the recording that it was made from.

    Args:
        job: whose input is the result.
        document: the result.
        named: where the recording stands, if somebody said so.
        reporter: told where there is none.
    """
    if not job.shows_recording:
        return job
    path, folder = document["audio_path"], Path(job.input_path).parent
    recording = named or find_audio(path, [folder])
    if recording is None:
        why = "came from standard input" if path == STDIN else "was not found"
        reporter.warning(
            f"{shown_path(job.input_path)}: its audio {shown_path(path)} {why}, so {_WITHOUT}; "
            "name it with --audio"
        )
    return replace(job, recording=recording)


def page_settings(
    arguments: argparse.Namespace, formats: Iterable[str], *, has_other_pages: bool = False
) -> PageSettings | None:
    """Return what is asked of pages, without a recording yet; None where none is written.

    Args:
        arguments: of the command line.
        formats: in which results are written.
        has_other_pages: whether the run writes pages that are no results, in the same language.

    Raises:
        UsageError: an argument has no effect.
    """
    if HTML in formats:
        return PageSettings(language=page_language(arguments), audio=arguments.page_audio)
    lang = None if has_other_pages else arguments.lang
    for flag, value in (("page_audio", arguments.page_audio), ("lang", lang)):
        if isinstance(value, str):
            raise UsageError(f"--{flag} has no effect without --format {HTML}; leave it out")
    return None


def page_language(arguments: argparse.Namespace) -> str:
    """Return the language that pages open in."""
    # one language, or several where the script writes reports as pages in several
    language = arguments.lang or LANGUAGES[0]
    return language if isinstance(language, str) else language[0]
