"""Decoding by libsndfile, whatever the header says of the length: WAV and its kin, FLAC, Ogg."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator

import numpy as np
import soundfile

from speech_toolkit.audio import reader

_UNKNOWN_FRAMES = (1 << 63) - 1  # libsndfile's frame count where the header holds none
_UNREAD_SHARE = 0.25  # of the file's bytes: more than any tag or cue list takes
_SIZE_MISMATCH = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_NO_END_OF_STREAM = re.compile("end-of-stream", re.IGNORECASE)


class _ForwardSoundFile(soundfile.SoundFile):
    """A sound file that is read forward from where it stands.

    soundfile seeks after every block of a seekable file, which fails at the end of a FLAC whose
    header holds no length.
    """

    def seekable(self) -> bool:
        return False


class LibsndfileReader:
    """An :class:`AudioReader` of what libsndfile decodes."""

    def __init__(self, stream: io.FileIO) -> None:
        """Open a stream.

        Raises:
            soundfile.LibsndfileError: libsndfile does not know it.
        """
        self.damage: str | None = None
        self._stream = stream
        self._sound = _ForwardSoundFile(stream.fileno(), closefd=False)
        self.rate_hz: int = self._sound.samplerate
        self.channels: int = self._sound.channels
        self.format_name: str = self._sound.format
        self.keeps_floats = self._sound.subtype in ("FLOAT", "DOUBLE")
        frames = self._sound.frames
        self.frames: int | None = None if frames == _UNKNOWN_FRAMES else frames
        self._promised = None if self.frames is None else _promised_frames(self._sound)
        self._position = 0

    def blocks(self, first_frame: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield blocks up to the end, each with its first frame in the file."""
        if first_frame and self.frames is not None and self.format_name != "OGG":
            first_frame = min(first_frame, self.frames)  # Ogg is not found again to the sample
            self._position = self._sound.seek(first_frame)
        buffer = np.empty(
            (max(1, reader.BLOCK_VALUES // self.channels), self.channels), dtype=np.float32
        )
        while self.damage is None and (count := self._decode_into(buffer)):
            yield self._position, buffer[:count]
            self._position += count

    def _decode_into(self, buffer: np.ndarray) -> int:
        """Fill ``buffer``, shape (n, channels); return the frames decoded, 0 at the end."""
        buffer = buffer[: self._sound.frames - self._position]
        buffer.fill(np.nan)
        try:
            return len(self._sound.read(out=buffer))
        except soundfile.LibsndfileError as error:
            self.damage = error.error_string.strip(" .")
            return int(np.count_nonzero(~np.isnan(buffer[:, 0])))

    def missing_s(self, position: int) -> float:
        """Return the seconds that the header promises beyond those that were found."""
        if self._promised is None:
            return 0.0
        return (self._promised - position) / self.rate_hz

    def oddities(self) -> Iterator[str]:
        """Yield what else went wrong on the way to the end, each as a predicate of the file."""
        read_s = self._position / self.rate_hz
        if self.format_name == "OGG" and _NO_END_OF_STREAM.search(self._sound.extra_info):
            yield (
                f"may be cut short: its stream has no end mark; {read_s:.2f} s were read and used"
            )
        size_bytes = os.fstat(self._stream.fileno()).st_size
        unread_bytes = size_bytes - os.lseek(self._stream.fileno(), 0, os.SEEK_CUR)
        if self._promised is not None and unread_bytes > _UNREAD_SHARE * size_bytes:
            yield (
                f"has {unread_bytes} of its {size_bytes} bytes after the {read_s:.2f} s that its "
                "header declares, and they were not read: if speech is missing, write it again "
                "from its source"
            )

    def close(self) -> None:
        """Free the decoder; the stream that it read stays open."""
        self._sound.close()


def _promised_frames(sound: soundfile.SoundFile) -> int | None:
    """Return the frames the file's header promises, None where it makes no promise.

    libsndfile corrects a size that goes beyond the end of the file and says so in its log; the
    promise is taken from there. A size near 2 or 4 GiB stands for "not known yet": that is what
    programs write that stream into a pipe.
    """
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
