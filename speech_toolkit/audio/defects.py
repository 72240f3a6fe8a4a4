"""What is wrong with a recording: an error where it cannot be used, else one warning a defect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from speech_toolkit.audio.source import AudioSource
from speech_toolkit.errors import AudioError, DamagedAudioError, TooShortAudioError

if TYPE_CHECKING:
    from speech_toolkit.audio.decoder import MonoDecoder

PEAK_WARNING = 4.0  # decoders overshoot full scale a little; integers kept as floats, far more
_TRUNCATION_TOLERANCE_S = 0.05
_CANCELLATION_RATIO = 0.03  # mono peak to channel peak, -30 dB


def check_usable(decoder: MonoDecoder, source: AudioSource) -> None:
    """Raise AudioError where nothing was decoded or a sample is not a finite number."""
    rate_hz = decoder.reader.rate_hz
    if decoder.frames == 0:
        raise _nothing_decoded(decoder, source)
    if decoder.first_bad_frame is not None:
        at_s = decoder.first_bad_frame / rate_hz
        raise AudioError(
            f"{source} holds {decoder.bad_frames} NaN or infinite samples of "
            f"{decoder.frames}, the first at {at_s:.4f} s (sample {decoder.first_bad_frame}): "
            "export it again as PCM"
        )


def _nothing_decoded(decoder: MonoDecoder, source: AudioSource) -> AudioError:
    reader, start_s = decoder.reader, source.part.start_s
    ends_s = max(decoder.position, reader.frames or 0) / reader.rate_hz
    if start_s and ends_s:
        return TooShortAudioError(
            f"{source} ends at {ends_s:.2f} s, start_s {start_s:.10g} is not before that: "
            "start earlier"
        )
    if reader.damage or any(reader.oddities()):
        cause = f" ({reader.damage})" if reader.damage else ""
        return DamagedAudioError(
            f"{source} is damaged from its start{cause}: copy, download or record it again"
        )
    return TooShortAudioError(
        f"{source} holds no samples (its header says 0 frames): record or export it again, "
        "or, if the recorder was cut off, try ffmpeg -ignore_length 1 -i IN OUT.wav"
    )


def is_cut_short(decoder: MonoDecoder) -> bool:
    """Tell whether the file certainly held more, or should have, of what was asked for."""
    reader = decoder.reader
    if decoder.reached_end:
        return False
    return reader.missing_s(decoder.position) > _TRUNCATION_TOLERANCE_S or bool(reader.damage)


def completeness_warnings(decoder: MonoDecoder, source: AudioSource) -> Iterator[str]:
    """Yield a warning for each sign that the file held more, or should have."""
    reader = decoder.reader
    if decoder.reached_end:
        return
    read_s = decoder.position / reader.rate_hz
    missing_s = reader.missing_s(decoder.position)
    if missing_s > _TRUNCATION_TOLERANCE_S:
        cause = f" ({reader.damage})" if reader.damage else ""
        yield (
            f"{source} is cut short or damaged{cause}: its header promises "
            f"{missing_s + read_s:.2f} s, {read_s:.2f} s could be read and are used"
        )
    elif reader.damage:
        yield (
            f"{source} is damaged after {read_s:.2f} s ({reader.damage}): "
            "what comes before was read and used"
        )
    else:
        yield from (f"{source} {oddity}" for oddity in reader.oddities())
    end_s = source.part.end_s
    if end_s is not None:
        yield f"{source} ends at {read_s:.2f} s, before end_s {end_s:.10g}: it was used to its end"


def level_warnings(decoder: MonoDecoder, source: AudioSource) -> Iterator[str]:
    """Yield a warning where the samples are silence, cancel each other, or exceed full scale."""
    if decoder.channel_peak == 0:
        yield f"{source} is digital silence: every sample is zero"
    elif decoder.mono_peak < _CANCELLATION_RATIO * decoder.channel_peak:
        yield (
            f"{source} nearly cancels when its {decoder.reader.channels} channels are mixed "
            "(opposite phase): extract one of them, for example with sox IN OUT.wav remix 1"
        )
    elif decoder.mono_peak > PEAK_WARNING:
        yield (
            f"{source} reaches {decoder.mono_peak:.0f} where full scale is 1: its float "
            "samples were not scaled to -1..1"
        )
