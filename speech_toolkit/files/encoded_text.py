"""A text file in any of Unicode's encodings, or standard input -> text."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

from speech_toolkit.errors import ToolkitError

LARGEST_FILE_BYTES = 64 << 20
STDIN = "-"
_USUAL_FILE_BYTES = 1 << 16  # room for the largest takes longer to get than most take to read
# UTF-32's mark begins with UTF-16's and must be tried first.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_encoded_text(name: str, *, what: str, error: type[ToolkitError]) -> str:
    """Read a text file as it stands: newlines of any kind are kept.

    Args:
        name: a file in UTF-8, with or without a byte order mark, or in UTF-16 or UTF-32 with one;
            "-" for standard input.
        what: the file holds, such as "transcript", for messages.
        error: the class of what is raised.

    Raises:
        ToolkitError: of class ``error``; the file is missing, a directory, unreadable, empty, in
            another encoding, or larger than any text that somebody says, as a device without an
            end is.
    """
    data = _read_bytes(name, what, error)
    if len(data) > LARGEST_FILE_BYTES:
        raise error(
            f"{shown_name(name)}: the {what} is larger than {LARGEST_FILE_BYTES >> 20} MiB, more "
            "than anybody says in a day; give the text of one recording"
        )
    encoding = "utf-8"
    for mark, marked_encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], marked_encoding
            break
    text = _decode(data, encoding, name, error)
    if not text.strip():
        raise error(f"{shown_name(name)}: the {what} is empty")
    return text


def shown_name(name: str) -> str:
    """Return a file's name as messages show it."""
    return "standard input" if name == STDIN else name


def _read_bytes(name: str, what: str, error: type[ToolkitError]) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            data = file.read(_USUAL_FILE_BYTES)
            if len(data) < _USUAL_FILE_BYTES:
                return data
            return data + file.read(LARGEST_FILE_BYTES + 1 - len(data))
    except FileNotFoundError as cause:
        raise error(f"{name}: no such {what} file; check the path") from cause
    except IsADirectoryError as cause:
        raise error(f"{name}: is a directory; give the {what} file inside it") from cause
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise error(f"{name}: the {what} cannot be read: {reason}") from cause


def _decode(data: bytes, encoding: str, name: str, error: type[ToolkitError]) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as cause:
        raise error(
            f"{shown_name(name)}: byte {cause.start} is not valid {encoding.upper()}; convert the "
            f"file, for example: iconv -f WINDOWS-1252 -t UTF-8 {_iconv_name(name)} > utf8.txt"
        ) from cause
    if encoding == "utf-8" and "\0" in text:
        raise error(
            f"{shown_name(name)}: byte {data.index(0)} is NUL, as in UTF-16 without a byte order "
            f"mark; convert the file: iconv -f UTF-16LE -t UTF-8 {_iconv_name(name)} > utf8.txt"
        )
    return text


def _iconv_name(name: str) -> str:
    return "input.txt" if name == STDIN else name
