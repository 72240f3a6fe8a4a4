"""NeMo's manifests: JSON lines with ``audio_filepath``.

As NeMo reads them: ``text``, else the content of ``text_filepath``, else ``normalized_text``. A
part of a file is named by ``offset``; ``duration`` without it is the length of the whole file. Keys
of any other name are what tools and users keep beside.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.json_lines import objects
from speech_toolkit.corpus.inputs.rows import Manifest, Row, Rows
from speech_toolkit.files.json_input import shown_value

NAME = "nemo"
AUDIO_KEYS = ("audio_filepath", "audio_filename")
_TEXT_KEYS = (*AUDIO_KEYS, "id", "text", "text_filepath", "normalized_text", "lang", "language")
_NUMBER_KEYS = ("offset", "duration")
_KEYS = (*_TEXT_KEYS, *_NUMBER_KEYS)
_ALIKE = 0.8


def read(manifest: Manifest, faults: Faults) -> Rows:
    """Read NeMo's JSON lines."""
    return Rows(_rows(manifest, faults), (manifest.folder,), 'give "text" or "text_filepath"')


def _rows(manifest: Manifest, faults: Faults) -> Iterator[Row]:
    for place, entry in objects(manifest, faults):
        entry = {key: value for key, value in entry.items() if value is not None}
        found = list(_what_is_wrong(entry))
        for fault in found:
            faults.add(place, fault)
        if not found:
            yield _row(place, entry)


def _what_is_wrong(entry: Mapping[str, Any]) -> Iterator[str]:
    if not any(key in entry for key in AUDIO_KEYS):
        yield "has no 'audio_filepath'"
    for key, value in entry.items():
        if key in _NUMBER_KEYS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield f"{key} is {shown_value(value)}, not a number of seconds"
        elif key in _TEXT_KEYS:
            if not isinstance(value, str):
                yield f"{key} is {shown_value(value)}, not a text"
        elif meant := _misspelt(key):
            yield f"has an unknown key {shown_value(key)}; write {meant!r}, or rename it"


@lru_cache
def _misspelt(key: str) -> str | None:
    """Return the known key that a key probably was meant to be."""
    return next(iter(get_close_matches(key, _KEYS, 1, _ALIKE)), None)


def _row(place: str, entry: Mapping[str, Any]) -> Row:
    start_s, end_s = entry.get("offset"), None
    if start_s is not None and "duration" in entry:
        end_s = start_s + entry["duration"]
    text, text_file = entry.get("text"), entry.get("text_filepath")
    if text is not None:
        text_file = None
    elif text_file is None:
        text = entry.get("normalized_text")
    return Row(
        place,
        next(entry[key] for key in AUDIO_KEYS if key in entry),
        entry.get("id"),
        text,
        text_file,
        entry.get("lang") or entry.get("language"),
        start_s,
        end_s,
    )
