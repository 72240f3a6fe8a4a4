"""The forms of manifests, in one table, and which of them a manifest has."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.corpus.inputs import delimited, json_lines, kaldi, ljspeech, nemo
from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.inputs.rows import Manifest, Rows
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import parse_json, shown_path, shown_value
from speech_toolkit.files.lines import numbered_lines

AUTO = "auto"


@dataclass(frozen=True)
class ManifestFormat:
    """One form of manifest.

    Attributes:
        name: as ``--manifest_format`` has it.
        description: for help texts.
        read: from its lines to rows; takes what is wrong with its form.
    """

    name: str
    description: str
    read: Callable[[Manifest, Faults], Rows]


FORMATS: Mapping[str, ManifestFormat] = {
    entry.name: entry
    for entry in (
        ManifestFormat(
            json_lines.NAME, "JSON lines with audio, text or text_file, id", json_lines.read
        ),
        ManifestFormat(nemo.NAME, "NeMo's JSON lines with audio_filepath", nemo.read),
        ManifestFormat(delimited.CSV, "a table with a header and commas", delimited.read_csv),
        ManifestFormat(delimited.TSV, "one with tabs, such as Common Voice's", delimited.read_tsv),
        ManifestFormat(ljspeech.NAME, "id|text|normalised text, audio in wavs/", ljspeech.read),
        ManifestFormat(kaldi.NAME, "a directory with wav.scp", kaldi.read),
    )
}


def manifest_rows(path: Path, format_name: str, faults: Faults) -> Rows:
    """Begin to read a manifest.

    Args:
        path: file, or Kaldi's directory.
        format_name: one of ``FORMATS``, or "auto".
        faults: takes what is wrong with its lines, now and while the rows are read.

    Raises:
        UsageError: it cannot be read, or its form is not known.
    """
    if format_name not in (*FORMATS, AUTO):
        known = ", ".join((AUTO, *FORMATS))
        raise UsageError(f"--manifest_format {shown_value(format_name)}: must be one of {known}")
    if path.is_dir() or path.name == kaldi.TABLE:
        return _kaldi_rows(path, format_name, faults)
    if format_name == kaldi.NAME:
        raise UsageError(
            f"--manifest {shown_path(path)}: is no directory; name the one with {kaldi.TABLE}"
        )
    lines = numbered_lines(
        path, error=UsageError, advice="--manifest takes a UTF-8 file, or Kaldi's directory"
    )
    begun = _until_filled(lines)
    manifest = Manifest(path, itertools.chain(begun, lines))
    if not begun or not begun[-1][1].strip():
        return Rows(())
    if format_name == AUTO:
        format_name = _form_of(begun[-1][1], f"--manifest {manifest.name}:{begun[-1][0]}")
    return FORMATS[format_name].read(manifest, faults)


def _kaldi_rows(path: Path, format_name: str, faults: Faults) -> Rows:
    named = f"--manifest {shown_path(path)}"
    if format_name not in (kaldi.NAME, AUTO):
        raise UsageError(f"{named}: is Kaldi's, not {format_name}; leave out --manifest_format")
    if path.is_dir() and not (path / kaldi.TABLE).exists():
        raise UsageError(
            f"{named}: is a directory without {kaldi.TABLE}; name the manifest in it, or give "
            "--audio for a directory of recordings"
        )
    return FORMATS[kaldi.NAME].read(Manifest(path, iter(())), faults)


def _until_filled(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """Take the lines up to the first that holds something."""
    taken = []
    for numbered in lines:
        taken.append(numbered)
        if numbered[1].strip():
            break
    return taken


def _form_of(line: str, place: str) -> str:
    """Tell the form of a manifest by its first line.

    Raises:
        UsageError: it is of none.
    """
    if line.lstrip().startswith("{"):
        entry = parse_json(line, place, error=UsageError, advice=json_lines.ADVICE)
        return nemo.NAME if any(key in entry for key in nemo.AUDIO_KEYS) else json_lines.NAME
    for name, separator in delimited.SEPARATORS.items():
        if delimited.is_header(line, separator):
            return name
    if line.count(ljspeech.SEPARATOR) + 1 in ljspeech.COLUMNS:
        return ljspeech.NAME
    raise UsageError(
        f"{place}: {shown_value(line)} begins no manifest known here; expected a JSON object a "
        "line, a header such as id,audio,text, or id|text; else name --manifest_format "
        + ", ".join(FORMATS)
    )
