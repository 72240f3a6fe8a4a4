"""One road from an audio file to a model's waveform: mono float32 samples at the model's rate.

Each block that libsndfile decodes is mixed to mono and resampled by soxr straight into its place in
the result, so that memory follows the waveform once, however long the file is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from speech_toolkit.audio.decoder import MonoDecoder, open_decoder
from speech_toolkit.audio.defects import (
    UNKNOWN_FRAMES,
    check_usable,
    completeness_warnings,
    level_warnings,
    promised_frames,
)
from speech_toolkit.audio.resampling import joined, resampled
from speech_toolkit.audio.source import AudioSource, seekable_stream
from speech_toolkit.errors import AudioError


@dataclass(frozen=True, eq=False)
class Waveform:
    """A mono recording, ready for a model.

    Attributes:
        samples: float32, shape (N,), full scale is -1..1, read-only.
        sample_rate_hz: Rate of ``samples``.
        source: Path as the caller gave it; "-" for standard input.
        original_rate_hz: Rate of the file.
        original_channels: Number of channels of the file.
        warnings: One line for each thing that was odd but usable.
    """

    samples: np.ndarray
    sample_rate_hz: int
    source: str
    original_rate_hz: int
    original_channels: int
    warnings: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of ``samples`` in seconds."""
        return len(self.samples) / self.sample_rate_hz


def load_audio(
    path: str | os.PathLike[str] | AudioSource,
    sample_rate_hz: int = 16_000,
    min_samples: int = 400,
) -> Waveform:
    """Read any file libsndfile decodes as a mono float32 waveform.

    Channels are averaged. A file of n frames at rate r gives n * sample_rate_hz / r samples,
    rounded to the nearest, halves up; at the model's own rate the samples are untouched. A file
    that ends early is used as far as it goes, with a warning.

    Args:
        path: Audio file, FIFO, or "-" for standard input; or where such a one was copied to.
        sample_rate_hz: Rate of the result, the model's own.
        min_samples: Fewest samples of the result the caller can use; 400 is one wav2vec2 frame.

    Returns:
        The waveform with what was learnt about its source.

    Raises:
        AudioError: The source is missing, unreadable, not audio, holds no samples, NaN or infinite
            samples, or less than ``min_samples``.
    """
    source = path if isinstance(path, AudioSource) else AudioSource(os.fsdecode(path))
    with seekable_stream(source) as stream, open_decoder(stream, source) as sound:
        decoder = MonoDecoder(sound)
        promised = promised_frames(sound)
        frames = 0 if sound.frames == UNKNOWN_FRAMES else sound.frames
        samples = joined(
            resampled(decoder, sound.samplerate, sample_rate_hz),
            expected_samples=frames * sample_rate_hz // sound.samplerate + 1,
        )
        check_usable(decoder, source)
        warnings = (
            *completeness_warnings(decoder, promised, stream, source),
            *level_warnings(decoder, source),
        )
    if len(samples) < min_samples:
        raise AudioError(
            f"{source} is too short: {len(samples) / sample_rate_hz:.4f} s "
            f"({len(samples)} samples at {sample_rate_hz} Hz), the model needs at least "
            f"{min_samples / sample_rate_hz:.4f} s ({min_samples} samples)"
        )
    samples.setflags(write=False)
    return Waveform(
        samples, sample_rate_hz, source.name, sound.samplerate, sound.channels, warnings
    )


def declared_duration_s(path: str | os.PathLike[str]) -> float:
    """Return the length of a file as its header gives it; the file is not decoded.

    Raises:
        AudioError: as :func:`load_audio` does for what it cannot open.
    """
    source = AudioSource(os.fsdecode(path))
    with seekable_stream(source) as stream, open_decoder(stream, source) as sound:
        return sound.frames / sound.samplerate
