"""A Kaldi data directory: ``wav.scp``, and of ``segments``, ``text``, ``utt2lang`` what is there.

Without ``segments`` each recording is one utterance. Kaldi takes relative paths from the working
directory; here they may be relative to the data directory, too.
"""

import re
from collections.abc import Iterator, Set
from pathlib import Path

from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.rows import Manifest, Row, Rows, seconds
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path, shown_value
from speech_toolkit.files.lines import numbered_lines

NAME = "kaldi"
TABLE = "wav.scp"
_IN_ARCHIVE = re.compile(r"\.ark:\d+$")
_Fields = dict[str, tuple[str, str]]  # by the key, the place of a line and what follows the key


def read(manifest: Manifest, faults: Faults) -> Rows:
    """Read a Kaldi directory, or the one in which the given wav.scp is."""
    folder = manifest.path if manifest.path.is_dir() else manifest.path.parent
    recordings = _table(folder / TABLE, faults)
    files = {key for key, line in recordings.items() if _is_file(key, *line, faults)}
    if (folder / "segments").is_file():
        utterances = _table(folder / "segments", faults)
        rows = _segments(utterances, recordings, files, faults)
    else:
        utterances = recordings
        rows = (Row(*recordings[key], id=key) for key in recordings if key in files)
    return Rows(
        _described(rows, folder, utterances, faults),
        (str(folder),),
        f"add its line to {shown_path(folder / 'text')}",
    )


def _table(path: Path, faults: Faults) -> _Fields:
    """Return the lines of one of Kaldi's tables; {} where there is none."""
    table: _Fields = {}
    if not path.is_file() and path.name != TABLE:
        return table
    name = shown_path(path)
    for number, line in numbered_lines(
        path, error=UsageError, advice="a Kaldi directory holds UTF-8 text in its tables"
    ):
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        if key in table:
            faults.add(f"{name}:{number}", f"{key!r} stands in {table[key][0]} too; keep one")
        elif key:
            table[key] = f"{name}:{number}", rest.strip()
    return table


def _is_file(key: str, place: str, path: str, faults: Faults) -> bool:
    """Tell whether a line of wav.scp names a file; commands are never run."""
    if path.endswith("|"):
        faults.add(
            place,
            f"the audio of {key!r} is a pipe, {shown_value(path)}, which is not run; save what "
            "it prints as a file and name that",
        )
    elif _IN_ARCHIVE.search(path):
        faults.add(
            place,
            f"the audio of {key!r} is in an archive, {shown_value(path)}, which is not opened; "
            "extract it with Kaldi's wav-copy",
        )
    elif not path:
        faults.add(place, f"names no file for {key!r}; write its path after a space")
    else:
        return True
    return False


def _segments(
    segments: _Fields, recordings: _Fields, files: Set[str], faults: Faults
) -> Iterator[Row]:
    for key, (place, rest) in segments.items():
        fields = rest.split()
        if len(fields) not in (3, 4):  # a fourth is the channel
            faults.add(place, "expected an utterance, its recording, start and end in seconds")
        elif fields[0] not in recordings:
            faults.add(place, f"its recording {shown_value(fields[0])} is not in {TABLE}")
        elif fields[0] in files:
            try:
                start_s, end_s = seconds(fields[1], "start"), seconds(fields[2], "end")
            except ValueError as error:
                faults.add(place, str(error))
                continue
            path = recordings[fields[0]][1]
            yield Row(
                place, path, key, start_s=start_s, end_s=None if end_s in (-1, None) else end_s
            )


def _described(
    rows: Iterator[Row], folder: Path, utterances: _Fields, faults: Faults
) -> Iterator[Row]:
    """Yield each utterance with its text and language, then name what is there for none."""
    texts = _table(folder / "text", faults)
    languages = _table(folder / "utt2lang", faults)
    for row in rows:
        text, language = texts.get(row.id), languages.get(row.id)
        yield row._replace(
            text=None if text is None else text[1],
            language=None if language is None else language[1] or None,
        )
    for table in (texts, languages):
        for key in (key for key in table if key not in utterances):
            faults.add(table[key][0], f"no recording or segment is called {shown_value(key)}")
