"""What each form of input says of a recording, in one form and before it is checked."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from speech_toolkit.files.json_input import shown_path, shown_value


class Row(NamedTuple):
    """A recording as an input names it.

    Attributes:
        place: where it is named, such as "list.jsonl:12".
        audio: path as it stands there.
        id: name of its results; None to make one from the audio's name.
        text: what is spoken.
        text_file: file that holds it instead.
        language: its code.
        start_s: where it begins in the file.
        end_s: where it ends.
        name: path that a missing id is made from; None for ``audio``.
    """

    place: str
    audio: str
    id: str | None = None
    text: str | None = None
    text_file: str | None = None
    language: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    name: str | None = None


@dataclass(frozen=True)
class Rows:
    """The recordings of one input.

    Attributes:
        rows: one for each, read as they are asked for.
        folders: where relative paths are tried, before the working directory.
        text_advice: where a text belongs that is missing.
    """

    rows: Iterable[Row]
    folders: tuple[str, ...] = ()
    text_advice: str = "give its text"


@dataclass(frozen=True)
class Manifest:
    """A manifest that is being read.

    Attributes:
        path: file, or directory.
        lines: numbered, without their ends; none of a directory.
    """

    path: Path
    lines: Iterator[tuple[int, str]]

    @property
    def name(self) -> str:
        """Its path, for messages."""
        return shown_path(self.path)

    @property
    def folder(self) -> str:
        """Where its relative paths are tried; the working directory for what is no file."""
        if self.path.is_dir():
            return str(self.path)
        return os.path.dirname(self.path) if self.path.is_file() else ""


def seconds(text: str, key: str) -> float | None:
    """Return the number that a field of text holds; None where it is empty.

    Raises:
        ValueError: it holds something else; the message says so.
    """
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{key} is {shown_value(text)}, not a number of seconds") from None
