"""Exports of a corpus: each recording read and cut once for all forms, then their tables."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from speech_toolkit.corpus.export.cutting import Piece, write_pieces
from speech_toolkit.corpus.export.folder import ExportFolder
from speech_toolkit.corpus.export.form import ExportForm
from speech_toolkit.corpus.export.forms import FORMS
from speech_toolkit.corpus.export.recording import Recording, Utterance, read_recording
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.lock import summary_locked
from speech_toolkit.corpus.names import EXPORT_FOLDER
from speech_toolkit.corpus.outcome import ItemError, ItemOutcome
from speech_toolkit.corpus.read_ahead import reading_threads
from speech_toolkit.errors import DiskFullError, MissingAudioError, TranscriptError
from speech_toolkit.outcomes import Outcome, outcome_of
from speech_toolkit.progress import UNWATCHED, Progress

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
    recordings, failures = [], {}
    with summary_locked(base):
        forms = [FORMS[name] for name in dict.fromkeys(names)]
        folders = {form: ExportFolder(base / EXPORT_FOLDER / form.name) for form in forms}

        def export(item: Item) -> Recording:
            return _exported(item, outcomes[item.id], base, folders, cut)

        with progress.progress_bar(total=len(done), label="Export", unit="file") as bar:
            for item, outcome in _side_by_side(done, export):
                bar.update()
                if outcome.ok:
                    recordings.append(outcome.result)
                    continue
                if isinstance(outcome.error, DiskFullError):
                    raise outcome.error
                failures[item.id] = ItemError.of(outcome.error)
                progress.warning(f"not exported: {item.id}: {failures[item.id].message}")
        for form, folder in folders.items():
            for name, text in form.tables(recordings, cut, folder.path):
                folder.write(name, text)
            folder.finish()
    utterances = [each for recording in recordings for each in recording.utterances(cut=cut)]
    return Exported(
        tuple(folder.path for folder in folders.values()),
        len(recordings),
        len(utterances),
        sum(each.duration_s for each in utterances),
        failures,
    )


def _side_by_side(
    items: Sequence[Item], export: Callable[[Item], Recording]
) -> Iterator[tuple[Item, Outcome[Recording]]]:
    """Export items in threads, since decoding and encoding need no Python; yield them in order."""
    with ThreadPoolExecutor(reading_threads(), "export") as pool:
        futures = [pool.submit(outcome_of, partial(export, item)) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                yield item, future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _exported(
    item: Item, outcome: ItemOutcome, directory: Path, folders: _Folders, cut: bool
) -> Recording:
    """Write the audio of an item in all forms, and return what their tables say of it."""
    recording = read_recording(item, outcome, directory)
    if not recording.utterances(cut=cut):
        raise TranscriptError(f"{item.id}: none of its sentences was heard; leave it out")
    targets: dict[Utterance, list[Path]] = defaultdict(list)
    for form, folder in folders.items():
        audio, links = form.audio(recording, cut), form.links(recording, cut)
        folder.will_hold([*audio, *links])
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
    return recording
