"""What schemas of JSON from outside are made of: ranges and types, each with its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]


def whole(low: int, high: int) -> Schema:
    """Return the schema of a whole number in a range, both ends included."""
    return {
        "type": "integer",
        "minimum": low,
        "maximum": high,
        "description": f"a whole number from {low} to {high}",
    }


def number(low: float, high: float) -> Schema:
    """Return the schema of a number in a range, both ends included."""
    return {
        "type": "number",
        "minimum": low,
        "maximum": high,
        "description": f"a number from {low:g} to {high:g}",
    }


def list_of(items: Schema, description: str, *, fewest: int = 0, most: int = 1_000_000) -> Schema:
    """Return the schema of a list of ``fewest`` to ``most`` items."""
    return {
        "type": "array",
        "items": items,
        "minItems": fewest,
        "maxItems": most,
        "description": description,
    }


def or_null(schema: Schema) -> Schema:
    """Allow null, which stands for "not set"."""
    described = f"{schema['description']}, or null" if "description" in schema else None
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*types, "null"]} | ({"description": described} if described else {})


def object_of(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    """Return the schema of an object, in which any other key may stand, too."""
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def record(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these keys."""
    return object_of(properties, tuple(properties))


def records(**properties: Schema) -> Schema:
    """Return the schema of a list of objects that have all of these keys."""
    return {"type": "array", "items": record(**properties)}
