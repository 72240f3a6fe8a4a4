"""The report of a run on the terminal: lines, warnings, progress bars."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

from speech_toolkit.cli.progress_bars import LINE_INTERVAL_S, CountingCorpusBar, LineBar
from speech_toolkit.errors import ToolkitError
from speech_toolkit.progress import Bar, CorpusBar, HiddenBar
from speech_toolkit.system.streams import STDOUT, discard_output

RULE = "=" * 60
_RED, _PLAIN = "\x1b[31m", "\x1b[0m"
_LONGEST_WORD = 300
_UNKNOWN_DELAY_S = 0.5  # before a bar of unknown length is shown, which is short as a rule
# Without the files per second, so that all its facts find room in 80 columns.
_CORPUS_BAR = (
    "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
)


class Reporter:
    """Prints a run's report line by line.

    The report goes to stdout, or to stderr when stdout carries the JSON result. Warnings always
    go to stderr. ``quiet`` keeps the warnings only. Progress is a bar where stderr is a terminal,
    and else a line now and then.

    Args:
        stream: takes the report; None for stdout.
        line_interval_s: seconds between two lines of progress where there is no bar.

    Attributes:
        quiet: whether the report is suppressed.
        verbose: whether :meth:`debug` lines are printed.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        stream: TextIO | None = None,
        line_interval_s: float = LINE_INTERVAL_S,
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._stream = stream or sys.stdout
        self._line_interval_s = line_interval_s
        self._has_shown_bars = False

    def line(self, text: str = "") -> None:
        """Print one line of the report as it is."""
        if not self.quiet:
            self._print(text, self._stream)

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

    def saved(self, what: str, *paths: str) -> None:
        """Say where something was written; ``-`` is standard output."""
        places = ("standard output" if path == STDOUT else path for path in paths)
        self.info(f"{what} saved to: {', '.join(places)}")

    def debug(self, text: str) -> None:
        """Print a ``[DEBUG]`` line on stderr when verbose."""
        if self.verbose:
            self._print(f"[DEBUG] {text}", sys.stderr)

    def warning(self, text: str) -> None:
        """Print a ``[WARNING]`` line on stderr, quiet or not."""
        self._print(f"[WARNING] {text}", sys.stderr)

    def warnings(self, texts: Iterable[str]) -> None:
        """Print each of ``texts`` as a warning."""
        for text in texts:
            self.warning(text)

    def alarm(self, lines: Iterable[str]) -> None:
        """Print lines of a warning that nobody should miss, in red where a terminal shows it."""
        is_red = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        for line in lines:
            text = f"[WARNING] {line}"
            self._print(f"{_RED}{text}{_PLAIN}" if is_red else text, sys.stderr)

    def error(self, error: ToolkitError) -> None:
        """Print on stderr what stopped one item of several."""
        self._print(on_one_line(f"error: {error}"), sys.stderr)

    def progress_bar(
        self, *, total: int | None, label: str, unit: str
    ) -> AbstractContextManager[Bar]:
        """Return a bar on stderr, or what prints lines there; use it in a ``with``."""
        if self.quiet or (total is not None and total < 2):
            return nullcontext(HiddenBar())
        return self._bar(total=total, label=label, unit=unit)

    def corpus_bar(
        self, *, total_files: int, done_files: int = 0
    ) -> AbstractContextManager[CorpusBar]:
        """Return a bar of files on stderr, or what prints lines there; use it in a ``with``."""
        if self.quiet:
            return nullcontext(HiddenBar())
        return CountingCorpusBar(
            self._bar(
                total=total_files,
                label="Corpus",
                unit="file",
                initial=done_files,
                bar_format=_CORPUS_BAR,
            )
        )

    def _bar(
        self,
        *,
        total: int | None,
        label: str,
        unit: str,
        initial: int = 0,
        bar_format: str | None = None,
    ) -> Any:
        if not sys.stderr.isatty():
            return LineBar(
                lambda text: print_line(f"[INFO] {text}", sys.stderr),
                total=total,
                label=label,
                unit=unit,
                initial=initial,
                interval_s=self._line_interval_s,
            )
        from tqdm import tqdm

        self._has_shown_bars = True
        return tqdm(
            total=total,
            desc=label,
            unit=unit,
            initial=initial,
            bar_format=bar_format,
            smoothing=0,  # the mean of this run: the last files say little of those to come
            delay=_UNKNOWN_DELAY_S if total is None else 0,
            leave=False,
            file=sys.stderr,
        )

    def _print(self, text: str, stream: TextIO) -> None:
        """Print a line, the bars of a terminal taken away for as long as that takes."""
        if not self._has_shown_bars:
            print_line(text, stream)
            return
        from tqdm import tqdm

        with tqdm.external_write_mode(file=stream):
            print_line(text, stream)


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


def print_line(text: str, stream: TextIO) -> None:
    """Print a line at once; a stream that takes no more is given up, as results go elsewhere."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:  # a reader such as `head` left
        discard_output(stream)
    except OSError as error:
        discard_output(stream)
        if stream is not sys.stderr:
            print_line(f"[WARNING] the report cannot be printed: {error.strerror}", sys.stderr)


def print_error(message: str) -> None:
    """Print one short line on stderr."""
    print_line(on_one_line(message), sys.stderr)


def on_one_line(text: str) -> str:
    """Return a message on one line, words of absurd length cut in their middle."""
    text = " ".join(text.splitlines())
    return re.sub(
        rf"\S{{{_LONGEST_WORD},}}", lambda word: f"{word[0][:150]}...{word[0][-50:]}", text
    )
