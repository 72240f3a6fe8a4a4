"""The recordings of a run, from whatever names them."""

import os
from collections.abc import Sequence
from pathlib import Path

from speech_toolkit.corpus.inputs.checks import checked_items
from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.manifests import AUTO, manifest_rows
from speech_toolkit.corpus.inputs.recordings import recordings
from speech_toolkit.corpus.item import Item
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.progress import UNWATCHED, Progress
from speech_toolkit.system.garbage_collection import garbage_collection_paused


def read_manifest_items(
    path: str | os.PathLike[str],
    *,
    needs_text: bool,
    format_name: str = AUTO,
    strict: bool = False,
    progress: Progress = UNWATCHED,
) -> tuple[Item, ...]:
    """Read the recordings that a manifest lists, and check all of them.

    Args:
        path: file, or Kaldi's directory.
        needs_text: whether each needs a text, as alignment does; else texts are left alone.
        format_name: one of ``manifests.FORMATS``, or "auto" to tell it by the first line.
        strict: whether one recording or text that is missing or cannot be used is a fault of the
            whole. Else that item has a ``fault``, which the others need not mind.
        progress: shows how many are read.

    Returns:
        At least one item, in the order of the manifest, each id once.

    Raises:
        UsageError: the manifest cannot be read.
        InputsError: lines are wrong, or with ``strict`` what they name; all of that is told, with
            the first lines.
    """
    faults = Faults("--manifest", shown_path(path), strict=strict)
    with garbage_collection_paused():
        rows = manifest_rows(Path(path), format_name, faults)
        items = checked_items(rows, needs_text, faults, progress)
    faults.raise_if_any()
    return items


def read_audio_items(
    paths: Sequence[str],
    *,
    needs_text: bool,
    recursive: bool = False,
    strict: bool = False,
    progress: Progress = UNWATCHED,
) -> tuple[Item, ...]:
    """Find the recordings that files, globs and directories name, and check all of them.

    Args:
        paths: at least one; in a directory the recordings are known by their suffix.
        needs_text: whether each needs a text in a file beside it.
        recursive: whether the folders of directories are searched, too.
        strict: see :func:`read_manifest_items`.
        progress: shows how many are found.

    Returns:
        At least one item, those of a directory sorted by path, each id once.

    Raises:
        InputsError: a path names no recording, or with ``strict`` something is missing or cannot be
            used; all of that is told.
    """
    faults = Faults("--audio", strict=strict)
    with garbage_collection_paused():
        items = checked_items(recordings(paths, recursive, faults), needs_text, faults, progress)
    faults.raise_if_any()
    return items
