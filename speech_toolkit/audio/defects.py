"""What is wrong with a recording: an error where it cannot be used, else one warning a defect."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from speech_toolkit.audio.source import AudioSource
from speech_toolkit.errors import AudioError

if TYPE_CHECKING:
    import soundfile

    from speech_toolkit.audio.decoder import MonoDecoder

UNKNOWN_FRAMES = (1 << 63) - 1  # libsndfile's frame count where the header holds none
PEAK_WARNING = 4.0  # decoders overshoot full scale a little; integers kept as floats, far more
_TRUNCATION_TOLERANCE_S = 0.05
_UNREAD_SHARE = 0.25  # of the file's bytes: more than any tag or cue list takes
_CANCELLATION_RATIO = 0.03  # mono peak to channel peak, -30 dB

_SIZE_MISMATCH = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_NO_END_OF_STREAM = re.compile("end-of-stream", re.IGNORECASE)


def promised_frames(sound: soundfile.SoundFile) -> int | None:
    """Return the frames the file's header promises, None where it makes no promise.

    libsndfile corrects a size that goes beyond the end of the file and says so in its log; the
    promise is taken from there. A size near 2 or 4 GiB stands for "not known yet": that is what
    programs write that stream into a pipe.
    """
    if sound.frames == UNKNOWN_FRAMES:
        return None
    if not (mismatch := _SIZE_MISMATCH.search(sound.extra_info)):
        return sound.frames
    promised_bytes, actual_bytes = map(int, mismatch.groups())
    if _is_placeholder(promised_bytes) or actual_bytes == 0:
        return None
    return round(sound.frames * promised_bytes / actual_bytes)


def _is_placeholder(size_bytes: int) -> bool:
    return (
        0x7FFF_0000 <= size_bytes <= 0x8000_0000
        or 0xFFFF_0000 <= size_bytes <= 0xFFFF_FFFF
        or size_bytes >= 1 << 62
    )


def check_usable(decoder: MonoDecoder, source: AudioSource) -> None:
    """Raise AudioError where nothing was decoded or a sample is not a finite number."""
    if decoder.damage and decoder.frames == 0:
        raise AudioError(
            f"{source} is damaged from its start ({decoder.damage}): "
            f"try to repair it with {source.ffmpeg_command}"
        )
    if decoder.frames == 0:
        raise AudioError(
            f"{source} holds no samples (its header says 0 frames): record or export it again, "
            f"or, if the recorder was cut off, try ffmpeg -ignore_length 1 -i IN OUT.wav"
        )
    if decoder.first_bad_frame is not None:
        at_s = decoder.first_bad_frame / decoder.sound.samplerate
        raise AudioError(
            f"{source} holds {decoder.bad_frames} NaN or infinite samples of "
            f"{decoder.frames}, the first at {at_s:.4f} s (sample {decoder.first_bad_frame}): "
            "export it again as PCM"
        )


def completeness_warnings(
    decoder: MonoDecoder, promised: int | None, stream: io.FileIO, source: AudioSource
) -> Iterator[str]:
    """Yield a warning for each sign that the file held more, or should have."""
    rate_hz = decoder.sound.samplerate
    read_s = decoder.frames / rate_hz
    missing_s = 0.0 if promised is None else promised / rate_hz - read_s
    if missing_s > _TRUNCATION_TOLERANCE_S:
        cause = f" ({decoder.damage})" if decoder.damage else ""
        yield (
            f"{source} is cut short or damaged{cause}: its header promises "
            f"{missing_s + read_s:.2f} s, {read_s:.2f} s could be read and are used"
        )
    elif decoder.damage:
        yield (
            f"{source} is damaged after {read_s:.2f} s ({decoder.damage}): "
            "what comes before was read and used"
        )
    elif decoder.sound.format == "OGG" and _NO_END_OF_STREAM.search(decoder.sound.extra_info):
        yield (
            f"{source} may be cut short: its stream has no end mark; "
            f"{read_s:.2f} s were read and used"
        )
    size_bytes = os.fstat(stream.fileno()).st_size
    unread_bytes = size_bytes - os.lseek(stream.fileno(), 0, os.SEEK_CUR)
    declared = promised is not None and decoder.damage is None
    if declared and unread_bytes > _UNREAD_SHARE * size_bytes:
        yield (
            f"{source} has {unread_bytes} of its {size_bytes} bytes after the {read_s:.2f} s "
            f"that its header declares, and they were not read: if speech is missing, run "
            f"{source.ffmpeg_command}"
        )


def level_warnings(decoder: MonoDecoder, source: AudioSource) -> Iterator[str]:
    """Yield a warning where the samples are silence, cancel each other, or exceed full scale."""
    if decoder.channel_peak == 0:
        yield f"{source} is digital silence: every sample is zero"
    elif decoder.mono_peak < _CANCELLATION_RATIO * decoder.channel_peak:
        yield (
            f"{source} nearly cancels when its {decoder.sound.channels} channels are mixed "
            "(opposite phase): extract one of them, for example with sox IN OUT.wav remix 1"
        )
    elif decoder.mono_peak > PEAK_WARNING:
        yield (
            f"{source} reaches {decoder.mono_peak:.0f} where full scale is 1: its float "
            "samples were not scaled to -1..1"
        )
