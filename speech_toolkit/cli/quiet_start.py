"""What a script does first: from there on it ends without a traceback when it is asked to.

Its other imports take a tenth of a second. Until :func:`speech_toolkit.cli.run_script.run_script`
takes over, nothing is there to be cleaned up. Imports next to nothing, not to be late itself.
"""

import _signal  # what the module `signal` is built on, which imports more than all of this
import os


def end_quietly() -> None:
    """End the process at once, in one line, on the signals that ask for it and are not ignored."""
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, _end)


def _end(number: int, frame: object) -> None:
    try:
        os.write(2, b"interrupted\n")
    finally:  # stderr may be closed
        os._exit(128 + number)
