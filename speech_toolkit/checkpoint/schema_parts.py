"""What the schemas of a checkpoint's files are made of: ranges and types, each with its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

LARGEST_SIZE = 1 << 20
LARGEST_ID = 10**9


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
    """Allow null, which configs write for "not set"."""
    described = f"{schema['description']}, or null" if "description" in schema else None
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*types, "null"]} | ({"description": described} if described else {})


def object_of(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object, in which any other key may stand, too."""
    return {"type": "object", "properties": dict(properties), "required": list(required)}


# The names that transformers 4.57 to 5.x have in common and that need no CUDA extension.
_ACTIVATION_NAMES = (
    *("gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python"),
    *("gelu_pytorch_tanh", "laplace", "leaky_relu", "linear", "mish", "prelu", "quick_gelu"),
    *("relu", "relu2", "relu6", "sigmoid", "silu", "swish", "tanh"),
)

SIZE = whole(1, LARGEST_SIZE)
HEADS = whole(1, 1000)
LAYERS = whole(0, 1000)
MEL_BINS = whole(1, 1024)
RATE = number(0, 1)
FLAG = {"type": "boolean"}
TEXT = {"type": "string"}
ACTIVATION = {"enum": list(_ACTIVATION_NAMES)}
WIDTHS = list_of(SIZE, f"a list of whole numbers from 1 to {LARGEST_SIZE}", fewest=1, most=64)
# Some published configs write -1 for an id that they do not use.
ID = whole(-1, LARGEST_ID)
