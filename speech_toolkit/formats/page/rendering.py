"""The file of a page, put together from its parts.

The result, the wording of both languages and a few figures stand in it as JSON; the sound and what
is drawn of it as base64. All else is done by the script of ``client/`` in the reader's browser.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.formats.confidence import limits_of
from speech_toolkit.formats.page import client_files
from speech_toolkit.formats.page.languages import LANGUAGES
from speech_toolkit.formats.page.recording import Recording, make_recording
from speech_toolkit.formats.page.settings import PageSettings
from speech_toolkit.formats.timed_text import part_of, timed_text
from speech_toolkit.page_parts.document import hash_source

_WORDING = Path(__file__).with_name("wording")
_TAGS = {"en": "en", "zh": "zh-CN"}
# What would end a script element, or is no character of a line in older JavaScript.
_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def render_page(document: Mapping[str, Any], settings: PageSettings) -> str:
    """Return a result as the text of a page.

    Args:
        document: the JSON form of a transcription or an alignment.
        settings: how.

    Raises:
        AudioError: the recording cannot be read.
    """
    part = part_of(document)
    recording = make_recording(settings, part)
    data = _data(document, settings, part, recording)
    return client_files.read("page.html").format(
        language=_TAGS[settings.language],
        title=escape(Path(document["audio_path"]).name),
        policy=escape(_policy(recording)),
        style=client_files.read("style.css"),
        data=_json(data),
        blocks="".join(_blocks(recording)),
        script=client_files.script(),
    )


def _data(
    document: Mapping[str, Any],
    settings: PageSettings,
    part: AudioPart,
    recording: Recording | None,
) -> dict[str, Any]:
    task = "alignment" if "transcript" in document else "transcription"
    timed = timed_text(document)
    return {
        "task": task,
        "document": document,
        "start_s": part.start_s,
        "segment_sizes": [len(segment.words) for segment in timed.segments],
        "confidence_limits": limits_of(document),
        "language": settings.language,
        "wording": {language: _wording(language) for language in LANGUAGES},
        "audio": None if recording is None else _audio(recording),
    }


def _audio(recording: Recording) -> dict[str, Any]:
    overview = recording.overview
    return {
        "duration_s": recording.duration_s,
        "media_type": recording.media_type,
        "link": recording.link,
        "peak_s": overview.samples_a_peak / overview.rate_hz,
        "column_s": overview.samples_a_column / overview.rate_hz,
        "bands": overview.bands,
        "levels": overview.levels,
    }


def _blocks(recording: Recording | None) -> Iterator[str]:
    """Yield what is no text, each in an element that the script reads."""
    if recording is None:
        return
    contents = {
        "peaks": recording.overview.peaks,
        "spectrogram": recording.overview.spectrogram,
        "sound": recording.content,
    }
    for name, content in contents.items():
        if content is not None:
            encoded = base64.b64encode(content).decode()
            yield f'<script type="application/octet-stream" id="{name}">{encoded}</script>\n'


def _policy(recording: Recording | None) -> str:
    """Return the content security policy: nothing is loaded but a linked recording."""
    media = "blob: 'self' file:" if recording is not None and recording.link else "blob:"
    return (
        f"default-src 'none'; media-src {media}; base-uri 'none'; form-action 'none'; "
        f"script-src {hash_source(client_files.script())}; "
        f"style-src {hash_source(client_files.read('style.css'))}"
    )


def _json(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(str.maketrans(_ESCAPES))


def _wording(language: str) -> dict[str, str]:
    return json.loads((_WORDING / f"{language}.json").read_text(encoding="utf-8"))
