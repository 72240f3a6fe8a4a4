"""From a script's ``main`` to the exit code of its process, whatever happens in between."""

import gc
import os
import platform
import shlex
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from speech_toolkit import __version__
from speech_toolkit.cli.reporter import print_error, print_line
from speech_toolkit.errors import ToolkitError, first_line
from speech_toolkit.exit_codes import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_WRONG
from speech_toolkit.files.scratch import temporary_directory
from speech_toolkit.system.interrupts import signals_raised
from speech_toolkit.system.streams import discard_output, make_streams_printable

_LEAVING_S = 0.2
_TRANSFORMERS_SAYS = "TRANSFORMERS_VERBOSITY"  # read when it is imported, here and in children


def run_script(main: Callable[..., int], *arguments: Any) -> NoReturn:
    """Call ``main`` and leave the process with its exit code, errors printed as one line.

    A :class:`ToolkitError` ends the script with its own exit code, a signal with 128 and its
    number, which is 130 for Ctrl-C, and what nobody foresaw with 70 and its traceback in a file.
    """
    make_streams_printable()
    os.environ.setdefault(_TRANSFORMERS_SAYS, "error")
    threads_before = threading.enumerate()
    try:
        with signals_raised():
            code = main(*arguments)
    except SystemExit as leaving:  # argparse is done: help, or wrong usage
        code = leaving.code
    except ToolkitError as error:
        first, *more = error.lines
        code = _stopped_by(error, f"error: {first}", error.exit_code, more)
    except KeyboardInterrupt as interrupt:
        print_error("interrupted")
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


def _stopped_by(error: BaseException, message: str, code: int, more: Iterable[str] = ()) -> int:
    """Print what stopped the script, with its traceback when verbose, and return ``code``."""
    if "--verbose" in sys.argv:
        print_line("".join(traceback.format_exception(error)).rstrip(), sys.stderr)
    for line in (message, *more):
        print_error(line)
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
        print_line(details.rstrip(), sys.stderr)
        return f"{said} the lines above"
    return f"{said} {file.name}"


def _flush_streams() -> None:
    """Empty the streams, so that the interpreter on its way out finds nothing to fail at."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # what mattered was flushed before, with an error of its own
            discard_output(stream)
