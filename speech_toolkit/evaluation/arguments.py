"""Arguments that the scripts which compare devices share; standard library only."""

import argparse

from speech_toolkit.command_line import (
    add_attention_argument,
    non_negative_int,
    number,
    positive_int,
)
from speech_toolkit.evaluation.html.arguments import add_html_arguments

FAMILIES = ("mms", "whisper")
DEFAULT_MAX_REGRESSION = 0.1
LARGEST_SHARE = 10.0


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
    parser.add_argument(
        "--timeout",
        dest="timeout_s",
        type=number(0, above=True),
        default=timeout_s,
        metavar="SECONDS",
        help=f"for each device, loading included (default: {timeout_s:g})",
    )


def add_run_arguments(parser: argparse.ArgumentParser, *, runs: int) -> None:
    """Add ``--warmup`` and ``--runs``, which is ``runs`` by default."""
    parser.add_argument(
        "--warmup", type=non_negative_int, default=2, metavar="N", help="calls before (default: 2)"
    )
    parser.add_argument(
        "--runs",
        type=positive_int,
        default=runs,
        metavar="N",
        help=f"calls measured (default: {runs})",
    )


def add_regression_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say when a report of speed is worse than an older one."""
    parser.add_argument(
        "--max_regression",
        type=percentage,
        default=DEFAULT_MAX_REGRESSION,
        metavar="PERCENT",
        help="how much longer the runs of a case may take (default: 10%%)",
    )
    parser.add_argument(
        "--allow_different_machine",
        action="store_true",
        help="compare reports of another machine, model, setting or input all the same",
    )


def percentage(text: str) -> float:
    """Argparse type that turns "10%" into 0.1."""
    number_of, sign, rest = text.strip().partition("%")
    try:
        share = float(number_of) / 100
    except ValueError:
        share = float("nan")
    if not sign or rest or not 0 <= share <= LARGEST_SHARE:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no percentage such as 10%, from 0% to {LARGEST_SHARE:.0%}"
        )
    return share


def add_output_arguments(parser: argparse.ArgumentParser, *, output: str) -> None:
    """Add the arguments that say where the report goes, by default to the file ``output``."""
    parser.add_argument(
        "--output",
        default=output,
        metavar="FILE",
        help=f"JSON report, or - for stdout (default: {output})",
    )
    add_html_arguments(parser)
