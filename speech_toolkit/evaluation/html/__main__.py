"""Write the page of a report that was made before, here or elsewhere.

python -m speech_toolkit.evaluation.html eval_result.json eval_result.html --lang zh
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from speech_toolkit.command_line import EXIT_DONE, check_output_path, run_script
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.html import write_html
from speech_toolkit.evaluation.html.arguments import LANGUAGES


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m speech_toolkit.evaluation.html",
        description="Write a report of a measurement as a page to read.",
        allow_abbrev=False,
    )
    parser.add_argument("report", metavar="REPORT.json")
    parser.add_argument("page", metavar="PAGE.html", help="or - for stdout")
    parser.add_argument("--lang", choices=LANGUAGES, default=LANGUAGES[0])
    parser.add_argument(
        "--audio", metavar="DIR", help="recordings of the cases, if not where the report says"
    )
    arguments = parser.parse_args(argv)
    check_output_path(arguments.page, "PAGE.html")
    write_html(_read(arguments.report), arguments.page, arguments.lang, arguments.audio)
    return EXIT_DONE


def _read(path: str) -> dict[str, object]:
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a report ({error})") from error
    if not isinstance(report, dict):
        raise UsageError(f"{path}: is no report; give the JSON file of a measurement")
    return report


if __name__ == "__main__":
    run_script(main)
