"""Spoken test cases of the user's own: a manifest of JSON lines, checked before a model loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.audio.waveform import declared_duration_s
from speech_toolkit.errors import AudioError, UsageError
from speech_toolkit.evaluation.cases.cases import Case, CaseSet
from speech_toolkit.evaluation.metrics.boundaries import true_words
from speech_toolkit.evaluation.report import stored_schema
from speech_toolkit.files.json_input import check_schema, parse_json, shown_path
from speech_toolkit.files.lines import numbered_lines

_ADVICE = 'expected JSON such as {"audio": "talk.wav", "text": "What is said."}'


def read_manifest(path: Path, language: str) -> CaseSet:
    """Read the user's own cases, one JSON object a line.

    A line is described by ``results/schemas/manifest.schema.json``. Its ``audio`` is relative to
    the manifest, or to the working directory where that comes through a pipe.

    Args:
        path: UTF-8 file; empty lines are skipped.
        language: of the lines that do not say.

    Raises:
        UsageError: the file cannot be read, or a line of it cannot be used; it is named by number.
    """
    directory = path.parent if path.is_file() else Path()
    cases = []
    for number, line in numbered_lines(
        path, error=UsageError, advice="--manifest takes a UTF-8 file of JSON lines"
    ):
        if line.strip():
            source = f"--manifest {shown_path(path)}, line {number}"
            entry = parse_json(line, source, error=UsageError, advice=_ADVICE)
            check_schema(entry, stored_schema("manifest"), source, error=UsageError, advice=_ADVICE)
            cases.append(_case(entry, number, source, directory, language))
    if not cases:
        raise UsageError(f"--manifest {path}: holds no cases; write one JSON object a line")
    return CaseSet(tuple(cases), f"manifest {path}")


def _case(
    entry: Mapping[str, Any], number: int, source: str, directory: Path, language: str
) -> Case:
    """Turn one line into a case, its recording opened to see that there is one."""
    audio_path = directory / entry["audio"]
    try:
        if audio_path.is_fifo():
            raise UsageError(
                f"{source}: audio {entry['audio']!r} cannot be read more than once; save it as a "
                "file"
            )
        duration_s = declared_duration_s(audio_path)
    except (AudioError, OSError, ValueError) as error:
        raise UsageError(f"{source}: {error}") from error
    words = true_words(entry.get("words", ()), source, duration_s)
    if words and [word.text for word in words] != entry["text"].split():
        raise UsageError(
            f"{source}: words are not those of text, as they stand between spaces; give each of "
            "them, or leave words out"
        )
    return Case(
        name=f"line {number}: {audio_path.name}",
        audio_path=str(audio_path),
        duration_s=duration_s,
        text=entry["text"],
        language=entry.get("language", language),
        words=words,
        conditions={name: str(value) for name, value in entry.get("conditions", {}).items()},
    )
