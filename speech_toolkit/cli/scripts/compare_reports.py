"""Hold a report of eval_perf.py against an older one, without measuring anything."""

from __future__ import annotations

import argparse

from speech_toolkit.cli.arguments import ScriptParser, add_report_arguments
from speech_toolkit.cli.evaluation_arguments import add_regression_arguments
from speech_toolkit.cli.output_guard import OutputGuard
from speech_toolkit.cli.reporter import reporter_from


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this module's command line."""
    parser = ScriptParser(
        "Hold a report of eval_perf.py against an older one.",
        "0 no case became slower than allowed, 1 one did, 2 wrong usage or input, or reports that "
        "cannot be compared, 4 not valid (too few or too noisy runs to tell)",
        prog="python -m speech_toolkit.evaluation.compare_reports",
    )
    parser.add_argument("old", metavar="OLD.json")
    parser.add_argument("new", metavar="NEW.json")
    add_regression_arguments(parser)
    parser.add_argument(
        "--output", metavar="FILE", help="write NEW.json with the comparison in it, or - for stdout"
    )
    add_report_arguments(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    OutputGuard(
        {"--output": arguments.output}, {"OLD.json": arguments.old, "NEW.json": arguments.new}
    )

    from speech_toolkit.evaluation.report import read_report
    from speech_toolkit.evaluation.speed.regression import (
        compare_reports,
        refuse_incomparable,
    )
    from speech_toolkit.evaluation.speed.table import (
        comparison_lines,
        comparison_warnings,
    )
    from speech_toolkit.evaluation.thresholds import EXIT_CODES
    from speech_toolkit.files.writing import write_json

    old, new = (read_report(path, ["perf"]) for path in (arguments.old, arguments.new))
    allowed = {"allow_differences": arguments.allow_different_machine}
    refuse_incomparable(old, new, arguments.old, **allowed)
    comparison = compare_reports(old, new, arguments.max_regression, **allowed)
    if arguments.output is not None:
        write_json(arguments.output, new | {"comparison": comparison})
    for line in comparison_lines(comparison):
        reporter.line(line)
    reporter.warnings(comparison_warnings(comparison))
    return EXIT_CODES[comparison["verdict"]]
