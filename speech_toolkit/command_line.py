"""What the scripts share: arguments, the report they print, progress and exit codes.

Imports the standard library only, so that ``--help`` and wrong usage answer at once.
"""

import argparse
import gc
import logging
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from speech_toolkit.errors import ToolkitError, UsageError
from speech_toolkit.interrupts import signals_raised
from speech_toolkit.streams import discard_output, make_streams_printable

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_SOME_FAILED = 3
EXIT_NOT_VALID = 4
EXIT_INTERRUPTED = 130

DTYPES = ("float32", "float16", "bfloat16")
RULE = "=" * 60


class Reporter:
    """Prints a run's report line by line.

    The report goes to stdout, or to stderr when stdout carries the JSON result. Warnings always
    go to stderr. ``quiet`` keeps the warnings only.

    Attributes:
        quiet: whether the report is suppressed.
        verbose: whether :meth:`debug` lines are printed.
    """

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, stream: TextIO | None = None
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._stream = stream or sys.stdout

    def line(self, text: str = "") -> None:
        """Print one line of the report as it is."""
        if self.quiet:
            return
        try:
            print(text, file=self._stream, flush=True)
        except BrokenPipeError:  # a reader such as `head` left; the result is still to be written
            discard_output(self._stream)
        except OSError as error:
            raise UsageError(f"the report cannot be printed: {error.strerror}") from error

    def banner(self, text: str) -> None:
        """Print a title between two rules."""
        self.line(RULE)
        self.line(text)
        self.line(RULE)

    def info(self, text: str) -> None:
        """Print an ``[INFO]`` line."""
        self.line(f"[INFO] {text}")

    def time(self, stage: str, seconds: float, detail: str = "") -> None:
        """Print a ``[TIME]`` line for one stage."""
        self.line(f"[TIME] {stage}: {seconds:.2f}s{detail and f' ({detail})'}")

    def result(self, text: str) -> None:
        """Print a ``[RESULT]`` line."""
        self.line(f"[RESULT] {text}")

    def debug(self, text: str) -> None:
        """Print a ``[DEBUG]`` line on stderr when verbose."""
        if self.verbose:
            print(f"[DEBUG] {text}", file=sys.stderr, flush=True)

    def warning(self, text: str) -> None:
        """Print a ``[WARNING]`` line on stderr, quiet or not."""
        print(f"[WARNING] {text}", file=sys.stderr, flush=True)

    def warnings(self, texts: Iterable[str]) -> None:
        """Print each of ``texts`` as a warning."""
        for text in texts:
            self.warning(text)

    def progress_bar(self, *, total: int, label: str, unit: str) -> Any:
        """Return a tqdm bar on stderr, shown on a terminal only; use it in a ``with``."""
        from tqdm import tqdm

        hidden = self.quiet or total < 2 or not sys.stderr.isatty()
        return tqdm(
            total=total, desc=label, unit=unit, leave=False, file=sys.stderr, disable=hidden
        )


def reporter_from(arguments: argparse.Namespace) -> Reporter:
    """Make the reporter that ``--quiet``, ``--verbose`` and ``--output -`` ask for.

    What the package logs becomes part of the report.
    """
    stream = sys.stderr if arguments.output == "-" else sys.stdout
    reporter = Reporter(quiet=arguments.quiet, verbose=arguments.verbose, stream=stream)
    logger = logging.getLogger("speech_toolkit")
    logger.handlers = [_ReportHandler(reporter)]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    return reporter


def number(minimum: float, *, above: bool = False) -> Callable[[str], float]:
    """Return an argparse type for a finite float of at least (or above) ``minimum``."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (minimum < value if above else minimum <= value) or value == float("inf"):
            bound = "above" if above else "of at least"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {bound} {minimum:g}")
        return value

    return parse


def positive_int(text: str) -> int:
    """Argparse type for an integer of at least 1."""
    return _whole_number(text, 1)


def non_negative_int(text: str) -> int:
    """Argparse type for an integer of at least 0."""
    return _whole_number(text, 0)


def _whole_number(text: str, minimum: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = minimum - 1
    if value < minimum:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {minimum}")
    return value


def add_model_arguments(parser: argparse.ArgumentParser, *, default_model: str) -> None:
    """Add the arguments that say which model runs on which device."""
    parser.add_argument(
        "--model_path",
        metavar="DIR_OR_HUB_ID",
        help=f"checkpoint directory or hub id (default: the bundled {default_model})",
    )
    parser.add_argument(
        "--device",
        default="auto",
        metavar="auto|npu[:N]|cuda[:N]|cpu",
        help="where the model runs (default: auto = NPU, else CUDA, else CPU)",
    )
    add_attention_argument(parser)


def add_attention_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--attn_implementation``."""
    parser.add_argument(
        "--attn_implementation",
        choices=("eager", "sdpa", "flash_attention_2"),
        help="attention kernel (default: the one transformers picks for the model)",
    )


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet`` and ``--verbose``."""
    parser.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    parser.add_argument(
        "--verbose", action="store_true", help="print what was decided and why, and full errors"
    )


def check_output_path(path: str, flag: str = "--output") -> None:
    """Make sure a result can be written to ``path`` before hours are spent on it.

    Args:
        path: a file, or ``-`` for stdout.
        flag: the argument that it comes from, for the message.

    Raises:
        UsageError: ``path`` is a directory, or its directory cannot be made or written to.
    """
    if path == "-":
        return
    target = Path(path)
    try:
        if target.is_dir() or path.endswith(os.sep):
            raise UsageError(f"{flag} {path}: is a directory; give a file name in it")
        target.parent.mkdir(parents=True, exist_ok=True)
        is_device = target.exists() and not target.is_file()
    except OSError as error:
        raise UsageError(
            f"{flag} {path}: cannot be created: {error.strerror}; choose another path"
        ) from error
    if target.exists() and not os.access(target, os.W_OK):
        raise UsageError(f"{flag} {path}: no permission to write there; choose another path")
    if is_device:
        return
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise UsageError(
            f"{flag} {path}: nothing can be written in its directory ({error.strerror}); "
            "choose another path"
        ) from error


def output_format(path: str, formats: Sequence[str], default: str = "json") -> str:
    """Return the format that the suffix of an output names.

    Args:
        path: what ``--output`` says, a file or ``-`` for stdout.
        formats: what can be written, by suffix.
        default: what a name without a suffix means.

    Raises:
        UsageError: the suffix is that of another format.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix in formats:
        return suffix
    if suffix[:1].isalpha():  # "talk_0.5" has none
        known = ", ".join(f".{name}" for name in formats)
        raise UsageError(
            f"--output {path}: .{suffix} is not a format that can be written here; "
            f"end the name in {known}"
        )
    return default


class _ReportHandler(logging.Handler):
    """Turns log records of the package into lines of the report."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record at the level it was logged at."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._reporter.warning(text)
        elif record.levelno >= logging.INFO:
            self._reporter.info(text)
        else:
            self._reporter.debug(text)


def run_script(main: Callable[..., int], *arguments: Any) -> NoReturn:
    """Call ``main`` and leave the process with its exit code, errors printed as one line.

    A :class:`ToolkitError` ends the script with its own exit code, a signal with 128 and its
    number, which is 130 for Ctrl-C, a reader of stdout that went away with 0.
    """
    make_streams_printable()
    threads_before = threading.enumerate()
    try:
        with signals_raised():
            code = main(*arguments)
            sys.stdout.flush()
    except ToolkitError as error:
        if "--verbose" in sys.argv:
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt as interrupt:
        print("interrupted", file=sys.stderr)
        code = getattr(interrupt, "exit_code", EXIT_INTERRUPTED)
    except BrokenPipeError:
        code = EXIT_DONE
    try:
        sys.stdout.flush()
    except OSError:  # said above, or of no interest: the reader left
        discard_output(sys.stdout)
    if any(not each.daemon and each not in threads_before for each in threading.enumerate()):
        os._exit(code)  # the interpreter would wait for what reads from a pipe that nobody fills
    gc.freeze()  # or the interpreter spends a second looking for garbage on its way out
    sys.exit(code)
