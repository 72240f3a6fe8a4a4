"""Stretches of a recording as files of their own: mono, of 16 bits, at the recording's own rate.

A recording is decoded once and in blocks, however long it is and however many pieces it has. Each
piece is written beside its place and moved there when it is whole. It gets the time of last change
that its recording has: by that the next export sees that it need not be written again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech_toolkit.audio.decoder import MonoDecoder, opened_reader
from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.source import AudioSource, seekable_stream
from speech_toolkit.corpus.export.audio_file import AudioFile
from speech_toolkit.errors import AudioError, TruncatedAudioError
from speech_toolkit.files.writing import not_written

_FULL_SCALE = 1 << 15
_MISSING_MS = 1  # of a last piece, whose end was rounded


@dataclass(frozen=True)
class Piece:
    """A stretch of a recording that becomes files.

    Attributes:
        start_ms: milliseconds into the file.
        end_ms: milliseconds at which it ends.
        targets: the files, each of which ends in FLAC or WAV.
    """

    start_ms: int
    end_ms: int
    targets: tuple[Path, ...]


def write_pieces(path: str, part: AudioPart, pieces: Sequence[Piece]) -> None:
    """Cut a recording, unless all of its pieces are there and the recording is what it was.

    Args:
        path: of the recording.
        part: of it in which the pieces are. Decoding begins where it begins, whichever pieces are
            missing: in some containers a place is found to the millisecond only, so that pieces
            decoded from elsewhere would have other samples.
        pieces: in order, apart from each other; at least one.

    Raises:
        AudioError: the recording cannot be decoded, or ends before the last piece.
        DiskFullError: there is no room for a piece.
        UsageError: a piece cannot be written.
    """
    changed_ns = _changed_ns(path)
    missing = [piece for piece in pieces if not _is_there(piece, changed_ns)]
    if not missing:
        return
    # A millisecond more: the last frame may be rounded otherwise.
    end_s = (missing[-1].end_ms + 1) / 1000
    source = AudioSource(path, part=AudioPart(part.track, part.start_s, end_s))
    with seekable_stream(source) as stream, opened_reader(stream, source) as reader:
        decoder = MonoDecoder(reader, source)
        blocks = _Blocks(decoder)
        for piece in missing:
            _write_piece(piece, blocks, reader.rate_hz, source, changed_ns)


class _Blocks:
    """Decoded samples, handed out from any frame to a later one."""

    def __init__(self, decoder: MonoDecoder) -> None:
        self._decoder = decoder
        self._blocks = iter(decoder)
        self._rest_N = np.zeros(0, np.float32)
        self._first = decoder.start_frame  # of what is left of a block

    def between(self, start: int, end: int) -> Iterator[np.ndarray]:
        """Yield samples from frame ``start`` to ``end``, which may come before the file's end."""
        while self._first < end:
            samples_N = self._rest_N[max(0, start - self._first) : end - self._first]
            if len(samples_N):
                yield samples_N
            if self._first + len(self._rest_N) >= end:
                self._rest_N = self._rest_N[end - self._first :]
                self._first = end
                return
            self._first += len(self._rest_N)
            block_N = next(self._blocks, None)
            if block_N is None:
                self._rest_N = np.zeros(0, np.float32)
                return
            self._rest_N = block_N


def _write_piece(
    piece: Piece, blocks: _Blocks, rate_hz: int, source: AudioSource, changed_ns: int
) -> None:
    start, end = (round(ms * rate_hz / 1000) for ms in (piece.start_ms, piece.end_ms))
    firsts = {target.suffix: target for target in reversed(piece.targets)}
    writers = [AudioFile(target, rate_hz) for target in firsts.values()]
    try:
        frames = 0
        for samples_N in blocks.between(start, end):
            pcm_N = _pcm(samples_N, source)
            for writer in writers:
                writer.write(pcm_N)
            frames += len(pcm_N)
        if end - start - frames > _MISSING_MS * rate_hz / 1000:
            raise TruncatedAudioError(
                f"{source} ends before {piece.end_ms / 1000:.3f} s, where a sentence was found: "
                "it is another recording by now; do the item again"
            )
        for writer in writers:
            writer.finish(changed_ns)
    finally:
        for writer in writers:
            writer.discard()
    for target in piece.targets:
        if target != firsts[target.suffix]:
            _link(firsts[target.suffix], target)


def _pcm(samples_N: np.ndarray, source: AudioSource) -> np.ndarray:
    """Return samples as int16; those of a recording of 16 bits are what they were."""
    if not np.isfinite(samples_N).all():
        raise AudioError(f"{source} holds samples that are no numbers: record or export it again")
    scaled_N = np.rint(samples_N * _FULL_SCALE)
    return np.clip(scaled_N, -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def _is_there(piece: Piece, changed_ns: int) -> bool:
    return all(_changed_ns(str(target), missing=-1) == changed_ns for target in piece.targets)


def _changed_ns(path: str, missing: int | None = None) -> int:
    """Return when a file was changed; what ``missing`` says where it is not there.

    Raises:
        AudioError: it cannot be reached, and nothing is said for that.
    """
    try:
        return Path(path).stat().st_mtime_ns
    except OSError as error:
        if missing is not None:
            return missing
        raise AudioError(
            f"{AudioSource(path)} cannot be read ({error.strerror}): check the path"
        ) from error


def _link(written: Path, target: Path) -> None:
    """Give a file another name; a copy where the file system has no such links."""
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        try:
            os.link(written, part)
        except OSError:
            shutil.copy2(written, part)
        part.replace(target)
        part.unlink(missing_ok=True)  # which stays where both were the same file already
    except OSError as error:
        part.unlink(missing_ok=True)
        raise not_written(target, error) from error
