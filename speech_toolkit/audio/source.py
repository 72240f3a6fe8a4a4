"""Where audio comes from: opening files, pipes and standard input, and naming what is not audio."""

from __future__ import annotations

import errno
import io
import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.errors import (
    AudioError,
    DamagedAudioError,
    MissingAudioError,
    NotAudioError,
    UnreadableAudioError,
)
from speech_toolkit.files.git_lfs import is_lfs_pointer
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.files.scratch import scratch_errors, scratch_folder, temporary_directory

STDIN = "-"
HEAD_BYTES = 512
LARGEST_COPY_BYTES = 32 << 30  # 24 hours in stereo at 48 kHz and 32 bits
SPARED_BYTES = 64 << 20  # of the disk, for all others on this machine
_COPIED_AT_ONCE_BYTES = 1 << 20

# (offset, magic bytes, name), to tell damaged audio from what never was.
_AUDIO_CONTAINERS = (
    (8, b"WAVE", "WAV"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"FORM", "AIFF"),
    (0, b"caff", "CAF"),
    (0, b"ID3", "MP3"),
    (0, b"\xff\xfb", "MP3"),
    (0, b"\xff\xf3", "MP3"),
    (0, b"\xff\xf2", "MP3"),
    (4, b"ftyp", "MP4/M4A"),
    (0, b"\x1aE\xdf\xa3", "WebM/Matroska"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"#!AMR", "AMR"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "WMA/ASF"),
    (8, b"AVI ", "AVI"),
)
_NOT_AUDIO = (
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
)


@dataclass(frozen=True)
class AudioSource:
    """Where audio is read from, and how messages speak of it.

    Attributes:
        path: file, FIFO, or "-" for standard input.
        named: the path as the user gave it; None where that is ``path``.
        part: which track of it is read, and from when to when.
    """

    path: str
    named: str | None = None
    part: AudioPart = WHOLE

    @property
    def name(self) -> str:
        """The path as the user gave it."""
        return self.path if self.named is None else self.named

    def __str__(self) -> str:
        return (
            "audio from standard input"
            if self.name == STDIN
            else f"audio {shown_path(self.name)!r}"
        )

    @property
    def ffmpeg_command(self) -> str:
        """The command that turns the file into a WAV file, on one line."""
        if self.name == STDIN:
            return "ffmpeg -i - -ar 16000 -ac 1 -f wav - before the pipe"
        if not self.name.isprintable():
            return "ffmpeg -i IN -ar 16000 -ac 1 OUT.wav"
        target = Path(self.name).stem + "_16k.wav"
        return f"ffmpeg -i {shlex.quote(self.name)} -ar 16000 -ac 1 {shlex.quote(target)}"


@contextmanager
def seekable_stream(source: AudioSource) -> Iterator[io.FileIO]:
    """Open ``source`` unbuffered; what cannot seek is first copied to a temporary file.

    Raises:
        AudioError: it cannot be opened, or is more than is copied.
        ToolkitError: there is no room for the copy.
    """
    with _open_source(source) as stream, ExitStack() as stack:
        if not _is_seekable(stream, source):
            stream = stack.enter_context(_spooled(stream, source))
        yield stream


@contextmanager
def readable_again(path: str) -> Iterator[AudioSource]:
    """Give audio that can be opened many times: a file itself, a copy of a pipe's content.

    Args:
        path: as the user gave it; messages go on speaking of it.

    Raises:
        AudioError: it cannot be opened, or is more than is copied.
        ToolkitError: there is no room for the copy.
    """
    source = AudioSource(path)
    with ExitStack() as stack:
        with _open_source(source) as stream:
            if not _is_seekable(stream, source):
                copy = stack.enter_context(scratch_folder()) / "audio"
                with scratch_errors(), copy.open("wb", buffering=0) as spooled:
                    _copy(stream, spooled, source)
                source = AudioSource(str(copy), named=path)
        yield source


def _is_seekable(stream: io.FileIO, source: AudioSource) -> bool:
    """Tell whether a stream begins at its start and can go back there; standard input may not."""
    return source.path != STDIN and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)


@contextmanager
def _spooled(stream: io.FileIO, source: AudioSource) -> Iterator[io.FileIO]:
    """Copy a stream to a file that has no name, so that nothing can be left of it."""
    with ExitStack() as stack:
        with scratch_errors():
            folder = temporary_directory()
            spooled = stack.enter_context(tempfile.TemporaryFile(buffering=0, dir=folder))
        _copy(stream, spooled, source)
        spooled.seek(0)
        yield spooled


def _copy(stream: io.FileIO, copy: io.FileIO, source: AudioSource) -> None:
    """Copy to the end of a stream, which may have none.

    Raises:
        AudioError: it is longer than any recording, or cannot be read.
        ToolkitError: there is no room for it.
    """
    copied_bytes = 0
    while block := _next_block(stream, source):
        copied_bytes += len(block)
        if copied_bytes > LARGEST_COPY_BYTES:
            raise AudioError(
                f"{source} goes on after {LARGEST_COPY_BYTES >> 30} GiB, which is more than is "
                "copied from a pipe: save it as a file and name that"
            )
        with scratch_errors():
            if shutil.disk_usage(temporary_directory()).free < len(block) + SPARED_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            while block:
                block = block[copy.write(block) :]


def _next_block(stream: io.FileIO, source: AudioSource) -> bytes:
    try:
        return stream.read(_COPIED_AT_ONCE_BYTES)
    except OSError as error:
        raise UnreadableAudioError(
            f"{source} cannot be read ({error.strerror}): save it as a file and name that"
        ) from error


def _open_source(source: AudioSource) -> io.FileIO:
    """Open a path or standard input; directories, devices and terminals are refused."""
    try:
        if source.path == STDIN:
            stream = io.FileIO(0, "rb", closefd=False)
        else:
            stream = io.FileIO(source.path, "rb")
    except FileNotFoundError as error:
        raise MissingAudioError(f"{source} does not exist: check the path") from error
    except IsADirectoryError as error:
        raise AudioError(f"{source} is a directory: name one file in it") from error
    except PermissionError as error:
        raise UnreadableAudioError(f"{source} may not be read by this user: chmod +r it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableAudioError(
            f"{source} cannot be opened ({reason}): check the path"
        ) from error
    mode = os.fstat(stream.fileno()).st_mode
    if stream.isatty() or stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and source.path != STDIN):
        stream.close()
        raise AudioError(f"{source} is a terminal or a device: name an audio file")
    return stream


def other_content(stream: io.FileIO) -> str | None:
    """Say, from its first bytes, what a stream holds that certainly is no audio, and what to do.

    A playlist or a script of FFmpeg's is text, too, and never gets to FFmpeg.
    """
    head = _head(stream)
    if is_lfs_pointer(head):
        return "is a Git LFS pointer, not the audio itself: run git lfs pull"
    if other := _match_magic(head, _NOT_AUDIO):
        return f"is {other}, not audio: name an audio file"
    if not any(head):
        return "holds only zero bytes: copy or download it again"
    if (text := _as_text(head)) is not None:
        is_page = text.lower().startswith(("<!doctype", "<html"))
        kind = "a web page" if is_page else "text"
        return f"holds {kind}, not audio; it begins {text[:40]!r}: name an audio file"
    return None


def is_mpeg_stream(stream: io.FileIO) -> bool:
    """Tell, from its first bytes, whether a stream is MP3 or its kin rather than a container."""
    head = _head(stream)
    return head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


def why_not_decodable(stream: io.FileIO, source: AudioSource, decoder_reason: str) -> AudioError:
    """Return an error that says, from its first bytes, what no decoder made sense of.

    Args:
        stream: the refused stream; it is read from its start.
        source: where it came from.
        decoder_reason: the last decoder's own words, used where the bytes look like audio.
    """
    if not (kind := _match_magic(_head(stream), _AUDIO_CONTAINERS)):
        return NotAudioError(
            f"{source} is not audio in a format known here: if a player plays it, try "
            f"{source.ffmpeg_command}"
        )
    if "moov" in decoder_reason:
        decoder_reason += ", which is written last: the file was cut off"
    return DamagedAudioError(
        f"{source} looks like {kind} but cannot be decoded ({decoder_reason}): "
        "copy or download it again"
    )


def _head(stream: io.FileIO) -> bytes:
    stream.seek(0)
    return stream.read(HEAD_BYTES)


def _as_text(head: bytes) -> str | None:
    """Return ``head`` as stripped UTF-8 text, None where it is not; its end may be cut."""
    text = head.decode("utf-8", "ignore")
    cut_bytes = len(head) - len(text.encode())
    if cut_bytes > 3 or not all(c.isprintable() or c in "\t\r\n" for c in text):
        return None
    return text.strip()


def _match_magic(head: bytes, table: Iterable[tuple[int, bytes, str]]) -> str | None:
    return next((name for at, magic, name in table if head[at:].startswith(magic)), None)
