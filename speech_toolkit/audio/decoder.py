"""Opening a stream with the decoder that knows it, and mixing what comes out to mono."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import soundfile

from speech_toolkit.audio.libsndfile_reader import LibsndfileReader
from speech_toolkit.audio.reader import RATE_RANGE_HZ, AudioReader
from speech_toolkit.audio.source import (
    AudioSource,
    is_mpeg_stream,
    other_content,
    why_not_decodable,
)
from speech_toolkit.errors import AudioError, NotAudioError, TooShortAudioError


@contextmanager
def opened_reader(stream: io.FileIO, source: AudioSource) -> Iterator[AudioReader]:
    """Open a stream by libsndfile, else by FFmpeg, or say what it is instead of audio.

    MP3 is FFmpeg's: libsndfile guesses the length of an MP3 without a length header from the first
    frame, may stop long before the end, and prints where it finds a length odd.
    """
    reader = _opened(stream, source)
    try:
        low_hz, high_hz = RATE_RANGE_HZ
        if not low_hz <= reader.rate_hz <= high_hz:
            raise AudioError(
                f"{source} claims a sample rate of {reader.rate_hz} Hz, outside "
                f"{low_hz}..{high_hz} Hz: its header is wrong, write it again with the true rate"
            )
        yield reader
    finally:
        reader.close()


def _opened(stream: io.FileIO, source: AudioSource) -> AudioReader:
    if os.fstat(stream.fileno()).st_size == 0:
        raise TooShortAudioError(f"{source} is empty (0 bytes): record or download it again")
    refusal: Exception | None = None
    if source.part.track == 0 and not is_mpeg_stream(stream):
        stream.seek(0)
        try:
            return LibsndfileReader(stream)
        except soundfile.LibsndfileError as error:
            refusal = error
    if reason := other_content(stream):
        raise NotAudioError(f"{source} {reason}") from refusal
    from speech_toolkit.audio.ffmpeg_container import NotDecodableError  # a tenth of a second
    from speech_toolkit.audio.ffmpeg_reader import FfmpegReader

    try:
        return FfmpegReader(stream, source)
    except NotDecodableError as error:
        raise why_not_decodable(stream, source, str(error)) from error


class MonoDecoder:
    """Iterates over the mono blocks of a part of a recording, and keeps account of what it saw.

    Attributes:
        reader: what decodes.
        position: frame of the file after the last that was read.
        frames: frames of the part so far.
        reached_end: whether the part's end was found before the file's.
        bad_frames: frames whose mono sample is NaN or infinite.
        first_bad_frame: the first of them, in the file.
        mono_peak: largest magnitude of the mono samples.
        channel_peak: largest magnitude over all channels.
    """

    def __init__(self, reader: AudioReader, source: AudioSource) -> None:
        part = source.part
        self.reader = reader
        self.start_frame = round(part.start_s * reader.rate_hz)
        self.end_frame = None if part.end_s is None else round(part.end_s * reader.rate_hz)
        self.position = 0
        self.frames = 0
        self.reached_end = False
        self.bad_frames = 0
        self.first_bad_frame: int | None = None
        self.mono_peak = 0.0
        self.channel_peak = 0.0

    @property
    def expected_frames(self) -> int:
        """How many frames the header makes one expect of the part."""
        ends = [end for end in (self.reader.frames, self.end_frame) if end is not None]
        return max(0, min(ends, default=0) - self.start_frame)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield float32 blocks of shape (n,), each valid until the next."""
        for first, block in self.reader.blocks(self.start_frame):
            self.position = first + len(block)
            block = block[max(0, self.start_frame - first) :]
            if self.end_frame is not None and self.position >= self.end_frame:
                block = block[: len(block) - (self.position - self.end_frame)]
                self.reached_end = True
            if len(block):
                yield self._mono(block)
                self.frames += len(block)
            if self.reached_end:
                return

    def _mono(self, block: np.ndarray) -> np.ndarray:
        channels = block.shape[1]
        with np.errstate(invalid="ignore", over="ignore"):
            weights = np.full(channels, 1 / channels, dtype=np.float32)
            mono = block[:, 0] if channels == 1 else block @ weights
        self._account(block, mono)
        return mono

    def _account(self, block: np.ndarray, mono: np.ndarray) -> None:
        peak = max(float(mono.max()), -float(mono.min()))
        if np.isfinite(peak):
            self.mono_peak = max(self.mono_peak, peak)
            self.channel_peak = max(self.channel_peak, float(block.max()), -float(block.min()))
            return
        bad = np.flatnonzero(~np.isfinite(mono))
        self.bad_frames += len(bad)
        if self.first_bad_frame is None:
            self.first_bad_frame = self.start_frame + self.frames + int(bad[0])
