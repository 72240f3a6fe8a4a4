"""The lines of a journal, read back as far as they are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.outcome import ItemOutcome
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import parse_json, shown_path, shown_value

_ADVICE = "restore it, or choose another output directory"
_TEXT, _SECONDS = (str,), (int, float, type(None))
_TYPES = {
    "id": _TEXT,
    "status": _TEXT,
    "input_digest": _TEXT,
    "error": (dict, type(None)),
    "outputs": (list,),
    "audio_s": _SECONDS,
    "load_s": _SECONDS,
    "run_s": _SECONDS,
    "mean_score": _SECONDS,
    "device": (str, type(None)),
    "attempt": (int,),
    "quality": (dict, type(None)),
}
_LATER = {"quality"}  # lines of earlier versions do not have it
_ERROR_TYPES = {"kind": _TEXT, "message": _TEXT}
_QUALITY_TYPES = {"verdict": _TEXT, "confidence": (int, float), "reasons": (list,)}
_REASON_TYPES = {"kind": _TEXT, "text": _TEXT}
_HEADER_TYPES = {
    "schema_version": _TEXT,
    "shard": _TEXT,
    "settings": (dict,),
    "settings_digest": _TEXT,
}


@dataclass(frozen=True)
class Recorded:
    """What a journal holds.

    Attributes:
        settings: those of the runs that wrote it; None where there was none yet.
        outcomes: the last of each item, by its id, in the order of first lines.
        whole_bytes: length of the lines that are whole.
    """

    settings: dict[str, Any] | None = None
    outcomes: dict[str, ItemOutcome] = field(default_factory=dict)
    whole_bytes: int = 0


def read_journal(path: Path) -> Recorded:
    """Read a journal, which another run may be adding to.

    Raises:
        UsageError: it cannot be read, or has a line that is none of a journal's.
    """
    settings: dict[str, Any] | None = None
    outcomes: dict[str, ItemOutcome] = {}
    whole_bytes = 0
    for place, data in _whole_lines(path):
        if settings is None:
            settings = _checked(data, place, _HEADER_TYPES)["settings"]
        else:
            outcome = _outcome(data, place)
            outcomes[outcome.id] = outcome
        whole_bytes += len(data)
    return Recorded(settings, outcomes, whole_bytes)


def read_settings(path: Path) -> dict[str, Any] | None:
    """Read the settings that a journal opens with, None where it has no whole line.

    Raises:
        UsageError: as :func:`read_journal` does.
    """
    for place, data in _whole_lines(path):
        return _checked(data, place, _HEADER_TYPES)["settings"]
    return None


def _whole_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines that end in a newline, each with where it stands."""
    try:
        with path.open("rb") as file:
            for number, data in enumerate(file, start=1):
                if not data.endswith(b"\n"):
                    return
                yield f"{shown_path(path)}:{number}", data
    except OSError as error:
        raise UsageError(
            f"{shown_path(path)}: cannot be read ({error.strerror}); {_ADVICE}"
        ) from error


def _outcome(data: bytes, place: str) -> ItemOutcome:
    line = _checked(data, place, _TYPES)
    if line["error"] is not None:
        _refuse_odd_keys(line["error"], f"{place}: error", _ERROR_TYPES)
    if (quality := line.get("quality")) is not None:
        _refuse_odd_keys(quality, f"{place}: quality", _QUALITY_TYPES)
        for reason in quality["reasons"]:
            _refuse_odd_keys(reason, f"{place}: quality: reasons", _REASON_TYPES)
    return ItemOutcome.from_dict(line)


def _checked(data: bytes, place: str, types: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    """Return the object in a line; a schema would take a thousand times longer to hold."""
    text = data.decode("utf-8", "replace")
    line = parse_json(text, place, error=UsageError, advice=_ADVICE)
    _refuse_odd_keys(line, place, types)
    return line


def _refuse_odd_keys(line: Any, place: str, types: Mapping[str, tuple[type, ...]]) -> None:
    if not isinstance(line, dict):
        raise UsageError(f"{place}: is {shown_value(line)}, no line of a journal; {_ADVICE}")
    for name in dict.fromkeys([*types, *line]):
        if name in _LATER and name not in line:
            continue
        if name not in types or name not in line or not isinstance(line[name], types[name]):
            found = shown_value(line[name]) if name in line else "missing"
            raise UsageError(
                f"{place}: {shown_value(name)} is {found}, which no journal of this version has; "
                f"{_ADVICE}"
            )
