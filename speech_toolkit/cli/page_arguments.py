"""The arguments of a script that writes its report as a page too, and what it does with them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.cli.arguments import comma_separated
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.pages.languages import LANGUAGES

_ADVICE = "name one page, and its languages between commas: --html report.html --lang en,zh"


def add_html_arguments(parser: argparse._ActionsContainer) -> None:
    """Add ``--html`` and ``--lang``."""
    parser.add_argument(
        "--html",
        metavar="FILE",
        action=_Once,
        help="write the report as one HTML page too, to read offline",
    )
    parser.add_argument(
        "--lang",
        type=comma_separated(_language),
        default=LANGUAGES[:1],
        action=_Once,
        metavar="LANG[,LANG...]",
        help="language of the page: en or zh; of several, those after the first are written beside "
        "it, as FILE.zh.html (default: en)",
    )


class _Once(argparse.Action):
    """Stores a value, and refuses a second one, which would replace the first in silence."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not self.default:
            parser.error(f"{option_string} is given twice; {_ADVICE}")
        setattr(namespace, self.dest, values)


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(LANGUAGES)}")
    return text


def page_paths(arguments: argparse.Namespace) -> dict[str, str]:
    """Return where the page goes in each language that was asked for, by language.

    Raises:
        UsageError: ``--html`` says stdout.
    """
    if arguments.html is None:
        return {}
    if arguments.html == "-":
        raise UsageError("--html -: a page is not printed; give it a file name")
    first, *others = arguments.lang
    path = Path(arguments.html)
    suffix = path.suffix or ".html"
    return {first: arguments.html} | {
        language: str(path.with_name(f"{path.stem}.{language}{suffix}")) for language in others
    }


def write_page(
    report: Mapping[str, Any], arguments: argparse.Namespace, reporter: Reporter
) -> None:
    """Write the page where ``--html`` asks for it in each language, and say where it is."""
    paths = page_paths(arguments)
    if not paths:
        return
    from speech_toolkit.evaluation.pages import write_html

    for language, path in paths.items():
        write_html(report, path, language)
    reporter.saved("Page", *paths.values())
