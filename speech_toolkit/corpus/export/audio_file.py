"""Files of audio that are written whole or not at all, however long they are."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

from speech_toolkit.corpus.export.form import FLAC, WAV
from speech_toolkit.errors import AudioError
from speech_toolkit.files.writing import not_written

_FORMATS = {FLAC: "FLAC", WAV: "WAV"}


class AudioFile:
    """A file of mono audio of 16 bits that is in its place once it is finished."""

    def __init__(self, target: Path, rate_hz: int) -> None:
        """Begin a file.

        Raises:
            AudioError: files of its kind have no such rate.
            UsageError: it cannot be written.
        """
        self._target = target
        self._part = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._sink = _Sink(self._part)
        except OSError as error:
            raise not_written(target, error) from error
        self._sound: soundfile.SoundFile | None = None
        try:
            self._sound = soundfile.SoundFile(
                self._sink, "w", rate_hz, 1, "PCM_16", format=_FORMATS[target.suffix]
            )
        except soundfile.LibsndfileError as error:
            self.discard()
            raise AudioError(
                f"{target}: cannot hold audio at {rate_hz} Hz ({error.error_string}); export in "
                "another form"
            ) from error

    def write(self, pcm_N: np.ndarray) -> None:
        """Add samples of 16 bits.

        Raises:
            UsageError: they cannot be written, a DiskFullError where that is for want of room.
        """
        self._sound.write(pcm_N)
        self._check()

    def finish(self, changed_ns: int) -> None:
        """Move the file to its place.

        Args:
            changed_ns: the time of last change that it gets.

        Raises:
            UsageError: as :meth:`write`.
        """
        self._sound.close()
        self._check()
        try:
            self._sink.file.close()
            os.utime(self._part, ns=(changed_ns, changed_ns))
            self._part.replace(self._target)
        except OSError as error:
            raise not_written(self._target, error) from error

    def discard(self) -> None:
        """Remove what was not finished."""
        if self._sound is not None:
            self._sound.close()
        with suppress(OSError):
            self._sink.file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _check(self) -> None:
        if self._sink.error is not None:
            raise not_written(self._target, self._sink.error) from self._sink.error


class _Sink:
    """A file for libsndfile, in whose calls an error would be printed and lost: it is kept."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w+b")
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            self.file.write(data)
        except OSError as error:
            self.error = self.error or error
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self.file.seek(offset, whence)
        except OSError as error:  # it writes what is in its buffer first
            self.error = self.error or error
            return 0

    def tell(self) -> int:
        return self.file.tell()
