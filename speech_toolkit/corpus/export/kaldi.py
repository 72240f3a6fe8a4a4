"""A Kaldi data directory, sorted by bytes as ``validate_data_dir.sh`` wants it.

Its utterances are the sentences: in ``segments`` of the recordings, or pieces that were cut, which
are WAV, the one kind of file that Kaldi reads by itself. What is no WAV file of 16 bits with one
channel is read through FFmpeg.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from speech_toolkit.corpus.export.form import WAV, AudioFiles, ExportForm, Tables, pieces_table
from speech_toolkit.corpus.export.recording import Recording


def _audio(recording: Recording, cut: bool) -> AudioFiles:
    files = recording.sentences if cut else ()
    return {f"audio/{recording.speaker}/{each.id}{WAV}": each for each in files}


def _tables(recordings: Sequence[Recording], cut: bool, folder: Path) -> Tables:
    recordings = [recording for recording in recordings if recording.sentences]
    utterances = [(each, recording) for recording in recordings for each in recording.sentences]
    if cut:
        audio = {
            each.id: str(folder.resolve() / name)
            for recording in recordings
            for name, each in _audio(recording, cut).items()
        }
    else:
        audio = {recording.name: _input(recording) for recording in recordings}
        yield (
            "segments",
            _lines(
                (u.id, f"{r.name} {u.start_ms / 1000:.3f} {u.end_ms / 1000:.3f}")
                for u, r in utterances
            ),
        )
    yield "wav.scp", _lines(audio.items())
    yield "text", _lines((each.id, each.text) for each, _ in utterances)
    yield "utt2spk", _lines((each.id, recording.speaker) for each, recording in utterances)
    yield "spk2utt", _lines(_by_speaker(recordings).items())
    if all(recording.language for recording in recordings):
        yield "utt2lang", _lines((each.id, recording.language) for each, recording in utterances)
    yield "utt2dur", _lines((each.id, f"{each.duration_s:.3f}") for each, _ in utterances)
    yield "pieces.tsv", pieces_table(recordings, cut=True)


def _by_speaker(recordings: Sequence[Recording]) -> dict[str, str]:
    ids = defaultdict(list)
    for recording in recordings:
        ids[recording.speaker] += [each.id for each in recording.sentences]
    return {speaker: " ".join(sorted(each, key=str.encode)) for speaker, each in ids.items()}


def _lines(entries: Iterable[tuple[str, str]]) -> str:
    ordered = sorted(entries, key=lambda entry: entry[0].encode())
    return "".join(f"{key} {value}\n" for key, value in ordered)


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
    "kaldi", "a data directory: wav.scp, segments, text, pieces as WAV", _audio, _tables,
    needs_times=True,
)  # fmt: skip
