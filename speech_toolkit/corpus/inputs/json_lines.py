"""JSON lines: one object a line, in the toolkit's own words."""

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.rows import Manifest, Row, Rows
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import check_schema, parse_json

NAME = "jsonl"
ADVICE = 'expected JSON such as {"audio": "talk.wav", "text": "What is said."}'
_PATH = {"type": "string", "pattern": r"\S", "description": "the path of a file, as text"}
_SECONDS = {"type": ["number", "null"], "description": "seconds into the audio"}
_FILLED = {"type": "string", "pattern": r"\S", "description": "a text with letters"}
_OF_TEST_CASES = ("words", "conditions")  # which eval_accuracy.py reads from the same lines
_SCHEMA = {
    "type": "object",
    "description": "an object for one recording",
    "required": ["audio"],
    "additionalProperties": False,
    "properties": {
        "id": _FILLED,
        "audio": _PATH,
        "text": {"type": "string", "description": "what is said, as text"},
        "text_file": _PATH,
        "language": {**_FILLED, "description": "the code of a language"},
        "start_s": _SECONDS,
        "end_s": _SECONDS,
        **{key: {} for key in _OF_TEST_CASES},
    },
}
_TEXTS = frozenset(["id", "audio", "text", "text_file", "language"])
_TIMES = frozenset(["start_s", "end_s"])
_TIME_TYPES = frozenset([int, float, type(None)])


def read(manifest: Manifest, faults: Faults) -> Rows:
    """Read the toolkit's own JSON lines."""
    return Rows(_rows(manifest, faults), (manifest.folder,), 'give "text" or "text_file"')


def _rows(manifest: Manifest, faults: Faults) -> Iterator[Row]:
    for place, entry in objects(manifest, faults):
        try:
            if not _is_plain(entry):
                check_schema(entry, _SCHEMA, place, error=UsageError, advice=ADVICE)
        except UsageError as error:
            faults.add(*str(error).split(": ", 1))
            continue
        yield Row(
            place,
            entry["audio"],
            entry.get("id"),
            entry.get("text"),
            entry.get("text_file"),
            entry.get("language"),
            entry.get("start_s"),
            entry.get("end_s"),
        )


def objects(manifest: Manifest, faults: Faults) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the place and the content of each line that holds a JSON object."""
    for number, line in manifest.lines:
        if not line.strip():
            continue
        place = f"{manifest.name}:{number}"
        try:
            entry = parse_json(line, place, error=UsageError, advice=ADVICE)
        except UsageError as error:
            faults.add(place, str(error).removeprefix(f"{place}: "))
            continue
        if isinstance(entry, dict):
            yield place, entry
        else:
            faults.add(place, f"is no JSON object; {ADVICE}")


def _is_plain(entry: Mapping[str, Any]) -> bool:
    """Tell at once of most good lines that the schema holds, which takes a thousand times longer.

    What this does not say of a line, the schema decides.
    """
    for key, value in entry.items():
        if key in _TEXTS:
            if type(value) is not str or not (key == "text" or value.strip()):
                return False
        elif key in _TIMES:
            if type(value) not in _TIME_TYPES:
                return False
        elif key not in _OF_TEST_CASES:
            return False
    return "audio" in entry
