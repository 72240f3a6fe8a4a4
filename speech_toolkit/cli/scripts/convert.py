"""Write results of earlier runs in other formats, without running a model."""

from __future__ import annotations

import argparse

from speech_toolkit.cli.arguments import ScriptParser, add_report_arguments
from speech_toolkit.cli.output_guard import DEVICE, OutputGuard
from speech_toolkit.cli.reporter import reporter_from
from speech_toolkit.cli.result_arguments import add_result_arguments
from speech_toolkit.cli.result_files import plan_jobs
from speech_toolkit.cli.result_page_arguments import (
    add_page_arguments,
    with_pages,
    with_recording_of,
)
from speech_toolkit.cli.subtitle_arguments import add_subtitle_arguments, subtitle_options
from speech_toolkit.errors import ToolkitError, UsageError
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_SOME_FAILED

DEFAULT_STEM = f"converted_result_{DEVICE}"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = ScriptParser(
        "Write JSON results of inference_mms.py and inference_whisper.py in other formats.",
        "0 done, 2 wrong usage or input, 3 some of several results failed",
        prog="convert.py",
    )
    parser.add_argument("results", nargs="+", metavar="RESULT.json", help="what a run wrote")
    add_result_arguments(parser, default_stem=DEFAULT_STEM)
    add_subtitle_arguments(parser.add_argument_group("subtitles"))
    page = parser.add_argument_group("page and picture")
    add_page_arguments(page)
    page.add_argument(
        "--audio",
        metavar="FILE",
        help="recording of the result, where it is neither at its old path nor beside the result",
    )
    add_report_arguments(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    jobs = plan_jobs(
        arguments.results,
        arguments.format,
        arguments.output,
        arguments.output_dir,
        DEFAULT_STEM,
        input_flag="RESULT.json",
    )
    subtitles = subtitle_options(arguments, jobs[0].format_names)
    jobs = with_pages(jobs, arguments)
    if arguments.audio is not None and (len(jobs) > 1 or not jobs[0].shows_recording):
        raise UsageError(
            "--audio is the recording of one result for --format html or --plot; leave it out"
        )
    guard = OutputGuard(
        {
            jobs[0].flag: [path for job in jobs for path in job.possible_paths()],
            "--plot": arguments.plot,
        },
        {"RESULT.json": arguments.results, "--audio": arguments.audio},
    )
    from speech_toolkit.cli.results import write_results
    from speech_toolkit.formats.document import read_document

    written: list[str] = []
    failed: list[str] = []
    for job in jobs:
        try:
            document = read_document(job.input_path)
            job = with_recording_of(job, document, arguments.audio, reporter)
            guard.protect("the audio of RESULT.json", job.recording)
            written += write_results(document, job, subtitles, reporter)
        except ToolkitError as error:
            if len(jobs) == 1:
                raise
            reporter.error(error)
            failed.append(job.input_path)
    if failed:
        reporter.warning(f"{len(failed)} of {len(jobs)} results failed: {', '.join(failed)}")
    if written:
        reporter.saved("Results", *written)
    return EXIT_SOME_FAILED if failed else EXIT_DONE
