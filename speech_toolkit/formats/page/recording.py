"""The recording of a page: its picture, and its sound within the page or beside it."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import soundfile

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.formats.page.overview import Overview, make_overview
from speech_toolkit.formats.page.settings import LARGEST_EMBEDDED_BYTES, LINK, PageSettings

RATE_HZ = 16_000  # what the models hear
LONGEST_LOSSLESS_S = 120
_ENCODED_AT_ONCE = 1 << 16  # samples; libsndfile's Vorbis overflows the stack on much more


@dataclass(frozen=True)
class Recording:
    """Audio as a page has it.

    Attributes:
        overview: what is drawn of it.
        duration_s: seconds.
        content: the encoded sound, None where it is linked.
        media_type: of ``content``, None where it is linked.
        link: relative address of the file, None where the sound is in the page.
    """

    overview: Overview
    duration_s: float
    content: bytes | None = None
    media_type: str | None = None
    link: str | None = None


def make_recording(settings: PageSettings) -> Recording | None:
    """Return the recording that a page is asked to have; None where it has none.

    Raises:
        AudioError: it cannot be read.
    """
    if settings.audio_path is None:
        return None
    waveform = load_audio(settings.audio_path, RATE_HZ, min_samples=1)
    samples_N = waveform.samples
    overview, duration_s = make_overview(samples_N, RATE_HZ), waveform.duration_s
    if settings.audio != LINK:
        content, media_type = encoded(samples_N)
        if settings.audio is not None or len(content) <= LARGEST_EMBEDDED_BYTES:
            return Recording(overview, duration_s, content, media_type)
    return Recording(overview, duration_s, link=_link(settings))


def encoded(samples_N: np.ndarray) -> tuple[bytes, str]:
    """Return sound as a file that browsers play, and its media type.

    Short sound is kept without loss. Of the codecs that keep every sample at its time and that
    browsers find a time in exactly, libsndfile encodes Vorbis several times faster than Opus.
    """
    is_short = len(samples_N) <= LONGEST_LOSSLESS_S * RATE_HZ
    container, codec = ("FLAC", "PCM_16") if is_short else ("OGG", "VORBIS")
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", RATE_HZ, 1, codec, format=container) as sound:
        for first in range(0, len(samples_N), _ENCODED_AT_ONCE):
            sound.write(np.clip(samples_N[first : first + _ENCODED_AT_ONCE], -1, 1))
    return file.getvalue(), f"audio/{container.lower()}"


def _link(settings: PageSettings) -> str:
    folder = Path(settings.page_path).parent if settings.page_path else Path()
    relative = os.path.relpath(Path(settings.audio_path).resolve(), folder.resolve())
    return quote(Path(relative).as_posix())
