"""NeMo's manifest: a JSON object a line.

Pieces are FLAC below ``audio``, named relative to the manifest, so that the folder can be moved.
Recordings that are not cut are named where they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.export.form import FLAC, AudioFiles, ExportForm, Lines
from speech_toolkit.corpus.export.recording import Recording, Utterance
from speech_toolkit.corpus.export.table import Table

MANIFEST = Table("manifest.jsonl")


def _audio(recording: Recording, cut: bool) -> AudioFiles:
    is_copied = cut or recording.part.track != 0  # NeMo reads the first track alone
    files = recording.utterances(cut=cut) if is_copied else ()
    return {f"audio/{recording.speaker}/{each.id}{FLAC}": each for each in files}


def _lines(recording: Recording, cut: bool, folder: Path) -> Lines:
    names = {each.id: name for name, each in _audio(recording, cut).items()}
    for each in recording.utterances(cut=cut):
        entry = _entry(recording, each, names.get(each.id))
        yield MANIFEST, json.dumps(entry, ensure_ascii=False, allow_nan=False)


def _entry(recording: Recording, utterance: Utterance, piece: str | None) -> dict[str, Any]:
    """Return a line: of a piece, or of the recording itself."""
    start_s = utterance.start_ms / 1000
    offset = {"offset": start_s} if piece is None and recording.is_part else {}
    source = {} if piece is None else {"source": recording.path, "source_offset": start_s}
    sure = {} if utterance.confidence is None else {"confidence": utterance.confidence}
    language = {} if recording.language is None else {"lang": recording.language}
    return {
        "audio_filepath": piece or recording.path,
        **offset,
        "duration": utterance.duration_s,
        "text": utterance.text,
        **language,
        "speaker": recording.speaker,
        "score": utterance.score,
        **sure,
        "id": utterance.id,
        "recording": recording.item.id,
        **source,
    }


FORM = ExportForm("nemo", "a manifest of JSON lines, pieces as FLAC", _audio, _lines)
