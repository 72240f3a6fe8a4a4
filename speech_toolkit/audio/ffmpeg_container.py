"""Opening a stream by FFmpeg (PyAV), which may neither name other files nor print."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import av
import av.logging
from av.stream import Discard, Disposition

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

# Those that hold recordings; none that is a list of other files or addresses, an image, or text.
_DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,loas,"
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,ogg,rm,tak,truehd,tta,voc,"
    "w64,wav,wv,xwma"
)
_READ_AT_ONCE_BYTES = 1 << 18
_ESTIMATE = "estimating duration"
_log_lock = threading.Lock()  # FFmpeg's log is the process's


class _Bytes:
    """A stream by position, whose name tells FFmpeg nothing."""

    def __init__(self, stream: io.FileIO) -> None:
        self._stream = stream
        self.read, self.tell = stream.read, stream.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset, which a damaged file may put before its start."""
        try:
            return self._stream.seek(offset, whence)
        except (OSError, OverflowError):
            return -errno.EINVAL


class NotDecodableError(Exception):
    """FFmpeg does not open a stream; the message is FFmpeg's own words."""


class OpenedContainer:
    """A container, and what FFmpeg knows of its length.

    Attributes:
        container: of PyAV.
        tracks: its audio streams.
        length_is_known: whether the container gives its length, which FFmpeg else estimates.
    """

    def __init__(self, stream: io.FileIO) -> None:
        """Open a stream from its start.

        Raises:
            NotDecodableError: it holds none of the formats that are read.
        """
        stream.seek(0)
        with _log() as heard:
            try:
                self.container: InputContainer = av.open(
                    _Bytes(stream),
                    "r",
                    container_options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"},
                    metadata_errors="replace",
                    buffer_size=_READ_AT_ONCE_BYTES,
                    io_open=_refuse,
                )
            except (av.FFmpegError, OSError) as error:
                raise NotDecodableError(_reason(error, heard)) from error
        self.length_is_known = not any(_ESTIMATE in line.lower() for line in _lines(heard))
        self.tracks = list(self.container.streams.audio)

    def others(self, track: Stream) -> list[Stream]:
        """Return the tracks that run along with one; a cover picture does not."""
        return [
            stream
            for stream in self.container.streams
            if stream.type in ("audio", "video")
            and stream.index != track.index
            and not stream.disposition & Disposition.attached_pic
        ]

    def skip_others(self, track: Stream) -> None:
        """Leave all tracks but one unread, where the container lets them be passed over."""
        for stream in self.container.streams:
            if stream.index != track.index:
                stream.discard = Discard.all


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError(f"a recording may not name {url!r}")


@contextmanager
def _log() -> Iterator[list[Any]]:
    """Gather what FFmpeg says in this thread, and let it say nothing elsewhere."""
    with _log_lock:
        level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
        av.logging.set_level(av.logging.WARNING)
        av.logging.set_skip_repeated(False)
        try:
            with av.logging.Capture() as heard:
                yield heard
        finally:
            av.logging.set_skip_repeated(skips)
            av.logging.set_level(level)


def _lines(heard: list[Any]) -> list[str]:
    return [message.strip(" .\n") for _level, _name, message in heard]


def _reason(error: Exception, heard: list[Any]) -> str:
    """Return the last error that FFmpeg logged, else what its code means."""
    errors = [entry for entry in heard if entry[0] <= av.logging.ERROR and entry[1]]
    if errors and "whitelist" not in errors[-1][2]:
        return _lines(errors)[-1]
    return getattr(error, "strerror", None) or str(error)
