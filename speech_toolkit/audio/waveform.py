"""One road from an audio file to a model's waveform: mono float32 samples at the model's rate.

libsndfile decodes, block by block; each block is mixed to mono and resampled by soxr straight into
its place in the result, so that memory follows the waveform once, however long the file is.
"""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr

from speech_toolkit.audio.source import AudioSource, seekable_stream, why_not_audio
from speech_toolkit.errors import AudioError

BLOCK_VALUES = 1 << 17  # float32 values decoded at a time, over all channels: 512 KiB
FIRST_ALLOCATION_SAMPLES = 1 << 28  # a header is believed up to 1 GiB of waveform
UNKNOWN_FRAMES = (1 << 63) - 1  # libsndfile's frame count where the header holds none
RATE_RANGE_HZ = (1_000, 1_000_000)
RESAMPLER_QUALITY = "VHQ"
TRUNCATION_TOLERANCE_S = 0.05
UNREAD_SHARE_WARNING = 0.25  # of the file's bytes: more than any tag or cue list takes
PEAK_WARNING = 4.0  # decoders overshoot full scale a little; integers kept as floats, far more
CANCELLATION_RATIO = 0.03  # mono peak to channel peak, -30 dB

_SIZE_MISMATCH = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_NO_END_OF_STREAM = re.compile("end-of-stream", re.IGNORECASE)


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
    with seekable_stream(source) as stream, _open_decoder(stream, source) as sound:
        decoder = _MonoDecoder(sound)
        promised_frames = _promised_frames(sound)
        frames = 0 if sound.frames == UNKNOWN_FRAMES else sound.frames
        samples = _collect(
            _resampled(decoder, sound.samplerate, sample_rate_hz),
            expected_samples=frames * sample_rate_hz // sound.samplerate + 1,
        )
        _check_usable(decoder, source)
        warnings = (
            *_completeness_warnings(decoder, promised_frames, stream, source),
            *_level_warnings(decoder, source),
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
    with seekable_stream(source) as stream, _open_decoder(stream, source) as sound:
        return sound.frames / sound.samplerate


class _ForwardSoundFile(soundfile.SoundFile):
    """A sound file that is only ever read forward.

    soundfile seeks after every block of a seekable file, which decodes MP3 differently at each
    block's start and fails at the end of a FLAC whose header holds no length.
    """

    def seekable(self) -> bool:
        return False


def _open_decoder(stream: io.FileIO, source: AudioSource) -> soundfile.SoundFile:
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


class _MonoDecoder:
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


def _resampled(blocks: Iterable[np.ndarray], rate_hz: int, target_hz: int) -> Iterator[np.ndarray]:
    """Yield ``blocks`` at ``target_hz``; joined, they equal one resampling of the joined input."""
    if rate_hz == target_hz:
        yield from blocks
        return
    resampler = soxr.ResampleStream(
        rate_hz, target_hz, 1, dtype="float32", quality=RESAMPLER_QUALITY
    )
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)


def _collect(blocks: Iterable[np.ndarray], expected_samples: int) -> np.ndarray:
    """Join blocks in one allocation if no more than ``expected_samples`` come, else by growth."""
    samples = np.empty(min(expected_samples, FIRST_ALLOCATION_SAMPLES), dtype=np.float32)
    used = 0
    for block in blocks:
        end = used + len(block)
        if end > len(samples):
            room = max(end, len(samples) + len(samples) // 4)
            if end <= expected_samples:
                room = min(room, expected_samples)
            samples.resize(room, refcheck=False)
        samples[used:end] = block
        used = end
    samples.resize(used, refcheck=False)
    return samples


def _promised_frames(sound: soundfile.SoundFile) -> int | None:
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


def _check_usable(decoder: _MonoDecoder, source: AudioSource) -> None:
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


def _completeness_warnings(
    decoder: _MonoDecoder, promised_frames: int | None, stream: io.FileIO, source: AudioSource
) -> Iterator[str]:
    """Yield a warning for each sign that the file held more, or should have."""
    rate_hz = decoder.sound.samplerate
    read_s = decoder.frames / rate_hz
    missing_s = 0.0 if promised_frames is None else promised_frames / rate_hz - read_s
    if missing_s > TRUNCATION_TOLERANCE_S:
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
    declared = promised_frames is not None and decoder.damage is None
    if declared and unread_bytes > UNREAD_SHARE_WARNING * size_bytes:
        yield (
            f"{source} has {unread_bytes} of its {size_bytes} bytes after the {read_s:.2f} s "
            f"that its header declares, and they were not read: if speech is missing, run "
            f"{source.ffmpeg_command}"
        )


def _level_warnings(decoder: _MonoDecoder, source: AudioSource) -> Iterator[str]:
    """Yield a warning where the samples are silence, cancel each other, or exceed full scale."""
    if decoder.channel_peak == 0:
        yield f"{source} is digital silence: every sample is zero"
    elif decoder.mono_peak < CANCELLATION_RATIO * decoder.channel_peak:
        yield (
            f"{source} nearly cancels when its {decoder.sound.channels} channels are mixed "
            "(opposite phase): extract one of them, for example with sox IN OUT.wav remix 1"
        )
    elif decoder.mono_peak > PEAK_WARNING:
        yield (
            f"{source} reaches {decoder.mono_peak:.0f} where full scale is 1: its float "
            "samples were not scaled to -1..1"
        )
