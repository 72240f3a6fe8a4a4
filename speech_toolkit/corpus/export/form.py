"""What each form of export has to say of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.corpus.export.recording import Recording, Utterance
from speech_toolkit.corpus.export.table import Table

FLAC, WAV = ".flac", ".wav"
_COLUMNS = ("id", "duration_s", "score", "recording", "source", "source_start_s", "confidence")
PIECES = Table("pieces.tsv", header="\t".join(_COLUMNS) + "\n")
AudioFiles = dict[str, Utterance]  # by the name of the file, relative to the export's folder
Lines = Iterator[tuple[Table, str]]  # without their ends


def nothing(recording: Recording, cut: bool) -> dict[str, str]:
    """Return the links or texts of a form that has none."""
    return {}


@dataclass(frozen=True)
class ExportForm:
    """A form in which training data can be written.

    Attributes:
        name: as ``--export`` has it, and the folder that it is written to.
        description: for help texts.
        audio: a recording, and whether it is cut -> the audio files that are written for it.
        lines: a recording, whether it is cut, and the folder -> its lines in tables.
        needs_times: whether sentences need their times even where recordings are not cut.
        links: a recording, and whether it is cut -> names of links to its file, and the file.
        texts: a recording, and whether it is cut -> names of files of its own, and their text.
    """

    name: str
    description: str
    audio: Callable[[Recording, bool], AudioFiles]
    lines: Callable[[Recording, bool, Path], Lines]
    needs_times: bool = False
    links: Callable[[Recording, bool], dict[str, str]] = nothing
    texts: Callable[[Recording, bool], dict[str, str]] = nothing


def piece_lines(recording: Recording, *, cut: bool) -> Lines:
    """Yield how sure each utterance is and where it comes from, to choose among them by."""
    for each in recording.utterances(cut=cut):
        score = "" if each.score is None else f"{each.score:.6g}"
        fields = (
            each.id,
            f"{each.duration_s:.3f}",
            score,
            recording.item.id,
            recording.path,
            f"{each.start_ms / 1000:.3f}",
            "" if each.confidence is None else f"{each.confidence:.6g}",
        )
        yield PIECES, "\t".join(fields)
