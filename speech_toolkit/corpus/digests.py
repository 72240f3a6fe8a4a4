"""Whether work that was done is the work that is asked for: settings and inputs compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.item import Item

# Settings that earlier versions did not have, at which they are left out of a run's.
LATER_SETTINGS = {
    "markup": "auto",
    "words": "auto",
    "repair": False,
    "refine": False,
    "hear_rests": True,
}
_DIGEST_CHARACTERS = 32


def settings_digest(settings: Mapping[str, Any]) -> str:
    """Return a digest of settings that does not depend on the order of their keys."""
    return _digest(settings)


def item_digest(item: Item, digest_of_settings: str) -> str:
    """Return a digest of what an item's results depend on.

    Of the recording these are its path as it was given, its size and the time of its last change:
    to read thousands of hours only to see that they are the same takes longer than the card needs
    for them, and a file that is replaced while it keeps both is not met by chance. A file that is
    touched or copied is done again, which loses time but never a result.

    Args:
        item: of the corpus.
        digest_of_settings: what :func:`settings_digest` returns for the run's settings.
    """
    try:
        stat = Path(item.audio_path).stat()
        file = [stat.st_size, stat.st_mtime_ns]
    except (OSError, ValueError):  # missing is a state of its own: the file may come
        file = None
    given = [item.audio_path, item.text, item.language, item.start_s, item.end_s]
    if item.cue_starts:
        given.append(item.cue_starts)
    return _digest([digest_of_settings, given, file])


def settings_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a phrase for each setting that is not what it was, such as ``star "none" -> "edges"``.

    Args:
        before: as JSON gives them back.
        now: ready for JSON.
    """
    return list(_differences(before, json.loads(json.dumps(now))))


def _differences(
    before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = ""
) -> Iterator[str]:
    for key in dict.fromkeys([*before, *now]):
        then, today = before.get(key), now.get(key)
        if isinstance(then, dict) and isinstance(today, dict):
            yield from _differences(then, today, f"{prefix}{key}.")
        elif (was := _shown(before, key)) != (becomes := _shown(now, key)):
            yield f"{prefix}{key} {was} -> {becomes}"


def _shown(settings: Mapping[str, Any], key: str) -> str:
    if key not in settings and key not in LATER_SETTINGS:
        return "(not given)"
    return json.dumps(settings.get(key, LATER_SETTINGS.get(key)), ensure_ascii=False)


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_DIGEST_CHARACTERS]
