"""Tables with a header: CSV, and TSV as Common Voice writes it.

CSV is read as RFC 4180 has it. In TSV each line is a record, and a quotation mark a letter like
others unless it encloses a whole field, as spreadsheets write it.
"""

import csv
import os
from collections.abc import Callable, Iterator, Mapping

from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.rows import Manifest, Row, Rows, seconds
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.files.lines import LONGEST_LINE_BYTES

CSV, TSV = "csv", "tsv"
SEPARATORS = {TSV: "\t", CSV: ","}  # in the order in which they are tried
COLUMNS = {
    "id": ("id", "utt_id", "utterance_id"),
    "audio": ("audio", "path", "audio_path", "audio_file", "audio_filepath", "file", "file_name"),
    "text": ("text", "sentence", "transcript", "transcription"),
    "text_file": ("text_file", "transcript_file"),
    "language": ("language", "lang", "locale"),
    "start_s": ("start_s",),
    "end_s": ("end_s",),
}
# Of Common Voice, and what others often keep beside: nothing that a run could use.
_PASSED_OVER = frozenset(
    [
        "client_id",
        "sentence_id",
        "sentence_domain",
        "up_votes",
        "down_votes",
        "age",
        "gender",
        "accent",
        "accents",
        "variant",
        "segment",
        "speaker",
        "speaker_id",
        "duration",
        "duration_s",
        "duration_ms",
        "sample_rate",
    ]
)
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
_CLIPS = "clips"  # where Common Voice keeps its recordings, beside its tables
_Records = Iterator[tuple[int, list[str]]]


def read_csv(manifest: Manifest, faults: Faults) -> Rows:
    """Read a table with commas."""
    return _read(manifest, faults, _comma_records)


def read_tsv(manifest: Manifest, faults: Faults) -> Rows:
    """Read a table with tabs."""
    return _read(manifest, faults, _tab_records)


def is_header(line: str, separator: str) -> bool:
    """Tell whether a line can be the header of such a table."""
    return any(_FIELD_OF.get(_column_name(name)) == "audio" for name in line.split(separator))


def _column_name(text: str) -> str:
    """Return the name of a column as names are compared."""
    return text.strip().strip('"').lower()


def _read(
    manifest: Manifest, faults: Faults, records_of: Callable[[Manifest, Faults], _Records]
) -> Rows:
    records = records_of(manifest, faults)
    number, header = next(records, (1, []))
    place = f"{manifest.name}:{number}"
    columns = _columns([_column_name(name) for name in header], place, faults)
    folders = (manifest.folder, os.path.join(manifest.folder, _CLIPS))
    if "audio" not in columns:
        return Rows((), folders)
    return Rows(
        _rows(manifest, records, columns, len(header), faults),
        folders,
        "write it into a column text, or the name of its file into text_file",
    )


def _columns(names: list[str], place: str, faults: Faults) -> Mapping[str, int]:
    """Return where each field stands."""
    columns: dict[str, int] = {}
    for index, name in enumerate(names):
        field = _FIELD_OF.get(name)
        if field is None:
            if name not in _PASSED_OVER:
                known = ", ".join(COLUMNS)
                faults.add(
                    place,
                    f"has an unknown column {shown_value(name)}; leave it out, or name it as one "
                    f"of {known}",
                )
        elif field in columns:
            faults.add(
                place, f"columns {names[columns[field]]!r} and {name!r} are both {field}; keep one"
            )
        else:
            columns[field] = index
    if "audio" not in columns:
        faults.add(place, "has no column audio; expected a header such as id,audio,text,language")
    return columns


def _rows(
    manifest: Manifest, records: _Records, columns: Mapping[str, int], width: int, faults: Faults
) -> Iterator[Row]:
    for number, fields in records:
        place = f"{manifest.name}:{number}"
        if len(fields) != width:
            faults.add(place, f"has {len(fields)} fields, but the header has {width}")
            continue
        values = {field: fields[index].strip() for field, index in columns.items()}
        try:
            times = [seconds(values.get(key, ""), key) for key in ("start_s", "end_s")]
        except ValueError as error:
            faults.add(place, str(error))
            continue
        yield Row(
            place,
            values["audio"],
            values.get("id") or None,
            values.get("text") if not values.get("text_file") else values.get("text") or None,
            values.get("text_file") or None,
            values.get("language") or None,
            *times,
        )


def _comma_records(manifest: Manifest, faults: Faults) -> _Records:
    """Yield the records of CSV with the line on which each begins; its fields may hold lines."""
    last = 0

    def lines() -> Iterator[str]:
        nonlocal last
        for number, line in manifest.lines:
            last = number
            yield line + "\n"

    reader = csv.reader(lines(), strict=True)
    while True:
        first = last + 1
        usual_limit = csv.field_size_limit(LONGEST_LINE_BYTES)  # of the whole process
        try:
            record = next(reader, None)
        except csv.Error as error:
            faults.add(
                f"{manifest.name}:{first}",
                f"is no CSV ({error}); close its quotation marks, and double those inside",
            )
            return
        finally:
            csv.field_size_limit(usual_limit)
        if record is None:
            return
        if any(field.strip() for field in record):
            yield first, record


def _tab_records(manifest: Manifest, _: Faults) -> _Records:
    for number, line in manifest.lines:
        if line.strip():
            yield number, [_unquoted(field) for field in line.split("\t")]


def _unquoted(field: str) -> str:
    inner = field[1:-1]
    if len(field) < 2 or field[0] != '"' or field[-1] != '"' or '"' in inner.replace('""', ""):
        return field
    return inner.replace('""', '"')
