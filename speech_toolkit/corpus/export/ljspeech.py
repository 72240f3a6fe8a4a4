"""LJSpeech's ``metadata.csv`` with WAV files in ``wavs``.

Recordings that are not cut are copied, since what reads this form looks for nothing but WAV there.
A quotation mark is a letter like others; ``|`` has no other meaning than to part the fields, and
becomes a space in texts. The third field is for the text with numbers written out, which nobody
has here: it holds the text again.
"""

from __future__ import annotations

from pathlib import Path

from speech_toolkit.corpus.export.form import WAV, AudioFiles, ExportForm, Lines, piece_lines
from speech_toolkit.corpus.export.recording import Recording
from speech_toolkit.corpus.export.table import Table

SEPARATOR = "|"
METADATA = Table("metadata.csv")


def _audio(recording: Recording, cut: bool) -> AudioFiles:
    return {f"wavs/{each.id}{WAV}": each for each in recording.utterances(cut=cut)}


def _lines(recording: Recording, cut: bool, folder: Path) -> Lines:
    for each in recording.utterances(cut=cut):
        text = " ".join(each.text.replace(SEPARATOR, " ").split())
        yield METADATA, SEPARATOR.join((each.id, text, text))
    yield from piece_lines(recording, cut=cut)


FORM = ExportForm("ljspeech", "metadata.csv and WAV files in wavs/", _audio, _lines)
