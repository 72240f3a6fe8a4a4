"""A transcript file, or standard input -> text."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

from speech_toolkit.errors import TranscriptError, UsageError

LARGEST_FILE_BYTES = 64 << 20
_USUAL_FILE_BYTES = 1 << 16  # room for the largest takes longer to get than most take to read
# UTF-32's mark begins with UTF-16's and must be tried first.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_transcript(path: str | os.PathLike[str]) -> str:
    """Read a transcript as it stands: newlines of any kind are kept, so that ranges hold.

    Args:
        path: a file in UTF-8, with or without a byte order mark, or in UTF-16 or UTF-32 with
            one; "-" for standard input.

    Raises:
        TranscriptError: missing, a directory, unreadable, empty, in another encoding, or larger
            than any transcript, as a device without an end is.
    """
    name = os.fspath(path)
    data = _read_bytes(name)
    if len(data) > LARGEST_FILE_BYTES:
        raise TranscriptError(
            f"{_label(name)}: the transcript is larger than {LARGEST_FILE_BYTES >> 20} MiB, more "
            "than anybody says in a day; give the text of one recording"
        )
    encoding = "utf-8"
    for mark, marked_encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], marked_encoding
            break
    text = _decode(data, encoding, name)
    if not text.strip():
        raise TranscriptError(f"{_label(name)}: the transcript is empty")
    return text


def check_is_text(text: str | None, flag: str, file_flag: str) -> None:
    """Make sure that what was given as text is not the name of a file with the text.

    Args:
        text: what is spoken; None where it was not given.
        flag: the argument that it comes from.
        file_flag: the argument that takes a file.

    Raises:
        UsageError: a file has this name.
    """
    if text is None:
        return
    try:
        is_file = Path(text).is_file()
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


def _label(name: str) -> str:
    return "standard input" if name == "-" else name


def _read_bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            data = file.read(_USUAL_FILE_BYTES)
            if len(data) < _USUAL_FILE_BYTES:
                return data
            return data + file.read(LARGEST_FILE_BYTES + 1 - len(data))
    except FileNotFoundError as error:
        raise TranscriptError(f"{name}: no such transcript file; check the path") from error
    except IsADirectoryError as error:
        raise TranscriptError(
            f"{name}: is a directory; give the transcript file inside it"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TranscriptError(f"{name}: the transcript cannot be read: {reason}") from error


def _decode(data: bytes, encoding: str, name: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TranscriptError(
            f"{_label(name)}: byte {error.start} is not valid {encoding.upper()}; convert the "
            f"file, for example: iconv -f WINDOWS-1252 -t UTF-8 {_iconv_name(name)} > utf8.txt"
        ) from error
    if encoding == "utf-8" and "\0" in text:
        raise TranscriptError(
            f"{_label(name)}: byte {data.index(0)} is NUL, as in UTF-16 without a byte order "
            f"mark; convert the file: iconv -f UTF-16LE -t UTF-8 {_iconv_name(name)} > utf8.txt"
        )
    return text


def _iconv_name(name: str) -> str:
    return "input.txt" if name == "-" else name
