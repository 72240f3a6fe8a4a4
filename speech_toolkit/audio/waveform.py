"""One road from an audio file to a model's waveform: mono float32 samples at the model's rate.

Each block that a decoder yields is mixed to mono and resampled by soxr straight into its place in
the result, so that memory follows the waveform once, however long the file is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from speech_toolkit.audio.decoder import MonoDecoder, opened_reader
from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.audio.resampling import joined
from speech_toolkit.audio.source import AudioSource, seekable_stream
from speech_toolkit.audio.stream import opened_audio
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
        part: What of the file the samples are.
        is_cut_short: Whether the file certainly held more, which is lost.
    """

    samples: np.ndarray
    sample_rate_hz: int
    source: str
    original_rate_hz: int
    original_channels: int
    warnings: tuple[str, ...] = ()
    part: AudioPart = WHOLE
    is_cut_short: bool = False

    @property
    def duration_s(self) -> float:
        """Length of ``samples`` in seconds."""
        return len(self.samples) / self.sample_rate_hz


def load_audio(
    path: str | os.PathLike[str] | AudioSource,
    sample_rate_hz: int = 16_000,
    min_samples: int = 400,
    *,
    part: AudioPart = WHOLE,
) -> Waveform:
    """Read any file that libsndfile or FFmpeg decodes as a mono float32 waveform.

    Channels are averaged. A file of n frames at rate r gives n * sample_rate_hz / r samples,
    rounded to the nearest, halves up; at the model's own rate the samples are untouched. A file
    that ends early is used as far as it goes, with a warning.

    Args:
        path: Audio or video file, FIFO, or "-" for standard input; or where such a one was copied
            to, which names its own part.
        sample_rate_hz: Rate of the result, the model's own.
        min_samples: Fewest samples of the result the caller can use; 400 is one wav2vec2 frame.
        part: Which track is read, and from when to when.

    Returns:
        The waveform with what was learnt about its source.

    Raises:
        AudioError: The source is missing, unreadable, not audio, holds no samples, NaN or infinite
            samples, or less than ``min_samples``; it lacks the track or ends before the part.
    """
    source = path if isinstance(path, AudioSource) else AudioSource(os.fsdecode(path), part=part)
    with opened_audio(source, sample_rate_hz) as stream:
        samples = joined(stream, expected_samples=stream.expected_samples + 1)
        facts = stream.facts(min_samples)
    samples.setflags(write=False)
    return Waveform(samples, sample_rate_hz, **vars(facts))


def as_waveform(
    audio: str | os.PathLike[str] | AudioSource | Waveform, sample_rate_hz: int, min_samples: int
) -> Waveform:
    """Return audio of any form as a waveform at a model's rate; one that is given must be at it.

    Raises:
        AudioError: as :func:`load_audio`, or a waveform is at another rate.
    """
    if not isinstance(audio, Waveform):
        return load_audio(audio, sample_rate_hz, min_samples)
    if audio.sample_rate_hz != sample_rate_hz:
        raise AudioError(
            f"{audio.source}: the waveform is at {audio.sample_rate_hz} Hz, the model takes "
            f"{sample_rate_hz} Hz; load_audio(path, {sample_rate_hz}) resamples"
        )
    return audio


def declared_duration_s(path: str | os.PathLike[str], track: int = 0) -> float:
    """Return the length of a file as its header gives it; it is decoded where there is none.

    Args:
        path: file.
        track: audio track, counted from 0.

    Raises:
        AudioError: as :func:`load_audio` does for what it cannot open.
    """
    source = AudioSource(os.fsdecode(path), part=AudioPart(track))
    with seekable_stream(source) as stream, opened_reader(stream, source) as reader:
        frames = reader.frames
        if frames is None:
            frames = sum(len(block) for block in MonoDecoder(reader, source))
        return frames / reader.rate_hz
