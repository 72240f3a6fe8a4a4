"""A transcript file, or standard input -> text."""

from __future__ import annotations

import os
import re
from pathlib import Path

from speech_toolkit.errors import TranscriptError, UsageError
from speech_toolkit.files.encoded_text import read_encoded_text

_FILE_NAME = re.compile(r"[/\\]|\.\w+$")
_TIER = re.compile(r"(?<=\.textgrid)#[^#]*$", re.IGNORECASE)


def read_transcript(path: str | os.PathLike[str]) -> str:
    """Read a transcript as it stands: newlines of any kind are kept, so that ranges hold.

    Args:
        path: a file in UTF-8, with or without a byte order mark, or in UTF-16 or UTF-32 with
            one; "-" for standard input.

    Raises:
        TranscriptError: missing, a directory, unreadable, empty, in another encoding, or larger
            than any transcript, as a device without an end is.
    """
    return read_encoded_text(os.fspath(path), what="transcript", error=TranscriptError)


def check_is_text(text: str | None, flag: str, file_flag: str) -> None:
    """Make sure that what was given as text is not the name of a file with the text.

    Args:
        text: what is spoken; None where it was not given.
        flag: the argument that it comes from.
        file_flag: the argument that takes a file.

    Raises:
        UsageError: a file has this name, and it looks like one: a word that a file happens to
            be named after is a word.
    """
    if text is None:
        return
    name = _TIER.sub("", text)
    if not _FILE_NAME.search(name):
        return
    try:
        is_file = Path(name).is_file()
    except (OSError, ValueError):  # no name of a file: too long, or with a NUL
        return
    if is_file:
        raise UsageError(
            f"{flag} {text}: is the name of a file, but {flag} takes the words themselves; "
            f"give {file_flag} {text}"
        )


def check_one_reads_stdin(audio: str | None, text_file: str | None, flag: str) -> None:
    """Make sure that audio and text are not both to come from standard input.

    Args:
        audio: value of ``--audio``.
        text_file: value of ``flag``, None where it was not given.
        flag: names the text's argument.

    Raises:
        TranscriptError: both are "-".
    """
    if audio == text_file == "-":
        raise TranscriptError(f"--audio and {flag} cannot both be read from stdin")
