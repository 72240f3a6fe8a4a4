"""Files, globs and directories of recordings, with their transcripts beside them.

As the Montreal Forced Aligner has it: ``speaker/recording.wav`` with ``recording.lab`` or
``recording.txt`` in the same folder; or subtitles, or a TextGrid.
"""

import glob
import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from speech_toolkit.audio.source import STDIN
from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.rows import Row, Rows
from speech_toolkit.files.json_input import shown_path

AUDIO_SUFFIXES = frozenset(
    [
        ".wav",
        ".flac",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".mp4",
        ".aac",
        ".wma",
        ".aif",
        ".aiff",
        ".aifc",
        ".caf",
        ".au",
        ".amr",
        ".w64",
        ".rf64",
        ".webm",
        ".mkv",
        ".mka",
        ".mov",
        ".avi",
        ".ts",
        ".mpg",
        ".mpeg",
        ".sph",
    ]
)
# In this order, as where several are there.
TRANSCRIPT_SUFFIXES = (".lab", ".txt", ".srt", ".vtt", ".TextGrid")
_REMEMBERED_FOLDERS = 1 << 8
_GLOB = re.compile(r"[*?\[]")
_TEXT_ADVICE = f"write it beside the audio, into {' or '.join(TRANSCRIPT_SUFFIXES[:2])} of its name"


def recordings(paths: Sequence[str], recursive: bool, faults: Faults) -> Rows:
    """Find the recordings that paths name.

    Args:
        paths: files, globs (``**`` is any depth) and directories.
        recursive: whether directories are searched with all that is in them.
        faults: takes those that name no recording.
    """
    return Rows(_rows(paths, recursive, faults), text_advice=_TEXT_ADVICE)


def _rows(paths: Sequence[str], recursive: bool, faults: Faults) -> Iterator[Row]:
    listing = _lister()
    for path in paths:
        place = shown_path(path)
        if path == STDIN:
            faults.add(place, "standard input can only be read alone; save it as a file")
        elif os.path.isdir(path):
            yield from _in_directory(path, recursive, faults)
        elif _GLOB.search(path) and not os.path.lexists(path):
            yield from _matching(path, recursive, faults, listing)
        else:
            yield _row(path, os.path.dirname(path), listing(os.path.dirname(path)))


def _lister() -> Callable[[str], Sequence[str]]:
    """Return the function that lists folders: a million look-ups of single files take minutes."""

    @lru_cache(_REMEMBERED_FOLDERS)
    def listing(folder: str) -> Sequence[str]:
        """Return the names in a folder, sorted; none where it cannot be listed."""
        try:
            return sorted(os.listdir(folder or "."))
        except (OSError, ValueError):  # ValueError: with a NUL
            return ()

    return listing


def _matching(
    pattern: str, recursive: bool, faults: Faults, listing: Callable[[str], Sequence[str]]
) -> Iterator[Row]:
    """Yield what a glob matches: audio by its name, or all where the glob says which suffix."""
    root = os.path.dirname(pattern[: _GLOB.search(pattern).start()])
    suffix = Path(pattern).suffix
    takes_all = bool(suffix) and not _GLOB.search(suffix)
    is_empty = True
    for path in sorted(glob.iglob(pattern, recursive=True)):
        if os.path.isdir(path):
            if "**" not in pattern:
                is_empty = False
                yield from _in_directory(path, recursive, faults, root)
        elif takes_all or _is_audio(path):
            is_empty = False
            yield _row(path, root, listing(os.path.dirname(path)))
    if is_empty:
        faults.add(shown_path(pattern), "matches no recording; check the path")


def _in_directory(
    directory: str, recursive: bool, faults: Faults, root: str | None = None
) -> Iterator[Row]:
    """Yield the recordings of a directory, sorted, named after where they are in it."""
    is_empty, has_folders = True, False
    for folder, folders, names in _walk(directory, faults):
        names.sort()
        for name in names:
            if _is_audio(name) and not name.startswith("."):
                is_empty = False
                path = os.path.join(folder, name)
                yield _row(path, directory if root is None else root, names)
        if not recursive:
            has_folders = bool(folders)
            break
    if is_empty:
        advice = "--recursive searches its folders too" if has_folders else "check the path"
        faults.add(shown_path(directory), f"is a directory without recordings; {advice}")


def _walk(directory: str, faults: Faults) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk through a directory in order, links followed, none of its folders twice."""

    def cannot_be_read(error: OSError) -> None:
        faults.add(shown_path(error.filename), f"cannot be read ({error.strerror}); chmod +rx it")

    seen = set()
    for folder, folders, names in os.walk(directory, onerror=cannot_be_read, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield folder, folders, names


def _row(path: str, root: str, names: Sequence[str]) -> Row:
    """Return the row of a recording.

    Args:
        path: file.
        root: folder that ids are relative to.
        names: all that is in the file's folder, sorted.
    """
    name = os.path.relpath(path, root or ".")
    return Row(shown_path(path), path, text_file=_transcript_beside(path, names), name=name)


def _transcript_beside(path: str, names: Sequence[str]) -> str | None:
    stem = os.path.splitext(path)[0]
    start = os.path.basename(stem)
    for suffix in TRANSCRIPT_SUFFIXES:
        place = bisect_left(names, start + suffix)
        if place < len(names) and names[place] == start + suffix:
            return stem + suffix
    return None


def _is_audio(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES
