"""Arguments that the scripts which compare devices share; standard library only."""

import argparse
from collections.abc import Callable

from speech_toolkit.cli.arguments import add_attention_argument, add_precision_argument, number
from speech_toolkit.cli.page_arguments import add_html_arguments
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.ranges import REGRESSION_PERCENT, RUNS, TIMEOUT_S, WARMUP, Range

FAMILIES = ("mms", "whisper")
DEFAULT_MAX_REGRESSION = 0.1


def add_subject_arguments(
    parser: argparse.ArgumentParser, *, family: str, devices: str, timeout_s: float
) -> None:
    """Add the arguments that say which model runs on which devices.

    Args:
        parser: of the script.
        family: of the bundled model that runs by default.
        devices: help of ``--devices``.
        timeout_s: default of ``--timeout``.
    """
    parser.add_argument(
        "--model_path",
        metavar="DIR_OR_HUB_ID",
        help="checkpoint directory or hub id (default: the bundled model of --family)",
    )
    parser.add_argument(
        "--family",
        choices=FAMILIES,
        default=family,
        help=f"which bundled model, where no --model_path is given (default: {family})",
    )
    parser.add_argument("--devices", metavar="LIST", help=devices)
    add_attention_argument(parser)
    add_precision_argument(parser, ", for entries of --devices without one")
    parser.add_argument(
        "--timeout",
        dest="timeout_s",
        type=number(TIMEOUT_S),
        default=timeout_s,
        metavar="SECONDS",
        help=f"for each device, loading included (%(type)s; default: {timeout_s:g})",
    )


def add_run_arguments(parser: argparse.ArgumentParser, *, runs: int) -> None:
    """Add ``--warmup`` and ``--runs``, which is ``runs`` by default."""
    parser.add_argument(
        "--warmup",
        type=number(WARMUP),
        default=2,
        metavar="N",
        help="calls before (%(type)s; default: 2)",
    )
    parser.add_argument(
        "--runs",
        type=number(RUNS),
        default=runs,
        metavar="N",
        help=f"calls measured (%(type)s; default: {runs})",
    )


def add_regression_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say when a report of speed is worse than an older one."""
    parser.add_argument(
        "--max_regression",
        type=percentage(REGRESSION_PERCENT),
        default=DEFAULT_MAX_REGRESSION,
        metavar="PERCENT",
        help="how much longer the runs of a case may take (%(type)s; default: 10%%)",
    )
    parser.add_argument(
        "--allow_different_machine",
        action="store_true",
        help="compare reports of another machine, model, setting or input all the same",
    )


def add_output_arguments(parser: argparse.ArgumentParser, *, output: str) -> None:
    """Add the arguments that say where the report goes, by default to the file ``output``."""
    parser.add_argument(
        "--output",
        default=output,
        metavar="FILE",
        help=f"JSON report, or - for stdout (default: {output})",
    )
    add_html_arguments(parser)


def percentage(within: Range) -> Callable[[str], float]:
    """Return an argparse type that turns "10%" into 0.1, for a range in percent."""

    def parse(text: str) -> float:
        figure, sign, rest = text.strip().partition("%")
        if not sign or rest:
            raise argparse.ArgumentTypeError(f"{shown_value(text)} is no percentage such as 10%")
        return number(within)(figure) / 100

    parse.__name__ = f"{within} %"
    return parse
