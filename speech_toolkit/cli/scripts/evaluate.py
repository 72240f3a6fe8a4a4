"""Numerical parity: does a model compute the same on NPU or CUDA as on the CPU, and how fast?"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from speech_toolkit.cli.arguments import ScriptParser, add_report_arguments, number
from speech_toolkit.cli.evaluation_arguments import (
    add_output_arguments,
    add_run_arguments,
    add_subject_arguments,
)
from speech_toolkit.cli.output_guard import OutputGuard, checkpoint_files, sample_files
from speech_toolkit.cli.page_arguments import page_paths, write_page
from speech_toolkit.cli.reporter import Reporter, reporter_from
from speech_toolkit.ranges import AUDIO_S, LIMIT

if TYPE_CHECKING:
    from speech_toolkit.evaluation.parity.request import ParityRequest

DEFAULT_OUTPUT = "eval_result.json"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = ScriptParser(
        "Compare what a model computes on several devices, number by number.",
        "0 passed, 1 failed, 2 wrong usage or input, or a device that is not there, 4 evidence not "
        "valid",
    )
    _add_subject_arguments(parser)
    _add_comparison_arguments(parser)
    _add_run_arguments(parser)
    add_report_arguments(parser)
    return parser


def _add_subject_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is compared."""
    add_subject_arguments(
        parser,
        family="mms",
        devices="each with or without a dtype and float32's precision, such as cpu,npu or "
        "cpu:float32,npu:0:float16,npu:0:float32:high; "
        "the first is the reference (default: cpu and the card that is found; where there is none, "
        "float32 and bfloat16 on the CPU)",
        timeout_s=1800.0,
    )
    parser.add_argument(
        "--audio", help="a recording of speech, or - for standard input (default: the bundled demo)"
    )
    text = parser.add_mutually_exclusive_group()
    text.add_argument("--transcript", help="mms: what is spoken, to compare word boundaries")
    text.add_argument(
        "--transcript_file", metavar="FILE", help="mms: UTF-8 file with what is spoken"
    )
    parser.add_argument(
        "--language", default="eng", help="ISO 639-3 code of the transcript (default: eng)"
    )
    parser.add_argument(
        "--max_audio_s",
        type=number(AUDIO_S),
        default=30.0,
        metavar="SECONDS",
        help="compare no more than this from the start of the audio (%(type)s; default: 30)",
    )


def _add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how it is compared."""
    parser.add_argument(
        "--layers",
        nargs="?",
        choices=("off", "blocks", "all"),
        const="all",
        default="blocks",
        help="compare the modules by themselves, and name the first that is off: the layers and "
        "what stands beside them, or all; --layers alone means all (default: blocks)",
    )
    parser.add_argument(
        "--golden",
        choices=("float64",),
        help="run in float64 on the CPU too, and ask whether a device is further from it than the "
        "reference",
    )
    parser.add_argument(
        "--emulate",
        metavar="LIST",
        help="round the factors of products on the CPU as a chip does, and say how much of an "
        "error that explains: hf32 (convolutions, the default of torch_npu), tf32, float16, "
        "bfloat16, each with :conv, :matmul or :all where another scope is meant, and gelu_tanh",
    )
    parser.add_argument(
        "--budget",
        action="store_true",
        help="say of what the error is made, at the outputs and in each module: GELU in its tanh "
        "form, HF32, TF32, the dtype, the noise floor, and what is left unexplained",
    )
    parser.add_argument(
        "--limits",
        choices=("tight", "published"),
        default="tight",
        help="what float32 without HF32 or TF32 is held to: twice the distance that the CPU has "
        "from float64, plus the noise floor, or the 1 %% that ports are published with; both are "
        "shown (default: tight)",
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another limit than the dtype's own, such as relative_error=0.02; may be repeated "
        f"({LIMIT})",
    )
    parser.add_argument(
        "--no_noise_floor",
        action="store_true",
        help="do not run the reference with other numbers of CPU threads",
    )


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how it runs and where the report goes."""
    add_run_arguments(parser, runs=5)
    add_output_arguments(parser, output=DEFAULT_OUTPUT)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    OutputGuard(
        outputs={"--output": arguments.output, "--html": page_paths(arguments).values()},
        inputs={
            "--audio": arguments.audio,
            "--transcript_file": arguments.transcript_file,
            "--model_path": checkpoint_files(arguments.model_path),
            "bundled sample": sample_files(),
        },
    )

    from speech_toolkit.evaluation.parity.evaluation import ParityEvaluation
    from speech_toolkit.evaluation.parity.table import parity_lines
    from speech_toolkit.evaluation.targets import refuse_missing
    from speech_toolkit.files.writing import write_json

    evaluation = ParityEvaluation(_request(arguments, reporter), reporter)
    report, code = evaluation.run(sys.argv if argv is None else argv)
    write_json(arguments.output, report)
    for line in parity_lines(report):
        reporter.line(line)
    reporter.warnings(report["warnings"])
    reporter.saved("Report", arguments.output)
    write_page(report, arguments, reporter)
    refuse_missing(report["verdict"], [report["reference"], *report["candidates"]])
    return code


def _request(arguments: argparse.Namespace, reporter: Reporter) -> ParityRequest:
    from speech_toolkit.bundled import bundled_model
    from speech_toolkit.evaluation.models.emulations import parse_emulations
    from speech_toolkit.evaluation.models.family import BUNDLED_MODELS, checkpoint_directory
    from speech_toolkit.evaluation.parity.limits import NAMES
    from speech_toolkit.evaluation.parity.request import ParityRequest
    from speech_toolkit.evaluation.targets import Target, choose_targets
    from speech_toolkit.evaluation.thresholds import parse_changes

    changes = parse_changes(arguments.threshold, NAMES)
    emulations = parse_emulations(arguments.emulate)
    if arguments.model_path is None:
        reporter.info(f"No --model_path given: comparing the bundled {arguments.family} model")
    model = arguments.model_path or str(bundled_model(BUNDLED_MODELS[arguments.family]))
    audio, transcript = _speech(arguments)
    directory = str(checkpoint_directory(model, arguments.language))
    targets = choose_targets(arguments.devices, float32_precision=arguments.float32_precision)
    if arguments.devices is None and len(targets) == 1:
        reporter.info("No card found: comparing float32 and bfloat16 on the CPU")
        targets = (Target("cpu", "float32"), Target("cpu", "bfloat16"))
    return ParityRequest(
        model_path=directory,
        audio_path=audio,
        targets=targets,
        transcript=transcript,
        language=arguments.language,
        warmup=arguments.warmup,
        runs=arguments.runs,
        layers=arguments.layers,
        golden=arguments.golden is not None,
        limits=arguments.limits,
        budget=arguments.budget,
        emulations=emulations,
        noise_floor=not arguments.no_noise_floor,
        changes=changes,
        attn_implementation=arguments.attn_implementation,
        max_audio_s=arguments.max_audio_s,
        timeout_s=arguments.timeout_s,
    )


def _speech(arguments: argparse.Namespace) -> tuple[str, str | None]:
    """Return the audio, and what is spoken in it where that is known."""
    from speech_toolkit.alignment.text.transcript_file import (
        check_is_text,
        check_one_reads_stdin,
        read_transcript,
    )
    from speech_toolkit.bundled import SAMPLES

    check_is_text(arguments.transcript, "--transcript", "--transcript_file")
    demo = SAMPLES / "demo.wav"
    file = arguments.transcript_file
    if arguments.audio is None and arguments.transcript is None and file is None:
        file = demo.with_suffix(".txt")
    check_one_reads_stdin(arguments.audio, file, "--transcript_file")
    transcript = arguments.transcript if file is None else read_transcript(str(file))
    return arguments.audio or str(demo), transcript
