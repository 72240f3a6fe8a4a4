"""The console commands of an installed package: the scripts, by their names with dashes."""

from importlib import import_module
from typing import NoReturn

from speech_toolkit.cli.quiet_start import end_quietly


def _run(script: str) -> NoReturn:
    end_quietly()
    from speech_toolkit.cli.run_script import run_script

    run_script(import_module(f"speech_toolkit.cli.scripts.{script}").main)


def inference() -> NoReturn:
    """Run ``inference.py``."""
    _run("inference")


def inference_mms() -> NoReturn:
    """Run ``inference_mms.py``."""
    _run("inference_mms")


def inference_whisper() -> NoReturn:
    """Run ``inference_whisper.py``."""
    _run("inference_whisper")


def evaluate() -> NoReturn:
    """Run ``evaluate.py``."""
    _run("evaluate")


def eval_accuracy() -> NoReturn:
    """Run ``eval_accuracy.py``."""
    _run("eval_accuracy")


def eval_perf() -> NoReturn:
    """Run ``eval_perf.py``."""
    _run("eval_perf")


def convert() -> NoReturn:
    """Run ``convert.py``."""
    _run("convert")
