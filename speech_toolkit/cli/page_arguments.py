"""The arguments of a script that writes its report as a page too, and what it does with them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.pages.languages import LANGUAGES


def add_html_arguments(parser: argparse._ActionsContainer) -> None:
    """Add ``--html`` and ``--lang``."""
    parser.add_argument(
        "--html", metavar="FILE", help="write the report as one HTML page too, to read offline"
    )
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=LANGUAGES[0],
        help="language of the page: English or Chinese (default: en)",
    )


def check_html_arguments(arguments: argparse.Namespace) -> None:
    """Make sure that the page goes to a file.

    Raises:
        UsageError: ``--html`` says stdout.
    """
    if arguments.html == "-":
        raise UsageError("--html -: a page is not printed; give it a file name")


def write_page(
    report: Mapping[str, Any], arguments: argparse.Namespace, reporter: Reporter
) -> None:
    """Write the page where ``--html`` asks for it, and say where it is."""
    if arguments.html is None:
        return
    from speech_toolkit.evaluation.pages import write_html

    write_html(report, arguments.html, arguments.lang)
    reporter.saved("Page", arguments.html)
