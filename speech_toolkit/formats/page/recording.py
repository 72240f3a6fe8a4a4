"""The recording of a page: its picture, and its sound within the page or beside it."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import soundfile

from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.formats.page.overview import Overview, make_overview
from speech_toolkit.formats.page.settings import LARGEST_EMBEDDED_BYTES, LINK, PageSettings

RATE_HZ = 16_000  # what the models hear
LONGEST_LOSSLESS_S = 120
OPUS_BITS_A_S = 32_000
_ENCODED_AT_ONCE = 1 << 16  # samples


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


def make_recording(settings: PageSettings, part: AudioPart) -> Recording | None:
    """Return the recording that a page is asked to have; None where it has none.

    Args:
        settings: of the page.
        part: of the recording that the result is of. Browsers play the first track of a file alone,
            so that another one is embedded however large it is.

    Raises:
        AudioError: it cannot be read.
    """
    if settings.audio_path is None:
        return None
    waveform = load_audio(settings.audio_path, RATE_HZ, min_samples=1, part=part)
    samples_N = waveform.samples
    overview, duration_s = make_overview(samples_N, RATE_HZ), waveform.duration_s
    if settings.audio != LINK or part.track:
        content, media_type = encoded(samples_N)
        is_wanted = settings.audio is not None or part.track
        if is_wanted or len(content) <= LARGEST_EMBEDDED_BYTES:
            return Recording(overview, duration_s, content, media_type)
    return Recording(overview, duration_s, link=_link(settings))


def encoded(samples_N: np.ndarray) -> tuple[bytes, str]:
    """Return sound as a file that browsers play, and its media type.

    Short sound is kept without loss. Long sound is Opus, the one codec with which a browser finds a
    time to the millisecond: Vorbis swallows 30 ms after a jump, and MP3 is off by up to seconds.
    """
    is_short = len(samples_N) <= LONGEST_LOSSLESS_S * RATE_HZ
    full_scale_N = np.clip(samples_N, -1, 1)
    return (_flac(full_scale_N), "audio/flac") if is_short else (_opus(full_scale_N), "audio/ogg")


def _flac(samples_N: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples_N, RATE_HZ, "PCM_16", format="FLAC")
    return file.getvalue()


def _opus(samples_N: np.ndarray) -> bytes:
    """Encode by FFmpeg, which lets Opus take less trouble: 25 times as fast as libsndfile does."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream(
            "libopus", rate=RATE_HZ, layout="mono", options={"compression_level": "0"}
        )
        stream.bit_rate = OPUS_BITS_A_S
        for first in range(0, len(samples_N), _ENCODED_AT_ONCE):
            block = np.ascontiguousarray(samples_N[None, first : first + _ENCODED_AT_ONCE])
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _link(settings: PageSettings) -> str:
    folder = Path(settings.page_path).parent if settings.page_path else Path()
    relative = os.path.relpath(Path(settings.audio_path).resolve(), folder.resolve())
    return quote(Path(relative).as_posix())
