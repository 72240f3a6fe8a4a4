"""What each form of export has to say of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.corpus.export.recording import Recording, Utterance

FLAC, WAV = ".flac", ".wav"
AudioFiles = dict[str, Utterance]  # by the name of the file, relative to the export's folder
Tables = Iterator[tuple[str, str]]  # names of files, and their text


def no_links(recording: Recording, cut: bool) -> dict[str, str]:
    """Return the links of a form that has none."""
    return {}


@dataclass(frozen=True)
class ExportForm:
    """A form in which training data can be written.

    Attributes:
        name: as ``--export`` has it, and the folder that it is written to.
        description: for help texts.
        audio: a recording, and whether it is cut -> the audio files that are written for it.
        tables: the recordings, whether they are cut, and the folder -> its text files.
        needs_times: whether sentences need their times even where recordings are not cut.
        links: a recording, and whether it is cut -> names of links to its file, and the file.
    """

    name: str
    description: str
    audio: Callable[[Recording, bool], AudioFiles]
    tables: Callable[[Sequence[Recording], bool, Path], Tables]
    needs_times: bool = False
    links: Callable[[Recording, bool], dict[str, str]] = no_links


def pieces_table(recordings: Sequence[Recording], *, cut: bool) -> str:
    """Return how sure each utterance is and where it comes from, to choose among them by.

    Lines of its id, seconds, mean log-probability, the id of its recording, that one's file, and
    seconds into it, with a header.
    """
    lines = ["id\tduration_s\tscore\trecording\tsource\tsource_start_s\n"]
    for recording in recordings:
        for each in recording.utterances(cut=cut):
            score = "" if each.score is None else f"{each.score:.6g}"
            start_s = each.start_ms / 1000
            lines.append(
                f"{each.id}\t{each.duration_s:.3f}\t{score}\t{recording.item.id}\t"
                f"{recording.path}\t{start_s:.3f}\n"
            )
    return "".join(lines)
