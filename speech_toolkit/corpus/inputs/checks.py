"""From what the inputs say to items: each row is checked, none is skipped.

Nothing is opened save texts: what is a pipe would wait for ever.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.transcript_cues import read_any_transcript
from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.ids import made_id, unique_names
from speech_toolkit.corpus.inputs.rows import Row, Rows
from speech_toolkit.corpus.item import Item
from speech_toolkit.errors import (
    AudioError,
    MissingAudioError,
    NotAudioError,
    TooShortAudioError,
    TranscriptError,
    UnreadableAudioError,
    UsageError,
    first_line,
)
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.progress import Progress

_REMEMBERED_PATHS = 1 << 16  # utterances of one recording stand near each other


def checked_items(
    rows: Rows, needs_text: bool, faults: Faults, progress: Progress
) -> tuple[Item, ...]:
    """Turn rows into items with ids of their own.

    Args:
        rows: what the inputs say.
        needs_text: whether each recording needs a text; else texts are left alone.
        faults: takes what is wrong.
        progress: shows how many are checked; how many there are is not known before.

    Returns:
        The items, those with a fault of their own among them; not all where the list has faults.
    """
    items: list[Item] = []
    made: list[int] = []
    find = _finder(rows.folders)
    with progress.progress_bar(total=None, label="Checking the list", unit="item") as bar:
        for row in rows.rows:
            item = _item(row, rows, needs_text, find, faults)
            if item is not None:
                if row.id is None:
                    made.append(len(items))
                items.append(item)
            bar.update()
    if not items and not faults.count:
        faults.add(None, "names no recordings; write one a line")
    _make_unique(items, made, faults)
    return tuple(items)


def _item(
    row: Row, rows: Rows, needs_text: bool, find: Callable[[str], str], faults: Faults
) -> Item | None:
    """Return a row's item; None where a fault counts as one of the list, all of which is noted."""
    before = faults.count
    audio_path, text, cue_starts, fault = "", None, (), None
    try:
        audio_path = find(row.audio)
    except AudioError as error:
        audio_path = next(_candidates(row.audio, rows.folders))
        fault = faults.of_item(row.place, error, "audio")
    except UsageError as error:
        faults.add(row.place, f"audio {error}")
    if needs_text:
        try:
            text = _text(row, rows, find)
            if isinstance(text, CuedText):
                text, cue_starts = text.text, text.cue_starts
        except TranscriptError as error:
            of_text = faults.of_item(row.place, error)
            fault = fault or of_text
        except UsageError as error:
            faults.add(row.place, str(error))
    item_id = made_id(_path_in_corpus(row, rows)) if row.id is None else row.id
    try:
        item = Item(
            item_id,
            audio_path,
            text,
            row.language,
            row.start_s,
            row.end_s,
            row.place,
            fault,
            cue_starts,
        )
    except UsageError as error:
        faults.add(row.place, first_line(error))
    return item if faults.count == before else None


def _path_in_corpus(row: Row, rows: Rows) -> str:
    if row.name is not None:
        return row.name
    return (
        os.path.relpath(row.audio, rows.folders[0] or ".")
        if os.path.isabs(row.audio)
        else row.audio
    )


def _text(row: Row, rows: Rows, find: Callable[[str], str]) -> str | CuedText:
    """Return what is spoken, with its cues where the file has them.

    Raises:
        TranscriptError: the row has no text, an empty one, or a file that cannot be read.
        UsageError: it has two of them, or a file without a name.
    """
    if row.text_file is not None:
        if row.text is not None:
            raise UsageError("has both a text and a file with the text; keep one of them")
        try:
            return read_any_transcript(row.text_file, find)
        except AudioError as error:
            raise TranscriptError(str(error)) from error
    if row.text is None:
        raise TranscriptError(f"has no text to align; {rows.text_advice}")
    if not row.text.strip():
        raise TranscriptError("has an empty text; write what is spoken, or remove it")
    return row.text


def _finder(folders: tuple[str, ...]) -> Callable[[str], str]:
    """Return the function that finds a file, which remembers those that it found."""

    @lru_cache(_REMEMBERED_PATHS)
    def find(path: str) -> str:
        """Return where a path leads: in the folders, or else in the working directory.

        Raises:
            AudioError: there is no file that can be read again.
            UsageError: the path is empty.
        """
        if not path.strip():
            raise UsageError(f"{path!r} names no file; write its path")
        barred = None
        for candidate in _candidates(path, folders):
            try:
                status = os.stat(candidate)
            except PermissionError:
                barred = candidate
                continue
            except (OSError, ValueError):  # ValueError: with a NUL
                continue
            _check_is_file(path, status)
            return candidate
        if barred is not None:
            raise UnreadableAudioError(
                f"{shown_path(barred)!r} is in a folder that this user may not enter; chmod +x that"
            )
        where = (
            f", neither in {shown_path(folders[0])} nor here"
            if folders and folders[0] not in ("", ".")
            else ""
        )
        raise MissingAudioError(f"{shown_path(path)!r} does not exist{where}; check the path")

    return find


def _candidates(path: str, folders: tuple[str, ...]) -> Iterator[str]:
    if not os.path.isabs(path):
        yield from (os.path.join(folder, path) for folder in folders)
    yield path


def _check_is_file(path: str, status: os.stat_result) -> None:
    shown = repr(shown_path(path))
    if stat.S_ISDIR(status.st_mode):
        raise NotAudioError(f"{shown} is a directory; name a file")
    if not stat.S_ISREG(status.st_mode):
        raise NotAudioError(f"{shown} is a pipe or a device, read once only; save it as a file")
    if not status.st_size:
        raise TooShortAudioError(f"{shown} is empty; copy or download it again")


def _make_unique(items: list[Item], made: list[int], faults: Faults) -> None:
    """Make the ids that were made unique, and note the others that are not."""
    is_made = bytearray(len(items))
    for index in made:
        is_made[index] = True
    taken: dict[str, str] = {}
    for item, skipped in zip(items, is_made, strict=True):
        if not skipped and taken.setdefault(item.id, item.place) is not item.place:
            faults.add(item.place, f"id {item.id!r} stands at {taken[item.id]} too; change one")
    names = [items[index].id for index in made]
    files = [
        name + os.path.splitext(items[index].audio_path)[1]
        for name, index in zip(names, made, strict=True)
    ]
    for index, name in zip(made, unique_names(names, files, taken), strict=True):
        if name != items[index].id:
            items[index] = replace(items[index], id=name)
