"""Reports read back, and the schemas of ``results/`` that they and other inputs are held to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from speech_toolkit.bundled import SCHEMAS
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import (
    check_schema,
    parse_json,
    read_text,
    shown_path,
    shown_value,
)

MADE_BY = {
    "evaluation": "evaluate.py",
    "accuracy": "eval_accuracy.py",
    "perf": "eval_perf.py",
    "compare": "inference_whisper.py --mode compare",
    "benchmark": "inference_whisper.py --mode benchmark",
}


def read_report(path: str, kinds: Sequence[str] = tuple(MADE_BY), flag: str = "") -> dict[str, Any]:
    """Read a report that one of the scripts wrote.

    Args:
        path: the JSON file.
        kinds: which may be read, of ``MADE_BY``.
        flag: the argument that names the file, for messages.

    Returns:
        The report; its ``kind`` is one of ``kinds``, and the schema of that kind holds.

    Raises:
        UsageError: the file cannot be read, is no such report, or does not keep to its schema.
    """
    source = f"{flag} {shown_path(path)}".strip()
    advice = f"give a report of {' or '.join(MADE_BY[kind] for kind in kinds)}"
    text = read_text(Path(path), error=UsageError, advice=advice)
    report = parse_json(text, source, error=UsageError, advice=advice)
    kind = report.get("kind") if isinstance(report, dict) else None
    if kind not in kinds:
        is_what = f"is a report of kind {shown_value(kind)}" if kind else "is no report"
        raise UsageError(f"{source}: {is_what}; {advice}")
    advice = "measure again with this version, or take the file as it was written"
    check_schema(report, stored_schema(kind), source, error=UsageError, advice=advice)
    _refuse_odd_numbers(report, source, advice)
    return report


@cache
def stored_schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema of ``results/schemas``, such as that of a kind of report."""
    path = SCHEMAS / f"{name}.schema.json"
    advice = "the toolkit's own file is damaged; check it out again"
    text = read_text(path, error=UsageError, advice=advice)
    return parse_json(text, str(path), error=UsageError, advice=advice)


def _refuse_odd_numbers(part: Any, source: str, advice: str, key: str = "it") -> None:
    """Raise where a part that the schema leaves free holds NaN, or more than a float can."""
    entries = part.items() if isinstance(part, dict) else enumerate(part)
    for name, value in entries:
        if isinstance(value, dict | list):
            _refuse_odd_numbers(value, source, advice, str(name))
        elif isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
            raise UsageError(
                f"{source}: {name} of {key} is {shown_value(value)}, not a finite number; {advice}"
            )
