"""Write the page of a report that was made before, here or elsewhere."""

from __future__ import annotations

import argparse

from speech_toolkit.cli.output_guard import OutputGuard
from speech_toolkit.evaluation.pages import write_html
from speech_toolkit.evaluation.pages.languages import LANGUAGES
from speech_toolkit.evaluation.report import read_report
from speech_toolkit.exit_codes import EXIT_DONE


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this command line."""
    parser = argparse.ArgumentParser(
        prog="python -m speech_toolkit.evaluation.pages",
        description="Write a report of a measurement as a page to read.",
        allow_abbrev=False,
    )
    parser.add_argument("report", metavar="REPORT.json")
    parser.add_argument("page", metavar="PAGE.html", help="or - for stdout")
    parser.add_argument("--lang", choices=LANGUAGES, default=LANGUAGES[0])
    parser.add_argument(
        "--audio", metavar="DIR", help="recordings of the cases, if not where the report says"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    OutputGuard({"PAGE.html": arguments.page}, {"REPORT.json": arguments.report})
    write_html(read_report(arguments.report), arguments.page, arguments.lang, arguments.audio)
    return EXIT_DONE
