"""A recording read block by block: mono float32 samples at a model's rate, none of them kept.

What a recording turns out to be, its defects among that, is known once its last block is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from speech_toolkit.audio.decoder import MonoDecoder, opened_reader
from speech_toolkit.audio.defects import (
    check_usable,
    completeness_warnings,
    is_cut_short,
    level_warnings,
)
from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.resampling import resampled
from speech_toolkit.audio.source import AudioSource, seekable_stream
from speech_toolkit.errors import TooShortAudioError


@dataclass(frozen=True)
class RecordingFacts:
    """What is known of a recording beside its samples.

    Attributes:
        source: Path as the caller gave it; "-" for standard input.
        original_rate_hz: Rate of the file.
        original_channels: Number of channels of the file.
        warnings: One line for each thing that was odd but usable.
        part: What of the file was read.
        is_cut_short: Whether the file certainly held more, which is lost.
    """

    source: str
    original_rate_hz: int
    original_channels: int
    warnings: tuple[str, ...]
    part: AudioPart
    is_cut_short: bool


class AudioStream:
    """An opened recording, to be iterated over once.

    Channels are averaged. A file of n frames at rate r gives n * sample_rate_hz / r samples,
    rounded to the nearest, halves up; at the model's own rate the samples are untouched.

    Attributes:
        expected_samples: what the header makes one expect; 0 where it gives no length.
        num_samples: that were yielded so far.
    """

    def __init__(self, decoder: MonoDecoder, source: AudioSource, sample_rate_hz: int) -> None:
        self._decoder = decoder
        self._source = source
        self._rate_hz = sample_rate_hz
        self.expected_samples = decoder.expected_frames * sample_rate_hz // decoder.reader.rate_hz
        self.num_samples = 0

    @property
    def may_exceed_full_scale(self) -> bool:
        """Whether samples are kept as floats, which nothing holds to -1..1."""
        return self._decoder.reader.keeps_floats

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield float32 blocks of shape (n,), each valid until the next.

        From the first sample on that is no finite number none is yielded, but the rest is read, so
        that :meth:`facts` can tell of it.
        """
        decoder = self._decoder
        for block in resampled(decoder, decoder.reader.rate_hz, self._rate_hz):
            if decoder.first_bad_frame is None:
                self.num_samples += len(block)
                yield block

    def facts(self, min_samples: int) -> RecordingFacts:
        """Return what the recording turned out to be, once it has been read to its end.

        Args:
            min_samples: Fewest samples that the caller can use.

        Raises:
            AudioError: It holds no samples, NaN or infinite samples, or less than ``min_samples``.
        """
        decoder, source, rate_hz = self._decoder, self._source, self._rate_hz
        check_usable(decoder, source)
        if self.num_samples < min_samples:
            raise TooShortAudioError(
                f"{source} is too short: {self.num_samples / rate_hz:.4f} s "
                f"({self.num_samples} samples at {rate_hz} Hz), the model needs at least "
                f"{min_samples / rate_hz:.4f} s ({min_samples} samples)"
            )
        return RecordingFacts(
            source.name,
            decoder.reader.rate_hz,
            decoder.reader.channels,
            (*completeness_warnings(decoder, source), *level_warnings(decoder, source)),
            source.part,
            is_cut_short(decoder),
        )


@contextmanager
def opened_audio(source: AudioSource, sample_rate_hz: int) -> Iterator[AudioStream]:
    """Open any file that libsndfile or FFmpeg decodes.

    Args:
        source: Audio or video file, FIFO, or standard input, and which part of it is read.
        sample_rate_hz: Rate of the blocks, the model's own.

    Raises:
        AudioError: The source is missing, unreadable or not audio, or lacks the track.
    """
    with seekable_stream(source) as stream, opened_reader(stream, source) as reader:
        yield AudioStream(MonoDecoder(reader, source), source, sample_rate_hz)
