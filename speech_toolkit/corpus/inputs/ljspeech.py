"""LJSpeech's ``metadata.csv``: ``id|text|normalised text``, the recording in ``wavs/id.wav``.

A quotation mark is a letter like others there. The normalised text, which has numbers and
abbreviations written out, is nearer to what is spoken and taken where there is one.
"""

import os
from collections.abc import Iterator

from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.rows import Manifest, Row, Rows

NAME = "ljspeech"
SEPARATOR = "|"
COLUMNS = (2, 3)


def read(manifest: Manifest, faults: Faults) -> Rows:
    """Read LJSpeech's table."""
    return Rows(_rows(manifest, faults), (manifest.folder,), "write it after the |")


def _rows(manifest: Manifest, faults: Faults) -> Iterator[Row]:
    for number, line in manifest.lines:
        if not line.strip():
            continue
        place = f"{manifest.name}:{number}"
        fields = [field.strip() for field in line.split(SEPARATOR)]
        if len(fields) not in COLUMNS:
            faults.add(place, f"has {len(fields)} fields; expected id|text|normalised text")
        elif not fields[0]:
            faults.add(place, "has no id before the first |; write one")
        else:
            text = next(filter(None, reversed(fields[1:])), "")
            yield Row(place, os.path.join("wavs", f"{fields[0]}.wav"), fields[0], text)
