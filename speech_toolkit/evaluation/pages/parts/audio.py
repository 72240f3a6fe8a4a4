"""Recordings that a page plays without a network: part of the page, as long as they are few."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.elements import Markup, element

MAX_TOTAL_BYTES = 8 * 2**20
_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
}


class AudioShelf:
    """Embeds recordings until they take up too much."""

    def __init__(
        self, directory: str | os.PathLike[str] | None, texts: Texts, budget: int = MAX_TOTAL_BYTES
    ) -> None:
        """Start with an empty page.

        Args:
            directory: where recordings are looked for by name that are not at their path any more.
            texts: of the page's language.
            budget: bytes that all recordings together may have.
        """
        self._directory = None if directory is None else Path(directory)
        self._texts = texts
        self._left = budget

    def player(self, path: str, sha256: str) -> Markup:
        """Return a player for a recording, or a note that says why there is none.

        Args:
            path: of the recording, when the report was made.
            sha256: of its content then; another recording is not played.
        """
        kind = _TYPES.get(Path(path).suffix.lower())
        if kind is None:
            return self._note("audio_format")
        place = self._find(path)
        if place is None:
            return self._note("audio_gone")
        if place.stat().st_size > self._left:
            return self._note("audio_too_large")
        content = place.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            return self._note("audio_changed")
        self._left -= len(content)
        data = f"data:{kind};base64,{base64.b64encode(content).decode()}"
        return element("audio", controls=True, preload="metadata", src=data)

    def _find(self, path: str) -> Path | None:
        places = [Path(path)]
        if self._directory is not None:
            places.append(self._directory / Path(path).name)
        return next(
            (place for place in places if place.is_file() and os.access(place, os.R_OK)), None
        )

    def _note(self, key: str) -> Markup:
        return element("p", self._texts(key), class_="note")
