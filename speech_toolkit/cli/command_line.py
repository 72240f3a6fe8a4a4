"""What the scripts share: arguments, the report they print, progress and exit codes.

Imports the standard library only, so that ``--help`` and wrong usage answer at once.
"""

import argparse
import gc
import logging
import os
import platform
import re
import shlex
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from speech_toolkit import __version__
from speech_toolkit.errors import ToolkitError, UsageError, first_line
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.files.scratch import temporary_directory
from speech_toolkit.ranges import Range
from speech_toolkit.system.interrupts import signals_raised
from speech_toolkit.system.streams import discard_output, make_streams_printable

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_WRONG = 2
EXIT_SOME_FAILED = 3
EXIT_NOT_VALID = 4
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130

DTYPES = ("float32", "float16", "bfloat16")
RULE = "=" * 60
_LONGEST_WORD = 300
_LEAVING_S = 0.2


class ScriptParser(argparse.ArgumentParser):
    """The parser of a script: no abbreviations, no empty values, and errors of one short line.

    Args:
        description: what the script does.
        exit_codes: those of its own, such as "0 done, 2 wrong usage or input".
        prog: how it is called; None for the name of its file.
    """

    def __init__(self, description: str, exit_codes: str, prog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"Exit codes: {exit_codes}, 70 internal error, 130 interrupted "
            "(143 by SIGTERM, 129 by SIGHUP).",
            allow_abbrev=False,
        )
        self.register("type", None, _not_empty)

    def parse_args(self, *arguments: Any, **options: Any) -> argparse.Namespace:
        """Parse the command line; refuse a Python that transformers cannot be imported with."""
        parsed = super().parse_args(*arguments, **options)
        if sys.flags.optimize > 1:
            self.error("python -OO strips docstrings that transformers needs: use -O, or neither")
        return parsed

    def parse_known_args(
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse what is known, once its values are values."""
        refuse_dashes_as_value(self, sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the usage and one short line, and exit with 2."""
        super().error(_one_line(message))


def refuse_dashes_as_value(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """End the script over ``--name=--``, of which argparse makes an empty list."""
    for argument in argv:
        if argument.startswith("--") and argument.endswith("=--"):
            parser.error(f"argument {argument.removesuffix('=--')}: '--' is no value")


def _not_empty(text: str) -> str:
    """Argparse type of every argument that names no other."""
    if not text:
        raise argparse.ArgumentTypeError("the value is empty; give one, or leave the argument out")
    return text


def _one_line(text: str) -> str:
    """Return a message on one line, words of absurd length cut in their middle."""
    text = " ".join(text.splitlines())
    return re.sub(
        rf"\S{{{_LONGEST_WORD},}}", lambda word: f"{word[0][:150]}...{word[0][-50:]}", text
    )


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
        if not self.quiet:
            _print(text, self._stream)

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
            _print(f"[DEBUG] {text}", sys.stderr)

    def warning(self, text: str) -> None:
        """Print a ``[WARNING]`` line on stderr, quiet or not."""
        _print(f"[WARNING] {text}", sys.stderr)

    def warnings(self, texts: Iterable[str]) -> None:
        """Print each of ``texts`` as a warning."""
        for text in texts:
            self.warning(text)

    def error(self, error: ToolkitError) -> None:
        """Print on stderr what stopped one item of several."""
        _print_error(f"error: {error}")

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


def number(within: Range) -> Callable[[str], float]:
    """Return an argparse type for the numbers of a range, which ``%(type)s`` shows in a help."""

    def parse(text: str) -> float:
        try:
            value = int(text) if within.whole else float(text)
        except ValueError:
            value = float("nan")
        if value not in within:
            raise argparse.ArgumentTypeError(f"{shown_value(text)} is not {within.described}")
        return value

    parse.__name__ = str(within)
    return parse


def comma_separated(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Return an argparse type for values between commas; of several equal ones the first counts."""

    def parse_all(text: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(parse(part.strip()) for part in text.split(",")))

    parse_all.__name__ = parse.__name__
    return parse_all


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
    number, which is 130 for Ctrl-C, and what nobody foresaw with 70 and its traceback in a file.
    """
    make_streams_printable()
    threads_before = threading.enumerate()
    try:
        with signals_raised():
            code = main(*arguments)
    except SystemExit as leaving:  # argparse is done: help, or wrong usage
        code = leaving.code
    except ToolkitError as error:
        code = _stopped_by(error, f"error: {error}", error.exit_code)
    except KeyboardInterrupt as interrupt:
        _print_error("interrupted")
        code = getattr(interrupt, "exit_code", EXIT_INTERRUPTED)
    except MemoryError as error:
        said = str(error) or "allocation refused"
        code = _stopped_by(error, f"error: out of memory ({said}): ask for less", EXIT_WRONG)
    except Exception as error:  # noqa: BLE001, the last net
        code = _stopped_by(error, _internal_error(error), EXIT_INTERNAL)
    _flush_streams()
    for thread in threading.enumerate():
        if not thread.daemon and thread not in threads_before:
            thread.join(_LEAVING_S)
            if thread.is_alive():  # the interpreter would wait for a pipe that nobody fills
                os._exit(code)
    gc.freeze()  # or the interpreter spends a second looking for garbage on its way out
    sys.exit(code)


def _stopped_by(error: BaseException, message: str, code: int) -> int:
    """Print what stopped the script, with its traceback when verbose, and return ``code``."""
    if "--verbose" in sys.argv:
        _print("".join(traceback.format_exception(error)).rstrip(), sys.stderr)
    _print_error(message)
    return code


def _internal_error(error: Exception) -> str:
    """Write what a report of a bug needs to a file, and return the line that names it."""
    said = f"internal error: {type(error).__name__}: {first_line(error)}; please report it with"
    details = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            dir=temporary_directory(),
            prefix="speech_toolkit_error_",
            suffix=".txt",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as file:
            file.write(f"{shlex.join(sys.argv)}\n")
            file.write(f"speech_toolkit {__version__}, Python {platform.python_version()}\n")
            file.write(f"{platform.platform()}\n\n{details}")
    except OSError:
        _print(details.rstrip(), sys.stderr)
        return f"{said} the lines above"
    return f"{said} {file.name}"


def _print(text: str, stream: TextIO) -> None:
    """Print a line at once; a stream that takes no more is given up, as results go elsewhere."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:  # a reader such as `head` left
        discard_output(stream)
    except OSError as error:
        discard_output(stream)
        if stream is not sys.stderr:
            _print(f"[WARNING] the report cannot be printed: {error.strerror}", sys.stderr)


def _print_error(message: str) -> None:
    _print(_one_line(message), sys.stderr)


def _flush_streams() -> None:
    """Empty the streams, so that the interpreter on its way out finds nothing to fail at."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # what mattered was flushed before, with an error of its own
            discard_output(stream)
