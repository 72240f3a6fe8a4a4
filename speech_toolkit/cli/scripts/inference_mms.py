"""Forced alignment: when is each character, word and sentence of a transcript spoken?"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from speech_toolkit.cli.alignment_arguments import DEFAULT_STEM, add_arguments, check_arguments
from speech_toolkit.cli.arguments import ScriptParser
from speech_toolkit.cli.input_arguments import check_inputs
from speech_toolkit.cli.output_guard import OutputGuard, checkpoint_files
from speech_toolkit.cli.part_arguments import part_from
from speech_toolkit.cli.quality_report import is_bad, report_quality, word_lines
from speech_toolkit.cli.reporter import Reporter, reporter_from
from speech_toolkit.cli.result_files import plan_jobs
from speech_toolkit.cli.result_page_arguments import with_pages, with_recordings
from speech_toolkit.cli.results import show_results, write_results
from speech_toolkit.cli.subtitle_arguments import subtitle_options
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED

if TYPE_CHECKING:
    import torch

    from speech_toolkit.alignment.preparation import AlignmentSettings
    from speech_toolkit.alignment.result import AlignmentResult


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this script's command line."""
    parser = ScriptParser(
        "Find when each character, word and sentence of a transcript is spoken.",
        "0 done, 1 a transcript is not what --fail_on wants, 2 wrong usage or input, 3 some of "
        "many recordings failed",
    )
    add_arguments(parser)
    return parser


def run_inference(
    model_path: str | os.PathLike[str] | None,
    audio_path: str | os.PathLike[str],
    transcript: str,
    device_type: torch.device | str = "auto",
    dtype: torch.dtype | str = "float32",
    *,
    language: str = "eng",
    attn_implementation: str | None = None,
    float32_precision: str = HIGHEST,
    audio_track: int = 0,
    start_s: float = 0.0,
    end_s: float | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Align one audio file with its transcript.

    To align many files with a model that stays loaded, use ``speech_toolkit.alignment.Aligner``.

    Args:
        model_path: directory or hub id of a Wav2Vec2ForCTC; None for the bundled model.
        audio_path: audio or video file.
        transcript: what is spoken.
        device_type: auto, npu, npu:N, cuda, cuda:N or cpu.
        dtype: of weights and computation.
        language: ISO 639-3 code of the transcript.
        attn_implementation: attention kernel; None for the one transformers picks.
        float32_precision: "highest", or "high" where a card may round float32's products.
        audio_track: of a file with several, counted from 0.
        start_s: where the part that is aligned begins; all times stay those of the whole file.
        end_s: where it ends; None for the end of the file.
        **settings: ``star``, ``refine``, ``repair``, ``window_s``, ``context_s``, ``batch_size``,
            ``markup``, ``words`` as in ``AlignmentSettings``.

    Returns:
        The JSON form of the result: ``result["segments"][i]["token" | "start_time" | "end_time"]``,
        ``words``, ``sentences``, ``infer_time``, ``rtf``, ``device`` and more;
        ``result["quality"]["verdict"]`` tells whether the transcript is what was said.

    Raises:
        ToolkitError: an input cannot be used; the message says which and what to do.
    """
    from speech_toolkit.alignment.preparation import AlignmentSettings
    from speech_toolkit.audio.part import AudioPart
    from speech_toolkit.cli.align_file import AlignmentRequest, align_file

    request = AlignmentRequest(
        model_path=None if model_path is None else os.fspath(model_path),
        audio_path=os.fspath(audio_path),
        transcript=transcript,
        device=str(device_type),
        dtype=str(dtype).removeprefix("torch."),
        attn_implementation=attn_implementation,
        float32_precision=float32_precision,
        settings=AlignmentSettings(language=language, **settings),
        part=AudioPart(audio_track, start_s, end_s),
    )
    return align_file(request, Reporter(quiet=True)).to_dict()


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    reporter = reporter_from(arguments)
    is_corpus = check_arguments(arguments)
    if arguments.check_only:
        return check_inputs(arguments, True, reporter)
    if is_corpus:
        return _align_many(arguments, reporter)
    jobs = plan_jobs(
        arguments.audio, arguments.format, arguments.output, arguments.output_dir, DEFAULT_STEM
    )
    (job,) = with_recordings(with_pages(jobs, arguments), reporter)
    subtitles = subtitle_options(arguments, job.format_names)
    OutputGuard(
        outputs={job.flag: job.possible_paths(), "--plot": arguments.plot},
        inputs={
            "--audio": arguments.audio,
            "--transcript_file": _transcript_path(arguments),
            "--model_path": checkpoint_files(arguments.model_path),
        },
    )
    result = _align(arguments, reporter)
    document = result.to_dict()
    paths = write_results(document, job, subtitles, reporter)
    reporter.result(f"Aligned {len(result.segments)} segments")
    show_results("ALIGNMENT RESULTS", word_lines(document), reporter)
    report_quality(document, reporter)
    reporter.saved("Results", *paths)
    return EXIT_FAILED if is_bad(result.quality.verdict, arguments.fail_on) else EXIT_DONE


def _align_many(arguments: argparse.Namespace, reporter: Reporter) -> int:
    from speech_toolkit.cli.corpus_run import forms_from, run_corpus
    from speech_toolkit.corpus.task import AlignmentTask

    task = AlignmentTask(
        model_path=arguments.model_path,
        forms=forms_from(arguments),
        dtype=arguments.dtype,
        attn_implementation=arguments.attn_implementation,
        float32_precision=arguments.float32_precision,
        settings_of_alignment=_settings_from(arguments),
        part=part_from(arguments),
    )
    return run_corpus(task, arguments, True, reporter)


def _settings_from(arguments: argparse.Namespace) -> AlignmentSettings:
    from speech_toolkit.alignment.preparation import AlignmentSettings

    return AlignmentSettings(
        language=arguments.language,
        star=arguments.star,
        refine=arguments.refine == "on",
        repair=arguments.repair,
        window_s=arguments.window_s,
        context_s=arguments.context_s,
        batch_size=arguments.batch_size,
        markup=arguments.markup,
        words=arguments.words,
    )


def _transcript_path(arguments: argparse.Namespace) -> str | None:
    """Return the file of the transcript without the tier that may be named after it."""
    from speech_toolkit.alignment.text.transcript_cues import split_tier

    return None if arguments.transcript_file is None else split_tier(arguments.transcript_file)[0]


def _align(arguments: argparse.Namespace, reporter: Reporter) -> AlignmentResult:
    from contextlib import nullcontext

    from speech_toolkit.alignment.text.transcript_cues import read_any_transcript
    from speech_toolkit.alignment.text.transcript_file import check_is_text, check_one_reads_stdin
    from speech_toolkit.cli.align_file import AlignmentRequest, align_file
    from speech_toolkit.system.streams import stdout_to_stderr

    check_is_text(arguments.transcript, "--transcript", "--transcript_file")
    check_one_reads_stdin(arguments.audio[0], arguments.transcript_file, "--transcript_file")
    request = AlignmentRequest(
        model_path=arguments.model_path,
        audio_path=arguments.audio[0],
        transcript=arguments.transcript
        if arguments.transcript_file is None
        else read_any_transcript(arguments.transcript_file),
        device=arguments.device,
        dtype=arguments.dtype,
        attn_implementation=arguments.attn_implementation,
        float32_precision=arguments.float32_precision,
        settings=_settings_from(arguments),
        part=part_from(arguments),
    )
    with stdout_to_stderr() if arguments.output == "-" else nullcontext():
        return align_file(request, reporter)
