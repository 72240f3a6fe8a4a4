"""Decoding by libsndfile, block by block, mixed to mono, whatever the header says of the length."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator

import numpy as np
import soundfile

from speech_toolkit.audio.source import AudioSource, why_not_audio
from speech_toolkit.errors import AudioError

BLOCK_VALUES = 1 << 17  # float32 values decoded at a time, over all channels: 512 KiB
RATE_RANGE_HZ = (1_000, 1_000_000)


class _ForwardSoundFile(soundfile.SoundFile):
    """A sound file that is only ever read forward.

    soundfile seeks after every block of a seekable file, which decodes MP3 differently at each
    block's start and fails at the end of a FLAC whose header holds no length.
    """

    def seekable(self) -> bool:
        return False


def open_decoder(stream: io.FileIO, source: AudioSource) -> soundfile.SoundFile:
    """Open libsndfile on ``stream``, or say what the file is instead of audio."""
    if os.fstat(stream.fileno()).st_size == 0:
        raise AudioError(f"{source} is empty (0 bytes): record or download it again")
    try:
        sound = _ForwardSoundFile(stream.fileno(), closefd=False)
        if sound.format == "MP3" and (first_frame := _headerless_mp3_start(stream)) is not None:
            sound.close()
            sound = _ForwardSoundFile(_pipe_from(stream, first_frame), closefd=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(why_not_audio(stream, source, error.error_string)) from error
    low_hz, high_hz = RATE_RANGE_HZ
    if not low_hz <= sound.samplerate <= high_hz:
        sound.close()
        raise AudioError(
            f"{source} claims a sample rate of {sound.samplerate} Hz, outside "
            f"{low_hz}..{high_hz} Hz: its header is wrong, write it again with the true rate"
        )
    return sound


def _headerless_mp3_start(stream: io.FileIO) -> int | None:
    """Return the byte offset of an MP3's first frame if it lacks a length header, else None.

    Without that header mpg123 guesses the length from the size of the file and the bit rate of the
    first frame, and libsndfile stops there: a variable bit rate can lose most of the audio.
    """
    start = 0
    head = os.pread(stream.fileno(), 10, start)
    while head.startswith(b"ID3") and len(head) == 10:
        size_7bit = head[6:]
        start += 10 + sum((size_7bit[i] & 0x7F) << (21 - 7 * i) for i in range(4))
        head = os.pread(stream.fileno(), 10, start)
    first_frame = os.pread(stream.fileno(), 64, start)
    return None if any(mark in first_frame for mark in (b"Xing", b"Info", b"VBRI")) else start


def _pipe_from(stream: io.FileIO, start: int) -> int:
    """Return the read end of a pipe that a thread fills with ``stream`` from byte ``start``.

    From a pipe libsndfile decodes to the end of the data, since it cannot ask for a length.
    """
    reader_fd, writer_fd = os.pipe()
    source_fd = os.dup(stream.fileno())

    def feed() -> None:
        offset = start
        with io.FileIO(writer_fd, "wb") as pipe:
            try:
                while block := os.pread(source_fd, 1 << 16, offset):
                    offset += pipe.write(block)
            except BrokenPipeError:
                pass  # the reader stopped at damaged data
            finally:
                os.close(source_fd)

    threading.Thread(target=feed, name="mp3-feed", daemon=True).start()
    return reader_fd


class MonoDecoder:
    """Iterates over the mono blocks of a sound file and keeps account of what it saw.

    Attributes:
        frames: Frames decoded so far.
        damage: Why decoding stopped before the end, None while it has not.
        bad_frames: Frames whose mono sample is NaN or infinite.
        first_bad_frame: The first of them.
        mono_peak: Largest magnitude of the mono samples.
        channel_peak: Largest magnitude over all channels.
    """

    def __init__(self, sound: soundfile.SoundFile) -> None:
        self.sound = sound
        self.frames = 0
        self.damage: str | None = None
        self.bad_frames = 0
        self.first_bad_frame: int | None = None
        self.mono_peak = 0.0
        self.channel_peak = 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield float32 blocks of shape (n,), each valid until the next."""
        channels = self.sound.channels
        weights = np.full(channels, 1 / channels, dtype=np.float32)
        buffer = np.empty((max(1, BLOCK_VALUES // channels), channels), dtype=np.float32)
        while self.damage is None and (count := self._decode_into(buffer)):
            block = buffer[:count]
            with np.errstate(invalid="ignore", over="ignore"):
                mono = block[:, 0] if channels == 1 else block @ weights
            self._account(block, mono)
            self.frames += count
            yield mono

    def _decode_into(self, buffer: np.ndarray) -> int:
        """Fill ``buffer``, shape (n, channels); return the frames decoded, 0 at the end."""
        buffer = buffer[: self.sound.frames - self.frames]
        buffer.fill(np.nan)
        try:
            return len(self.sound.read(out=buffer))
        except soundfile.LibsndfileError as error:
            self.damage = error.error_string.strip(" .")
            return int(np.count_nonzero(~np.isnan(buffer[:, 0])))

    def _account(self, block: np.ndarray, mono: np.ndarray) -> None:
        peak = max(float(mono.max()), -float(mono.min()))
        if np.isfinite(peak):
            self.mono_peak = max(self.mono_peak, peak)
            self.channel_peak = max(self.channel_peak, float(block.max()), -float(block.min()))
            return
        bad = np.flatnonzero(~np.isfinite(mono))
        self.bad_frames += len(bad)
        if self.first_bad_frame is None:
            self.first_bad_frame = self.frames + int(bad[0])
