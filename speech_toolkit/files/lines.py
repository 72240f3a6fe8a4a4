"""Lines of a text file from outside, one after the other, however many there are."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from speech_toolkit.errors import ToolkitError, first_line
from speech_toolkit.files.json_input import shown_path

LONGEST_LINE_BYTES = 16 << 20  # the text of a day of speech takes less


def numbered_lines(
    path: Path, *, error: type[ToolkitError], advice: str
) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file without their ends, counted from 1.

    A byte order mark is left out. No more than a line is held, so that a file of any size, or what
    a pipe brings, can be read.

    Args:
        path: the file.
        error: the class of what is raised.
        advice: what the user can do, the end of the message.

    Raises:
        ToolkitError: of class ``error``, once iterated; the file is missing, may not be read, is
            not UTF-8, or holds a line that is none.
    """
    shown = shown_path(path)
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(LONGEST_LINE_BYTES + 1):
                number += 1
                if number == 1:
                    raw = raw.removeprefix(codecs.BOM_UTF8)
                if len(raw) > LONGEST_LINE_BYTES:
                    raise error(
                        f"{shown}:{number}: cannot be read (the line is longer than "
                        f"{LONGEST_LINE_BYTES >> 20} MiB); {advice}"
                    )
                yield number, raw.decode().rstrip("\r\n")
    except UnicodeDecodeError as cause:
        raise error(
            f"{shown}:{number}: cannot be read (byte {cause.start} of the line is not UTF-8); "
            f"{advice}"
        ) from cause
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or first_line(cause)
        raise error(f"{shown}: cannot be read ({reason}); {advice}") from cause
