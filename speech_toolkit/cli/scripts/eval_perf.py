"""Measure speed: latency, real-time factor, throughput and memory of a model on several devices."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from speech_toolkit.cli.arguments import (
    DTYPES,
    ScriptParser,
    add_report_arguments,
    comma_separated,
    number,
)
from speech_toolkit.cli.evaluation_arguments import (
    add_output_arguments,
    add_regression_arguments,
    add_run_arguments,
    add_subject_arguments,
    percentage,
)
from speech_toolkit.cli.output_guard import OutputGuard, checkpoint_files, sample_files
from speech_toolkit.cli.page_arguments import page_paths, write_page
from speech_toolkit.cli.reporter import Reporter, reporter_from
from speech_toolkit.ranges import (
    AGREEMENT_PERCENT,
    AUDIO_S,
    BATCH_SIZE,
    MAX_NEW_TOKENS,
    SEED,
    TOTAL_AUDIO_S,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from speech_toolkit.evaluation.speed.evaluation import PerformanceRequest

DEFAULT_OUTPUT = "eval_perf_result.json"
DEFAULT_DURATION_S = 30.0
DEFAULT_MIN_AGREEMENT = 0.95


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = ScriptParser(
        "Measure latency, real-time factor, throughput and memory on several devices.",
        "0 done, 1 slower than --compare allows, 2 wrong usage or input, or a device that is not "
        "there, 4 not valid (a device failed while it ran, no speech, or too few runs to tell)",
    )
    _add_subject_arguments(parser)
    _add_measurement_arguments(parser)
    _add_comparison_arguments(parser)
    add_report_arguments(parser)
    return parser


def _add_subject_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is measured."""
    add_subject_arguments(
        parser,
        family="mms",
        devices="devices, each with or without a dtype, such as cpu:float32,npu:0:float16; the "
        "first is the reference (default: cpu and, where one is found, a card)",
        timeout_s=1800.0,
    )
    parser.add_argument(
        "--dtypes",
        type=comma_separated(_dtype),
        default=(),
        metavar="LIST",
        help="dtypes for entries of --devices without one (default: float32 on the CPU; on a card "
        "float32 for mms, float16 for whisper)",
    )
    parser.add_argument(
        "--audio", help="speech to measure with, or - for standard input (default: bundled samples)"
    )
    parser.add_argument(
        "--duration",
        "--durations",
        dest="durations_s",
        type=comma_separated(number(AUDIO_S)),
        metavar="SECONDS[,...]",
        help="length of a recording; the speech is cut or repeated to it (%(type)s; default: 30, "
        "or the whole of --audio)",
    )
    parser.add_argument(
        "--batch_size",
        "--batch_sizes",
        dest="batch_sizes",
        type=comma_separated(number(BATCH_SIZE)),
        default=(1,),
        metavar="N[,...]",
        help="recordings that the audio holds, one after the other, and how many windows of it may "
        "run together (%(type)s; default: 1)",
    )


def _add_measurement_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how it is measured."""
    add_run_arguments(parser, runs=10)
    parser.add_argument(
        "--seed",
        type=number(SEED),
        default=0,
        metavar="N",
        help="of the order of the bundled samples (%(type)s; default: 0)",
    )
    parser.add_argument(
        "--min_agreement",
        type=percentage(AGREEMENT_PERCENT),
        default=DEFAULT_MIN_AGREEMENT,
        metavar="PERCENT",
        help="share of frames or tokens that must be the reference's, or the speed-up is withheld "
        "(%(type)s; default: 95%%; a dtype of less precision may flip a frame in a hundred)",
    )
    parser.add_argument(
        "--decode_graph",
        choices=("auto", "on", "off"),
        default="auto",
        help="whisper: replay the decoding step as a captured graph (default: auto)",
    )
    parser.add_argument(
        "--max_new_tokens",
        type=number(MAX_NEW_TOKENS),
        metavar="N",
        help="whisper: most tokens for 30 s (%(type)s; default: what the model has room for)",
    )


def _add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about reports, this one and an older one."""
    parser.add_argument(
        "--compare", metavar="FILE", help="an older report to be held against; exit 1 if slower"
    )
    add_regression_arguments(parser)
    add_output_arguments(parser, output=DEFAULT_OUTPUT)


def _dtype(text: str) -> str:
    if text not in DTYPES:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(DTYPES)}")
    return text


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    OutputGuard(
        outputs={"--output": arguments.output, "--html": page_paths(arguments).values()},
        inputs={
            "--audio": arguments.audio,
            "--compare": arguments.compare,
            "--model_path": checkpoint_files(arguments.model_path),
            "bundled sample": sample_files(),
        },
    )

    from speech_toolkit.evaluation.report import read_report
    from speech_toolkit.evaluation.speed.evaluation import measure_performance
    from speech_toolkit.evaluation.speed.regression import compare_reports, refuse_incomparable
    from speech_toolkit.files.writing import json_text, write_text

    old, before = None, None
    allowed = {"allow_differences": arguments.allow_different_machine}
    if arguments.compare:
        old = read_report(arguments.compare, ["perf"], "--compare")

        def before(known: Mapping[str, Any]) -> None:
            refuse_incomparable(old, known, f"--compare {arguments.compare}", **allowed)

    request = _request(arguments, reporter)
    argv = sys.argv if argv is None else argv
    report = measure_performance(request, argv, reporter, before)
    text = json_text(report | {"comparison": None})
    limit = arguments.max_regression
    try:
        report["comparison"] = old and compare_reports(old, report, limit, **allowed)
        text = json_text(report)
    finally:  # hours of measuring are kept, whatever the old report does to the comparison
        write_text(arguments.output, text)
    _print(report, reporter)
    reporter.saved("Report", arguments.output)
    write_page(report, arguments, reporter)
    return _exit_code(report, arguments.compare)


def _request(arguments: argparse.Namespace, reporter: Reporter) -> PerformanceRequest:
    from speech_toolkit.evaluation.speed.evaluation import PerformanceRequest
    from speech_toolkit.evaluation.targets import choose_targets

    if arguments.model_path is None:
        reporter.info(f"No --model_path given: measuring the bundled {arguments.family} model")
    longest_s = max(arguments.durations_s or (DEFAULT_DURATION_S,))
    TOTAL_AUDIO_S.check("--duration x --batch_size", longest_s * max(arguments.batch_sizes))
    targets = choose_targets(arguments.devices, arguments.dtypes, arguments.float32_precision)
    if arguments.devices is None and all(target.is_cpu for target in targets):
        reporter.info("No card found: measuring the CPU alone")
    return PerformanceRequest(
        model_path=arguments.model_path,
        family=arguments.family,
        targets=targets,
        audio_path=arguments.audio,
        durations_s=arguments.durations_s or (() if arguments.audio else (DEFAULT_DURATION_S,)),
        batch_sizes=arguments.batch_sizes,
        warmup=arguments.warmup,
        runs=arguments.runs,
        seed=arguments.seed,
        timeout_s=arguments.timeout_s,
        min_agreement=arguments.min_agreement,
        attn_implementation=arguments.attn_implementation,
        decode_graph=arguments.decode_graph,
        max_new_tokens=arguments.max_new_tokens,
    )


def _print(report: dict[str, Any], reporter: Reporter) -> None:
    from speech_toolkit.evaluation.speed.table import comparison_warnings, performance_lines

    for line in performance_lines(report):
        reporter.line(line)
    reporter.warnings(
        f"{each['target']}, {each['duration_s']:g} s x {each['batch_size']}: speed-up withheld, "
        f"{each['withheld']}"
        for each in report["speed_ups"]
        if each["withheld"]
    )
    reporter.warnings(f"not valid: {each}" for each in report["not_valid"])
    if report["comparison"]:
        reporter.warnings(comparison_warnings(report["comparison"]))


def _exit_code(report: dict[str, Any], compared_with: str | None) -> int:
    """Judge the report; raise where a device is not there, or another machine's is compared."""
    from speech_toolkit.evaluation.speed.regression import refuse_differences
    from speech_toolkit.evaluation.targets import refuse_missing
    from speech_toolkit.evaluation.thresholds import EXIT_CODES, NOT_VALID, PASS, worst_of

    comparison = report["comparison"]
    if comparison and comparison["differences"] and not comparison["differences_allowed"]:
        refuse_differences(comparison["differences"], f"--compare {compared_with}")
    own = NOT_VALID if report["not_valid"] else PASS
    verdict = worst_of([own, comparison["verdict"] if comparison else PASS])
    refuse_missing(verdict, report["targets"])
    return EXIT_CODES[verdict]
