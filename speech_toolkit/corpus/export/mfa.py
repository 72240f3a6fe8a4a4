"""What the Montreal Forced Aligner reads: a folder for each speaker, ``.lab`` beside the audio.

A recording that is not cut is a link to where it is, and a copy as FLAC where the aligner does not
read its kind of file, or where the file holds more than is meant.
"""

from __future__ import annotations

from pathlib import Path

from speech_toolkit.corpus.export.form import FLAC, AudioFiles, ExportForm, Lines, piece_lines
from speech_toolkit.corpus.export.recording import Recording

_READ_BY_MFA = frozenset((".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff"))


def _audio(recording: Recording, cut: bool) -> AudioFiles:
    files = () if _is_linked(recording, cut) else recording.utterances(cut=cut)
    return {f"{recording.speaker}/{each.id}{FLAC}": each for each in files}


def _links(recording: Recording, cut: bool) -> dict[str, str]:
    if not _is_linked(recording, cut):
        return {}
    suffix = Path(recording.path).suffix
    return {f"{recording.speaker}/{recording.name}{suffix}": recording.path}


def _is_linked(recording: Recording, cut: bool) -> bool:
    suffix = Path(recording.path).suffix
    return not cut and not recording.is_part and suffix in _READ_BY_MFA


def _texts(recording: Recording, cut: bool) -> dict[str, str]:
    return {
        f"{recording.speaker}/{each.id}.lab": each.text for each in recording.utterances(cut=cut)
    }


def _lines(recording: Recording, cut: bool, folder: Path) -> Lines:
    return piece_lines(recording, cut=cut)


FORM = ExportForm(
    "mfa",
    "a folder for each speaker, .lab beside the audio",
    _audio,
    _lines,
    links=_links,
    texts=_texts,
)
