"""The door for JSON that others wrote: configs, manifests, reports of earlier runs.

Whatever comes in ends as plain Python that a schema was held against, or as one line that names
file, key, value and what is expected there.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit.errors import ToolkitError, first_line

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

LARGEST_FILE_BYTES = 256 << 20
_SHOWN_CHARACTERS = 60
_TYPE_NAMES = {
    "integer": "a whole number",
    "number": "a finite number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def read_text(
    path: Path, *, error: type[ToolkitError], advice: str, limit_bytes: int = LARGEST_FILE_BYTES
) -> str:
    """Read a UTF-8 file whose size is bounded, whatever the path leads to.

    Args:
        path: a file; a device without an end, such as ``/dev/zero``, is read no further than the
            limit.
        error: the class of what is raised.
        advice: what the user can do, the end of the message.
        limit_bytes: most that is read.

    Raises:
        ToolkitError: of class ``error``; the file is missing, may not be read, is too large, or is
            not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
        if len(data) <= limit_bytes:
            return data.decode("utf-8-sig")
        reason = f"it is larger than {limit_bytes >> 20} MiB"
    except UnicodeDecodeError as cause:
        raise error(
            f"{shown_path(path)}: cannot be read (byte {cause.start} is not UTF-8); {advice}"
        ) from cause
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or first_line(cause)
        raise error(f"{shown_path(path)}: cannot be read ({reason}); {advice}") from cause
    raise error(f"{shown_path(path)}: cannot be read ({reason}); {advice}")


def parse_json(text: str, source: str, *, error: type[ToolkitError], advice: str) -> Any:
    """Parse JSON of any origin.

    Args:
        text: the JSON.
        source: names it in messages.
        error: the class of what is raised.
        advice: what the user can do, the end of the message.

    Raises:
        ToolkitError: of class ``error``; it is no JSON, is nested too deeply to be meant, or has a
            number of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError as cause:
        raise error(
            f"{source}: cannot be read as JSON (nested too deeply to be meant); {advice}"
        ) from cause
    except ValueError as cause:
        raise error(f"{source}: cannot be read as JSON ({first_line(cause)}); {advice}") from cause


def check_schema(
    content: Any,
    schema: Mapping[str, Any],
    source: str,
    *,
    error: type[ToolkitError],
    advice: str,
) -> None:
    """Hold content against a JSON Schema (draft 2020-12).

    Stricter than the standard where a reader would trip: 1.0 is no whole number, and NaN and
    infinity are no numbers. Where a schema has a ``description``, messages use it to say what is
    expected; else they say it from the rule that was broken.

    Args:
        content: what ``json.loads`` returns.
        schema: the schema.
        source: names the content in messages.
        error: the class of what is raised.
        advice: what the user can do, the end of the message.

    Raises:
        ToolkitError: of class ``error``; the message names source, key, value and what is expected.
    """
    from jsonschema.exceptions import best_match

    found = best_match(_validator_class()(schema).iter_errors(content))
    if found is not None:
        raise error(f"{source}: {_what_is_wrong(found)}; {advice}")


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return a path for a message, shortened in the middle where it is absurdly long."""
    return _shortened(os.fspath(path), 200)


def shown_value(value: Any) -> str:
    """Return a JSON value as a message shows it, on one line and short."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**30:
        return f"about {'-' if value < 0 else ''}1e{round(math.log10(abs(value)))}"
    if isinstance(value, list | dict) and len(value) > 20:
        kind = "a list" if isinstance(value, list) else "an object"
        return f"{kind} of {len(value)} entries"
    return _shortened(repr(value), _SHOWN_CHARACTERS)


def _shortened(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    half = characters // 2 - 1
    return f"{text[:half]}...{text[-half:]}"


@cache
def _validator_class() -> type[Validator]:
    from jsonschema import Draft202012Validator, validators

    checker = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and (isinstance(value, int) or math.isfinite(value))
            ),
        }
    )
    return validators.extend(Draft202012Validator, type_checker=checker)


def _what_is_wrong(found: ValidationError) -> str:
    """Say which key has which value, and what is expected there."""
    key = _key(found.absolute_path)
    if found.validator == "required":
        missing = next(name for name in found.validator_value if name not in found.instance)
        return f"{key + ' ' if key else ''}has no {missing!r}"
    if found.validator == "additionalProperties" and isinstance(found.instance, dict):
        known = found.schema.get("properties", {})
        unknown = next(name for name in found.instance if name not in known)
        return f"{key + ' ' if key else ''}has an unknown key {shown_value(unknown)}"
    return f"{key or 'it'} is {shown_value(found.instance)}, not {_expected(found)}"


def _key(path: Iterable[str | int]) -> str:
    """Write a path into JSON as one would in JavaScript: ``targets[0].label``."""
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    return _shortened(key, _SHOWN_CHARACTERS)


def _expected(found: ValidationError) -> str:
    """Return what a value should be, from the schema's description or the rule broken."""
    if described := found.schema.get("description"):
        return described
    rule, value = found.validator, found.validator_value
    if rule == "type":
        wanted = [value] if isinstance(value, str) else value
        return " or ".join(_TYPE_NAMES[name] for name in wanted)
    phrases = {
        "minimum": "at least {}",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
        "minItems": "a list of at least {} entries",
        "maxItems": "a list of at most {} entries",
        "minLength": "a text of at least {} characters",
        "maxLength": "a text of at most {} characters",
        "minProperties": "an object of at least {} entries",
        "pattern": "a text like {!r}",
        "const": "{!r}",
    }
    if rule == "enum":
        return "one of " + ", ".join(map(repr, value))
    return phrases.get(rule, "what is expected there").format(value)
