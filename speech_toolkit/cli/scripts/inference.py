"""Run a speech model: the script that fits is picked by the checkpoint's ``config.json``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from types import ModuleType
from typing import Any

from speech_toolkit.cli.arguments import refuse_dashes_as_value
from speech_toolkit.exit_codes import EXIT_DONE

ALIGNMENT, TRANSCRIPTION = "inference_mms", "inference_whisper"


def script_for(model_path: str | os.PathLike[str] | None, *, has_mode: bool = False) -> str:
    """Name the script for a checkpoint; reads its ``config.json`` and nothing else.

    Args:
        model_path: directory or hub id; None for a bundled model.
        has_mode: whether a mode is asked for, so that the bundled model is Whisper.

    Raises:
        CheckpointError: there is no such checkpoint, or its family is not supported.
    """
    if model_path is None:
        return TRANSCRIPTION if has_mode else ALIGNMENT
    from speech_toolkit.families import MMS, WHISPER, family_of

    return {MMS: ALIGNMENT, WHISPER: TRANSCRIPTION}[family_of(model_path)]


def run_inference(
    model_path: str | os.PathLike[str] | None, *arguments: Any, **options: Any
) -> dict[str, Any]:
    """Run the model of a checkpoint on one audio file and return its JSON form as a dict.

    ``model_path`` picks the family; all further arguments are those of the family's own
    ``run_inference``. For alignment: ``audio_path``, ``transcript``, ``device_type``, ``dtype``.
    For transcription: ``audio_path``, ``device_type``, ``dtype``, ``mode`` and other settings.
    With None the bundled aligner runs, or where ``mode`` is given the bundled Whisper model.

    Raises:
        ToolkitError: an input cannot be used; the message says which and what to do.
    """
    script = _import(script_for(model_path, has_mode="mode" in options))
    return script.run_inference(model_path, *arguments, **options)


def main(argv: list[str] | None = None) -> int:
    """Hand the command line over to the script that fits and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        description="Run a speech model: the script that fits is picked by the checkpoint.",
        epilog="All other options are those of the script picked; see `inference_mms.py --help` "
        "(audio and transcript in, times out) and `inference_whisper.py --help` (audio in, "
        "transcript out). Without --model_path the first runs, or with --mode the second.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("--model_path", metavar="DIR_OR_HUB_ID")
    parser.add_argument("--mode", help="transcribe, chunked, compare or benchmark")
    parser.add_argument("-h", "--help", action="store_true")
    refuse_dashes_as_value(parser, argv)
    known, _ = parser.parse_known_args(argv)
    if known.help and known.model_path is None and known.mode is None:
        parser.print_help()
        return EXIT_DONE
    script = script_for(known.model_path, has_mode=known.mode is not None)
    return _import(script).main(argv)


def _import(script: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{script}")
