"""Exports of a corpus: each recording read and cut once for all forms, then their tables."""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from speech_toolkit.corpus.export.cutting import Piece, write_pieces
from speech_toolkit.corpus.export.folder import ExportFolder
from speech_toolkit.corpus.export.form import ExportForm
from speech_toolkit.corpus.export.forms import FORMS
from speech_toolkit.corpus.export.naming import first_key
from speech_toolkit.corpus.export.recording import Recording, Utterance, read_recording
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.lock import summary_locked
from speech_toolkit.corpus.names import EXPORT_FOLDER
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome
from speech_toolkit.corpus.read_ahead import reading_threads
from speech_toolkit.errors import DiskFullError, MissingAudioError, TranscriptError
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress

_BEGUN_A_THREAD = 8
_Folders = Mapping[ExportForm, ExportFolder]


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        folders: one for each form.
        recordings: how many.
        utterances: how many sentences or whole recordings they hold.
        seconds: of speech.
        failures: by the id of an item, why it is not among them.
    """

    folders: tuple[Path, ...]
    recordings: int
    utterances: int
    seconds: float
    failures: Mapping[str, ItemError]


def write_exports(
    directory: str | os.PathLike[str],
    names: Sequence[str],
    items: Sequence[Item],
    outcomes: Mapping[str, ItemOutcome],
    *,
    cut: bool,
    progress: Progress = UNWATCHED,
) -> Exported:
    """Write what is done of a corpus as other tools read it, below ``export/NAME``.

    What is there already and still right is not written again. An item that cannot be exported
    does not stop the others.

    Args:
        directory: of the run's results.
        names: of ``FORMS``.
        items: the whole corpus; what is no more among them is removed from the exports.
        outcomes: of those that were tried, by id.
        cut: whether recordings are cut at their sentences; else they stay whole.
        progress: shows a bar of files, and hears of each failure.

    Raises:
        DiskFullError: there is no room left.
        UsageError: the folders cannot be written to.
    """
    base = Path(directory)
    done = [item for item in items if item.id in outcomes and outcomes[item.id].ok]
    done.sort(key=lambda item: first_key(item.id))
    forms = [FORMS[name] for name in dict.fromkeys(names)]
    with summary_locked(base):
        folders = {form: ExportFolder(base / EXPORT_FOLDER / form.name) for form in forms}

        def export(item: Item) -> Recording:
            return _exported(item, outcomes[item.id], base, folders, cut)

        count = _Count()
        try:
            with progress.progress_bar(total=len(done), label="Export", unit="file") as bar:
                for item, outcome in _side_by_side(done, export):
                    bar.update()
                    if outcome.ok:
                        _list(outcome.result, folders, cut, count)
                    elif isinstance(outcome.error, DiskFullError):
                        raise outcome.error
                    else:
                        count.failures[item.id] = error = ItemError.of(outcome.error)
                        progress.warning(f"not exported: {item.id}: {error.message}")
            for folder in folders.values():
                folder.finish()
        finally:
            for folder in folders.values():
                folder.discard()
    paths = tuple(folder.path for folder in folders.values())
    return Exported(paths, count.recordings, count.utterances, count.seconds, count.failures)


@dataclass
class _Count:
    """What was exported so far."""

    recordings: int = 0
    utterances: int = 0
    seconds: float = 0.0
    failures: dict[str, ItemError] = field(default_factory=dict)


def _list(recording: Recording, folders: _Folders, cut: bool, count: _Count) -> None:
    """Write the lines of a recording in the tables of all forms, and count it."""
    for form, folder in folders.items():
        for table, line in form.lines(recording, cut, folder.path):
            folder.add(table, line)
    utterances = recording.utterances(cut=cut)
    count.recordings += 1
    count.utterances += len(utterances)
    count.seconds += sum(each.duration_s for each in utterances)


def _side_by_side(
    items: Sequence[Item], export: Callable[[Item], Recording]
) -> Iterator[tuple[Item, Outcome[Recording]]]:
    """Export items in threads, since decoding and encoding need no Python; yield them in order."""
    threads = reading_threads()
    with ThreadPoolExecutor(threads, "export") as pool:
        begun: deque[tuple[Item, Future[Outcome[Recording]]]] = deque()
        try:
            for item in items:
                begun.append((item, pool.submit(outcome_of, partial(export, item))))
                if len(begun) > _BEGUN_A_THREAD * threads:
                    first, future = begun.popleft()
                    yield first, future.result()
            for item, future in begun:
                yield item, future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _exported(
    item: Item, outcome: ItemOutcome, directory: Path, folders: _Folders, cut: bool
) -> Recording:
    """Write the files of an item in all forms, and return what their tables say of it."""
    recording = read_recording(item, outcome, directory)
    if not recording.utterances(cut=cut):
        raise TranscriptError("none of its sentences was heard; leave it out")
    targets: dict[Utterance, list[Path]] = defaultdict(list)
    for form, folder in folders.items():
        audio = form.audio(recording, cut)
        folder.will_hold([*audio, *form.links(recording, cut)])
        for name, utterance in audio.items():
            targets[utterance].append(folder.path / name)
    if not Path(recording.path).is_file():
        raise MissingAudioError(f"audio {item.audio_path!r} does not exist: check the path")
    if targets:
        pieces = [
            Piece(each.start_ms, each.end_ms, tuple(files)) for each, files in targets.items()
        ]
        write_pieces(recording.path, recording.part, pieces)
    for form, folder in folders.items():
        for name, path in form.links(recording, cut).items():
            folder.link(name, path)
        for name, text in form.texts(recording, cut).items():
            folder.write(name, text)
    return recording
