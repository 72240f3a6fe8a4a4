"""Sentences that reports hold in English -> the same in another language.

``sentences.zh.json`` has each English sentence with its translation. A place in braces
stands for any text, ``{sense}`` for that of a limit; what stands there is translated too where it
is a sentence of its own.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from speech_toolkit.page_parts.figures import SIGNS

_FILE = Path(__file__).with_name("sentences.zh.json")
_PLACE = re.compile(r"\{(\w+)\}")
_CONTENT = {"sense": "|".join(SIGNS)}  # of places that do not stand for any text


def translate(text: str) -> str | None:
    """Return a sentence of a report in Chinese, None where none is known."""
    known = chinese_sentences()
    if text in known:
        return known[text]
    for pattern, chinese in _patterns():
        if found := pattern.fullmatch(text):
            parts = {key: translate(part) or part for key, part in found.groupdict().items()}
            return chinese.format_map(parts)
    return None


@cache
def chinese_sentences() -> dict[str, str]:
    """Return all known sentences with their Chinese."""
    return json.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences with places, as patterns with their Chinese."""
    return tuple(
        (re.compile(_as_pattern(english), re.DOTALL), chinese)
        for english, chinese in chinese_sentences().items()
        if _PLACE.search(english)
    )


def _as_pattern(english: str) -> str:
    pieces = _PLACE.split(english)  # fixed text and names of places in turn
    return "".join(
        f"(?P<{piece}>{_CONTENT.get(piece, '.+?')})" if index % 2 else re.escape(piece)
        for index, piece in enumerate(pieces)
    )
