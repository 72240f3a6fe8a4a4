"""A Kaldi data directory, sorted by bytes as ``validate_data_dir.sh`` wants it.

Its utterances are the sentences: in ``segments`` of the recordings, or pieces that were cut, which
are WAV, the one kind of file that Kaldi reads by itself. What is no WAV file of 16 bits with one
channel is read through FFmpeg.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from speech_toolkit.corpus.export.form import WAV, AudioFiles, ExportForm, Lines, piece_lines
from speech_toolkit.corpus.export.recording import Recording
from speech_toolkit.corpus.export.table import Table

_RECORDINGS = Table("wav.scp", is_sorted=True)
_SEGMENTS = Table("segments", is_sorted=True)
_TEXT = Table("text", is_sorted=True)
_SPEAKERS = Table("utt2spk", is_sorted=True)
_UTTERANCES = Table("spk2utt", is_sorted=True, is_merged=True)
_DURATIONS = Table("utt2dur", is_sorted=True)
_LANGUAGES = Table("utt2lang", is_sorted=True, as_many_as=_TEXT)


def _audio(recording: Recording, cut: bool) -> AudioFiles:
    files = recording.sentences if cut else ()
    return {f"audio/{recording.speaker}/{each.id}{WAV}": each for each in files}


def _lines(recording: Recording, cut: bool, folder: Path) -> Lines:
    names = {each.id: name for name, each in _audio(recording, cut).items()}
    if recording.sentences and not cut:
        yield _RECORDINGS, f"{recording.name} {_input(recording)}"
    for each in recording.sentences:
        if cut:
            yield _RECORDINGS, f"{each.id} {folder.resolve() / names[each.id]}"
        else:
            span = f"{each.start_ms / 1000:.3f} {each.end_ms / 1000:.3f}"
            yield _SEGMENTS, f"{each.id} {recording.name} {span}"
        yield _TEXT, f"{each.id} {each.text}"
        yield _SPEAKERS, f"{each.id} {recording.speaker}"
        yield _UTTERANCES, f"{recording.speaker} {each.id}"
        yield _DURATIONS, f"{each.id} {each.duration_s:.3f}"
        if recording.language:
            yield _LANGUAGES, f"{each.id} {recording.language}"
    yield from piece_lines(recording, cut=True)


def _input(recording: Recording) -> str:
    """Return how Kaldi gets a recording: the file, or the command that prints it as WAV."""
    path = recording.path
    if recording.part.track == 0 and _is_plain_wav(path):
        return path
    return (
        f"ffmpeg -nostdin -loglevel error -i {shlex.quote(path)} -map 0:a:{recording.part.track} "
        "-ac 1 -c:a pcm_s16le -f wav - |"
    )


def _is_plain_wav(path: str) -> bool:
    import soundfile

    try:
        found = soundfile.info(path)
    except soundfile.LibsndfileError:
        return False
    return (found.format, found.subtype, found.channels) == ("WAV", "PCM_16", 1)


FORM = ExportForm(
    "kaldi", "a data directory: wav.scp, segments, text, pieces as WAV", _audio, _lines,
    needs_times=True,
)  # fmt: skip
