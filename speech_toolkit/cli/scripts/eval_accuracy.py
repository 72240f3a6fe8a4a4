"""Does a model recognise, or align, on a device as well as on the CPU? One verdict."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit.cli.arguments import ScriptParser, add_report_arguments, number
from speech_toolkit.cli.evaluation_arguments import (
    add_output_arguments,
    add_subject_arguments,
)
from speech_toolkit.cli.output_guard import OutputGuard, checkpoint_files, sample_files
from speech_toolkit.cli.page_arguments import page_paths, write_page
from speech_toolkit.cli.reporter import Reporter, reporter_from
from speech_toolkit.ranges import BATCH_SIZE, LIMIT, SEED, TEST_CASES, WORDS

if TYPE_CHECKING:
    from speech_toolkit.evaluation.accuracy.evaluation import AccuracyRequest
    from speech_toolkit.evaluation.targets import Target

DEFAULT_OUTPUT = "eval_accuracy_result.json"
DEFAULT_CASES = 20
CPU_ONLY_TARGETS = "cpu:float32,cpu:bfloat16"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = ScriptParser(
        "Judge whether a model does its task on a device as well as on the reference.",
        "0 PASS, 1 FAIL, 2 wrong usage or input, 4 NOT VALID (the cases prove nothing)",
    )
    _add_model_arguments(parser)
    _add_case_arguments(parser)
    _add_verdict_arguments(parser)
    add_report_arguments(parser)
    return parser


def _add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which model runs where."""
    add_subject_arguments(
        parser,
        family="whisper",
        devices="at least two, each with or without a dtype, such as cpu:float32,npu:0:float16; "
        "the first is the reference (default: cpu and the card that is found; without a card "
        f"{CPU_ONLY_TARGETS})",
        timeout_s=3600.0,
    )
    parser.add_argument(
        "--batch_size",
        type=number(BATCH_SIZE),
        metavar="N",
        help="windows of a long recording that run together (%(type)s; default: 8, and 1 on a CPU, "
        "as in inference)",
    )


def _add_case_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is listened to."""
    parser.add_argument(
        "--num_test_cases",
        type=number(TEST_CASES),
        default=DEFAULT_CASES,
        metavar="N",
        help=f"how many spoken test cases are made (%(type)s; default: {DEFAULT_CASES})",
    )
    parser.add_argument(
        "--source",
        choices=("auto", "synthesiser", "samples"),
        default="auto",
        help="where their speech comes from: eSpeak NG or Flite, or the bundled samples (default: "
        "auto = a synthesiser where one is found; samples for the bundled models and aligners)",
    )
    parser.add_argument(
        "--manifest",
        metavar="FILE",
        help='cases of your own instead: JSON lines such as {"audio": "a.wav", "text": "Hello."}; '
        '"language", "words" with true times and "conditions" may be added',
    )
    parser.add_argument(
        "--language", help="of the cases (default: English); a manifest's lines may say another"
    )
    parser.add_argument(
        "--seed",
        type=number(SEED),
        default=0,
        metavar="N",
        help="of all that is random (%(type)s; default: 0)",
    )
    parser.add_argument(
        "--keep_audio",
        metavar="DIR",
        help="keep the test cases that are made in this directory, beside what stands there",
    )


def _add_verdict_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about the verdict and where it goes."""
    parser.add_argument(
        "--min_words",
        type=number(WORDS),
        default=50,
        metavar="N",
        help="words that the compared cases must hold for a PASS (%(type)s; default: 50)",
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"change a limit, such as lead_shift=4 or mean_wer=0.02; rates in 0..1 ({LIMIT}); a "
        "published criterion that is set decides as well",
    )
    add_output_arguments(parser, output=DEFAULT_OUTPUT)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    guard = _guard(arguments)

    from speech_toolkit.evaluation.accuracy.evaluation import case_directory, evaluate_accuracy
    from speech_toolkit.evaluation.targets import refuse_missing
    from speech_toolkit.evaluation.thresholds import EXIT_CODES

    request = _request(arguments, reporter)
    with case_directory(arguments.keep_audio) as directory:
        argv = sys.argv if argv is None else argv
        report = evaluate_accuracy(request, directory, argv, reporter, guard.protect)
        _write(report, arguments, reporter)
    refuse_missing(report["verdict"], report["targets"])
    return EXIT_CODES[report["verdict"]]


def _guard(arguments: argparse.Namespace) -> OutputGuard:
    """Make sure that no output is an input, another output, or a case kept before."""
    kept = None
    if arguments.keep_audio is not None and arguments.manifest is None:
        from speech_toolkit.evaluation.cases.cases import new_case_files

        kept = new_case_files(Path(arguments.keep_audio), arguments.num_test_cases)
    return OutputGuard(
        outputs={
            "--output": arguments.output,
            "--html": page_paths(arguments).values(),
            "--keep_audio": kept,
        },
        inputs={
            "--manifest": arguments.manifest,
            "--model_path": checkpoint_files(arguments.model_path),
            "bundled sample": sample_files(),
        },
    )


def _write(report: dict[str, Any], arguments: argparse.Namespace, reporter: Reporter) -> None:
    from speech_toolkit.evaluation.accuracy.table import accuracy_lines
    from speech_toolkit.files.writing import write_json

    write_json(arguments.output, report)
    for line in accuracy_lines(report):
        reporter.line(line)
    reporter.saved("Report", arguments.output)
    write_page(report, arguments, reporter)


def _request(arguments: argparse.Namespace, reporter: Reporter) -> AccuracyRequest:
    from speech_toolkit.evaluation.accuracy.evaluation import AccuracyRequest

    if arguments.model_path is None:
        reporter.info(f"No --model_path given: testing the bundled {arguments.family} model")
    return AccuracyRequest(
        model_path=arguments.model_path,
        family=arguments.family,
        targets=_targets(arguments, reporter),
        num_test_cases=arguments.num_test_cases,
        source=arguments.source,
        manifest=arguments.manifest,
        language=arguments.language,
        seed=arguments.seed,
        min_words=arguments.min_words,
        thresholds=tuple(arguments.threshold),
        attn_implementation=arguments.attn_implementation,
        batch_size=arguments.batch_size,
        timeout_s=arguments.timeout_s,
    )


def _targets(arguments: argparse.Namespace, reporter: Reporter) -> tuple[Target, ...]:
    """Return the devices asked for, the CPU and the card found, or two dtypes of a lone CPU."""
    from speech_toolkit.evaluation.targets import choose_targets, parse_targets

    targets = choose_targets(arguments.devices, float32_precision=arguments.float32_precision)
    if arguments.devices is None and len(targets) == 1:
        reporter.warning(
            f"no card here: compares dtypes on the CPU ({CPU_ONLY_TARGETS}), which says nothing "
            "of a card"
        )
        return parse_targets(CPU_ONLY_TARGETS)
    return targets
