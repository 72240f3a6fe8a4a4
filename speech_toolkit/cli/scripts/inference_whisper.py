"""Speech to text with Whisper models: transcribe, compare with the CPU, measure speed."""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.source import STDIN
from speech_toolkit.cli.arguments import ScriptParser
from speech_toolkit.cli.input_arguments import check_inputs
from speech_toolkit.cli.output_guard import OutputGuard, checkpoint_files
from speech_toolkit.cli.page_arguments import page_paths, write_page
from speech_toolkit.cli.part_arguments import part_from
from speech_toolkit.cli.reporter import Reporter, reporter_from
from speech_toolkit.cli.result_files import plan_jobs
from speech_toolkit.cli.result_page_arguments import with_pages, with_recordings
from speech_toolkit.cli.subtitle_arguments import subtitle_options
from speech_toolkit.cli.transcription_arguments import (
    COMPARE,
    DEFAULT_NUM_RUNS,
    DEFAULT_STEM,
    DEFAULT_WARMUP,
    add_arguments,
    check_arguments,
    settings_from,
)
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.settings import MODES, TranscriptionSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import torch

    from speech_toolkit.cli.output_guard import Paths
    from speech_toolkit.formats.subtitles.options import SubtitleOptions

DEFAULT_REPORT = "{mode}_result.json"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = ScriptParser(
        "Turn speech into text with a Whisper model.",
        "0 done or passed, 1 compare failed, 2 wrong usage or input, 3 some of many recordings "
        "failed, 4 compare has no valid evidence",
    )
    add_arguments(parser)
    return parser


def run_inference(
    model_path: str | os.PathLike[str] | None,
    audio_path: str | os.PathLike[str],
    device_type: torch.device | str = "auto",
    dtype: torch.dtype | str | None = None,
    *,
    attn_implementation: str | None = None,
    float32_precision: str = HIGHEST,
    decode_graph: str = "auto",
    audio_track: int = 0,
    start_s: float = 0.0,
    end_s: float | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Transcribe one audio file.

    To transcribe many files with a model that stays loaded, use
    ``speech_toolkit.transcription.transcriber.Transcriber``.

    Args:
        model_path: directory or hub id of a Whisper checkpoint; None for the bundled model.
        audio_path: audio or video file.
        device_type: auto, npu, npu:N, cuda, cuda:N or cpu.
        dtype: of weights and computation; None for float16 on NPU and CUDA, float32 on CPU.
        attn_implementation: attention kernel; None for the one transformers picks.
        float32_precision: "highest", or "high" where a card may round float32's products.
        decode_graph: "auto", "on" or "off": whether a decoding step is captured as a graph.
        audio_track: of a file with several, counted from 0.
        start_s: where the part that is transcribed begins; all times stay those of the whole file.
        end_s: where it ends; None for the end of the file.
        **settings: ``mode`` ("transcribe" or "chunked"), ``language``, ``timestamps`` and all else
            as in ``TranscriptionSettings``.

    Returns:
        The JSON form of the result: ``result["text"]``,
        ``result["segments"][i]["text" | "start_s" | "end_s"]``, ``words``, ``language``,
        ``coverage``, ``rtf``, ``device`` and more.

    Raises:
        ToolkitError: an input cannot be used; the message says which and what to do.
    """
    from speech_toolkit.cli.transcribe_file import transcribe_file

    request = WhisperRequest(
        model_path=None if model_path is None else os.fspath(model_path),
        audio_path=os.fspath(audio_path),
        device=str(device_type),
        dtype=None if dtype is None else str(dtype).removeprefix("torch."),
        attn_implementation=attn_implementation,
        float32_precision=float32_precision,
        decode_graph=decode_graph,
        settings=TranscriptionSettings(**settings),
        part=AudioPart(audio_track, start_s, end_s),
    )
    return transcribe_file(request, Reporter(quiet=True)).to_dict()


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    is_corpus = check_arguments(arguments)
    if arguments.check_only:
        return check_inputs(arguments, False, reporter)
    if is_corpus:
        return _transcribe_many(arguments, reporter)
    if arguments.mode in MODES:
        return _transcribe(arguments, reporter)
    request = _request(arguments, (), subtitle_options(arguments, ()))
    return _measure(arguments, request, reporter)


def _request(
    arguments: argparse.Namespace, formats: Iterable[str], subtitles: SubtitleOptions
) -> WhisperRequest:
    return WhisperRequest(
        model_path=arguments.model_path,
        audio_path=STDIN if arguments.audio is None else arguments.audio[0],
        device=arguments.device,
        dtype=arguments.dtype,
        attn_implementation=arguments.attn_implementation,
        float32_precision=arguments.float32_precision,
        decode_graph=arguments.decode_graph,
        settings=settings_from(arguments, formats, subtitles),
        part=part_from(arguments),
    )


def _transcribe(arguments: argparse.Namespace, reporter: Reporter) -> int:
    jobs = plan_jobs(
        arguments.audio, arguments.format, arguments.output, arguments.output_dir, DEFAULT_STEM
    )
    (job,) = with_recordings(with_pages(jobs, arguments), reporter)
    subtitles = subtitle_options(arguments, job.format_names)
    request = _request(arguments, job.format_names, subtitles)
    _guard({job.flag: job.possible_paths(), "--plot": arguments.plot}, arguments)
    from speech_toolkit.cli.transcribe_file import run_job

    return run_job(request, job, subtitles, reporter)


def _transcribe_many(arguments: argparse.Namespace, reporter: Reporter) -> int:
    from speech_toolkit.cli.corpus_run import forms_from, run_corpus
    from speech_toolkit.corpus.task import TranscriptionTask

    forms = forms_from(arguments)
    request = _request(arguments, forms.format_names, forms.subtitles)
    return run_corpus(TranscriptionTask(request, forms), arguments, False, reporter)


def _guard(outputs: dict[str, Paths], arguments: argparse.Namespace) -> None:
    """Make sure that no output is an input, or another output."""
    OutputGuard(
        outputs,
        inputs={
            "--audio": arguments.audio,
            "--reference_file": arguments.reference_file,
            "--model_path": checkpoint_files(arguments.model_path),
        },
    )


def _measure(arguments: argparse.Namespace, request: WhisperRequest, reporter: Reporter) -> int:
    """Run compare or benchmark, and write the report before it is shown."""
    output = arguments.output or DEFAULT_REPORT.format(mode=arguments.mode)
    _guard({"--output": output, "--html": page_paths(arguments).values()}, arguments)
    from speech_toolkit.audio.source import readable_again
    from speech_toolkit.cli.transcribe_file import check_inputs
    from speech_toolkit.files.writing import write_json
    from speech_toolkit.system.streams import stdout_to_stderr

    truth = _reference(arguments)
    measure = _compare if arguments.mode == COMPARE else _benchmark
    with (
        stdout_to_stderr() if output == "-" else nullcontext(),
        readable_again(request.audio_path) as audio,
    ):
        request = replace(request, audio_file=audio.path)
        check_inputs(request)
        report, code, lines = measure(arguments, request, truth, reporter)
    write_json(output, report)
    for line in lines:
        reporter.line(line)
    reporter.saved("Results", output)
    write_page(report, arguments, reporter)
    return code


def _compare(
    arguments: argparse.Namespace, request: WhisperRequest, truth: str | None, reporter: Reporter
) -> tuple[dict[str, Any], int, Iterator[str]]:
    """Return the report of compare, its exit code and its lines for the terminal."""
    from speech_toolkit.evaluation.accuracy.one_file import compare_devices
    from speech_toolkit.evaluation.accuracy.one_file_table import compare_lines

    report, code = compare_devices(request, truth, reporter)
    return report, code, compare_lines(report)


def _benchmark(
    arguments: argparse.Namespace, request: WhisperRequest, truth: str | None, reporter: Reporter
) -> tuple[dict[str, Any], int, Iterator[str]]:
    """Return the report of benchmark, its exit code and its lines for the terminal."""
    from speech_toolkit.evaluation.speed.one_file import benchmark_lines, run_benchmark

    num_runs = arguments.num_runs or DEFAULT_NUM_RUNS
    warmup = DEFAULT_WARMUP if arguments.warmup is None else arguments.warmup
    report = run_benchmark(request, num_runs, warmup, reporter)
    return report, EXIT_DONE, benchmark_lines(report)


def _reference(arguments: argparse.Namespace) -> str | None:
    """Return what is spoken, where the user told."""
    from speech_toolkit.alignment.text.transcript_file import (
        check_is_text,
        check_one_reads_stdin,
        read_transcript,
    )

    check_one_reads_stdin(arguments.audio[0], arguments.reference_file, "--reference_file")
    if arguments.reference_file is None:
        check_is_text(arguments.reference, "--reference", "--reference_file")
        return arguments.reference
    return read_transcript(arguments.reference_file)
