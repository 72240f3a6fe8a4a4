"""The command line of Whisper: its arguments, and the settings that they ask for."""

import argparse
from collections.abc import Callable, Iterable
from typing import TypeVar

from speech_toolkit.cli.arguments import (
    DTYPES,
    add_model_arguments,
    add_report_arguments,
    comma_separated,
    number,
)
from speech_toolkit.cli.corpus_arguments import add_corpus_arguments, check_corpus_arguments
from speech_toolkit.cli.input_arguments import (
    add_input_arguments,
    check_input_arguments,
    names_many,
)
from speech_toolkit.cli.output_guard import DEVICE
from speech_toolkit.cli.page_arguments import add_html_arguments
from speech_toolkit.cli.part_arguments import add_part_arguments
from speech_toolkit.cli.result_arguments import add_result_arguments
from speech_toolkit.cli.result_page_arguments import add_page_arguments
from speech_toolkit.cli.subtitle_arguments import add_subtitle_arguments
from speech_toolkit.errors import UsageError
from speech_toolkit.formats import FORMATS
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.ranges import (
    BATCH_SIZE,
    CHUNK_LENGTH_S,
    COMPRESSION_RATIO,
    LOG_PROBABILITY,
    MAX_NEW_TOKENS,
    PROBABILITY,
    RUNS,
    SEED,
    TEMPERATURE,
    WARMUP,
)
from speech_toolkit.transcription.settings import (
    DECODE_GRAPHS,
    MODES,
    TASKS,
    TIMESTAMPS,
    TranscriptionSettings,
)

T = TypeVar("T")

DEFAULT_STEM = f"transcription_result_{DEVICE}"
COMPARE, BENCHMARK = "compare", "benchmark"
ALL_MODES = (*MODES, COMPARE, BENCHMARK)
DEFAULT_NUM_RUNS = 10
DEFAULT_WARMUP = 2
_DEFAULTS = TranscriptionSettings()
_DEFAULT_SUBTITLES = SubtitleOptions()
_OFF = "none"
_DETECT = "auto"
# What only some modes look at: refused in the others, so that nothing is overridden silently.
_MODES_OF = {
    "num_runs": (BENCHMARK,),
    "warmup": (BENCHMARK,),
    "reference": (COMPARE,),
    "reference_file": (COMPARE,),
    "format": MODES,
    "output_dir": MODES,
    "page_audio": MODES,
    "plot": MODES,
    "html": (COMPARE, BENCHMARK),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all arguments of ``inference_whisper.py``."""
    add_input_arguments(
        parser,
        "audio or video file of any rate and format, or - for standard input; several, a glob or a "
        "directory",
    )
    add_part_arguments(parser)
    add_model_arguments(parser, default_model="tiny-whisper", several_devices=True)
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        help="of weights and computation (default: float16 on NPU and CUDA, float32 on CPU)",
    )
    parser.add_argument(
        "--mode",
        choices=ALL_MODES,
        default="transcribe",
        help="transcribe: windows in order, each knowing the text before it; chunked: windows in "
        "batches; compare: the device against the CPU in float32; benchmark: the time it takes "
        "(default: transcribe)",
    )
    _add_speech_arguments(parser.add_argument_group("what is spoken"))
    _add_window_arguments(parser.add_argument_group("windows"))
    _add_decoding_arguments(parser.add_argument_group("decoding"))
    output = parser.add_argument_group("output")
    add_result_arguments(output, default_stem=DEFAULT_STEM)
    add_page_arguments(output, with_language=False)
    add_subtitle_arguments(parser.add_argument_group("subtitles"))
    _add_measurement_arguments(parser.add_argument_group("compare and benchmark"))
    add_corpus_arguments(parser.add_argument_group("many recordings"))
    add_report_arguments(parser)


def settings_from(
    arguments: argparse.Namespace,
    formats: Iterable[str] = (),
    subtitles: SubtitleOptions = _DEFAULT_SUBTITLES,
) -> TranscriptionSettings:
    """Return the settings that the command line asks for.

    Compare and benchmark take the windows in batches where ``--batch_size`` is given, in order
    otherwise.

    Args:
        arguments: of the command line.
        formats: in which the result is written; times are found for them where nobody says which.
        subtitles: the options of those formats that are subtitles.

    Raises:
        UsageError: a format needs times that ``--timestamps`` leaves out.
    """
    chunked = arguments.mode == "chunked" or (
        arguments.mode not in MODES and arguments.batch_size is not None
    )
    return TranscriptionSettings(
        mode="chunked" if chunked else "transcribe",
        language=None if arguments.language == _DETECT else arguments.language,
        task=arguments.task,
        timestamps=_timestamps(arguments.timestamps, formats, subtitles),
        prompt=arguments.prompt,
        max_new_tokens=arguments.max_new_tokens,
        temperatures=arguments.temperature,
        compression_ratio_threshold=arguments.compression_ratio_threshold,
        logprob_threshold=arguments.logprob_threshold,
        no_speech_threshold=arguments.no_speech_threshold,
        condition_on_previous_text=arguments.condition_on_previous_text,
        chunk_length_s=arguments.chunk_length,
        batch_size=arguments.batch_size,
        skip_silence=not arguments.keep_silence,
        seed=arguments.seed,
    )


def check_arguments(arguments: argparse.Namespace) -> bool:
    """Tell whether the run is over many recordings, once the arguments go together.

    Raises:
        UsageError: one has no effect in the mode, or contradicts another.
    """
    check_input_arguments(arguments)
    for name, modes in _MODES_OF.items():
        if getattr(arguments, name) is not None and arguments.mode not in modes:
            raise UsageError(
                f"--{name} has no effect in --mode {arguments.mode}, only in "
                f"{', '.join(modes)}; leave it out"
            )
    if arguments.mode not in MODES and names_many(arguments):
        raise UsageError(f"--mode {arguments.mode} takes one --audio file")
    return not arguments.check_only and check_corpus_arguments(arguments)


def or_none(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return an argparse type that knows "none" beside the values of ``parse``."""

    def parse_or_none(text: str) -> T | None:
        return None if text.lower() == _OFF else parse(text)

    parse_or_none.__name__ = parse.__name__
    return parse_or_none


def _timestamps(asked_for: str | None, formats: Iterable[str], subtitles: SubtitleOptions) -> str:
    entries = [FORMATS[name] for name in formats]
    if asked_for is None:
        wanted = (entry.wanted(subtitles) for entry in entries)
        return max([_DEFAULTS.timestamps, *wanted], key=TIMESTAMPS.index)
    for entry in entries:
        fitting = TIMESTAMPS[TIMESTAMPS.index(entry.needed(subtitles)) :]
        if asked_for not in fitting:
            raise UsageError(
                f"the format {entry.name} needs {fitting[0]} times: "
                f"use --timestamps {' or '.join(fitting)}"
            )
    return asked_for


def _add_speech_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--language",
        default=_DETECT,
        help="code or English name, such as en or german (default: auto: what a fine-tuned "
        "checkpoint asks for, else detected)",
    )
    group.add_argument(
        "--task",
        choices=TASKS,
        help="translate is into English (default: what the checkpoint asks for, else transcribe)",
    )
    group.add_argument("--prompt", metavar="TEXT", help="hints at names and style")


def _add_window_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--chunk_length",
        type=number(CHUNK_LENGTH_S),
        default=_DEFAULTS.chunk_length_s,
        metavar="SECONDS",
        help="longest window, at most what the model hears at a time (%(type)s; default: 30)",
    )
    group.add_argument(
        "--batch_size",
        type=number(BATCH_SIZE),
        metavar="N",
        help="windows that run together, of many recordings too; one of each where the text before "
        "it prompts it (%(type)s; default: 8 on NPU and CUDA, 1 on CPU)",
    )
    group.add_argument(
        "--keep_silence",
        action="store_true",
        help="show the model all of the audio, stretches without speech too",
    )


def _add_decoding_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--timestamps",
        choices=TIMESTAMPS,
        help=f"which times are found (default: {_DEFAULTS.timestamps}, or what the formats hold)",
    )
    group.add_argument(
        "--max_new_tokens",
        type=number(MAX_NEW_TOKENS),
        metavar="N",
        help="most tokens for one window (%(type)s; default: what the model has room for)",
    )
    group.add_argument(
        "--temperature",
        type=comma_separated(number(TEMPERATURE)),
        default=_DEFAULTS.temperatures,
        metavar="T[,T...]",
        help="tried in turn while a test below fails; 0 is greedy; one value alone is never tried "
        f"again (%(type)s; default: {','.join(f'{t:g}' for t in _DEFAULTS.temperatures)})",
    )
    _add_fallback_arguments(group)
    _add_previous_text_arguments(group)
    group.add_argument(
        "--seed",
        type=number(SEED),
        default=_DEFAULTS.seed,
        metavar="N",
        help="of what is drawn at temperatures above 0 (%(type)s; default: 0)",
    )
    group.add_argument(
        "--decode_graph",
        choices=DECODE_GRAPHS,
        default=DECODE_GRAPHS[0],
        help="whether a decoding step is captured as a graph (default: auto, on CUDA)",
    )


def _add_fallback_arguments(group: argparse._ArgumentGroup) -> None:
    for name, within, meaning in (
        ("compression_ratio", COMPRESSION_RATIO, "text that compresses better is decoded again"),
        ("logprob", LOG_PROBABILITY, "text of a lower mean log-probability is decoded again"),
        ("no_speech", PROBABILITY, "above it, with a low log-probability, there is no speech"),
    ):
        default = getattr(_DEFAULTS, f"{name}_threshold")
        group.add_argument(
            f"--{name}_threshold",
            type=or_none(number(within)),
            default=default,
            metavar="X|none",
            help=f"{meaning} (%(type)s; default: {default})",
        )


def _add_previous_text_arguments(group: argparse._ArgumentGroup) -> None:
    previous_text = group.add_mutually_exclusive_group()
    for flag, wanted, does in (
        ("--condition_on_previous_text", True, "prompt each window with the text before it"),
        ("--no_condition_on_previous_text", False, "do not"),
    ):
        previous_text.add_argument(
            flag,
            dest="condition_on_previous_text",
            action="store_const",
            const=wanted,
            help=f"{does} (default: what suits the checkpoint)",
        )


def _add_measurement_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--num_runs",
        type=number(RUNS),
        metavar="N",
        help=f"measured runs of benchmark (%(type)s; default: {DEFAULT_NUM_RUNS})",
    )
    group.add_argument(
        "--warmup",
        type=number(WARMUP),
        metavar="N",
        help=f"runs of benchmark before those (%(type)s; default: {DEFAULT_WARMUP})",
    )
    truth = group.add_mutually_exclusive_group()
    truth.add_argument("--reference", metavar="TEXT", help="what is spoken, for compare")
    truth.add_argument("--reference_file", metavar="FILE", help="UTF-8 file with it")
    add_html_arguments(group)
