"""Recordings whose word times are known: audio with a TextGrid or a JSON file beside it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics.boundaries import TrueWord, read_true_words, true_words
from speech_toolkit.files.textgrid import SUFFIX, Tier, read_textgrid

AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a")
_WORD_TIERS = ("words", "word", "ort-mau")
_SILENCES = frozenset(("", "sil", "sp", "spn", "pau", "h#", "#"))
_NO_WORDS = ("<", "{", "[")  # <SIL>, {B_TRANS}, [noise]


@dataclass(frozen=True)
class GoldRecording:
    """A recording with what is spoken in it, and when.

    Attributes:
        audio: its file.
        group: its folder below that of the set, "." at the top.
        transcript: NAME.txt beside the audio where there is one, else the words in a row.
        words: with their true times.
    """

    audio: Path
    group: str
    transcript: str
    words: tuple[TrueWord, ...]


def gold_recordings(directory: str | os.PathLike[str]) -> Iterator[GoldRecording]:
    """Read the recordings of a directory and of those below it, in the order of their names.

    Those without NAME.json or NAME.TextGrid beside them are left out.

    Raises:
        UsageError: there is no such directory, nothing in it, or a file cannot be read.
        TranscriptError: a transcript cannot be read.
    """
    if not Path(directory).is_dir():
        raise UsageError(f"{os.fspath(directory)}: is no directory; name that of the recordings")
    found = False
    for audio in sorted(Path(directory).rglob("*")):
        gold = _gold_beside(audio) if audio.suffix.lower() in AUDIO_SUFFIXES else None
        if gold is None:
            continue
        found = True
        words = read_gold(gold)
        yield GoldRecording(
            audio, str(audio.parent.relative_to(directory)), _transcript(audio, words), words
        )
    if not found:
        raise UsageError(
            f"{os.fspath(directory)}: holds no audio with true word times beside it; "
            "put NAME.TextGrid or NAME.json beside NAME.wav"
        )


def read_gold(path: Path) -> tuple[TrueWord, ...]:
    """Read true word times from a TextGrid, or from JSON as beside the samples.

    Of a TextGrid the tier named "words", "word" or "ORT-MAU" counts, or the only one there is;
    empty intervals and marks of silence or noise (sil, sp, spn, <SIL>, [noise]) are no words.

    Raises:
        UsageError: the file cannot be read, or says nothing about words.
    """
    if path.suffix.lower() != SUFFIX:
        return read_true_words(path)
    tier = _word_tier(path, read_textgrid(path, error=UsageError))
    entries = [
        {"text": text, "start_s": interval.start_s, "end_s": interval.end_s}
        for interval in tier.intervals
        if _is_word(text := interval.text.strip())
    ]
    if not entries:
        raise UsageError(f"{path}: tier {tier.name!r} holds no words; label its intervals")
    return true_words(entries, str(path))


def _word_tier(path: Path, tiers: tuple[Tier, ...]) -> Tier:
    named = {tier.name.strip().lower(): tier for tier in reversed(tiers)}
    for name in _WORD_TIERS:
        if name in named:
            return named[name]
    if len(tiers) == 1:
        return tiers[0]
    names = ", ".join(repr(tier.name) for tier in tiers) or "none"
    raise UsageError(f"{path}: has no tier 'words' but {names}; rename the tier of words")


def _is_word(text: str) -> bool:
    return text.lower() not in _SILENCES and not text.startswith(_NO_WORDS)


def _gold_beside(audio: Path) -> Path | None:
    beside = (audio.with_suffix(suffix) for suffix in (".json", ".TextGrid", ".textgrid"))
    return next((path for path in beside if path.is_file()), None)


def _transcript(audio: Path, words: tuple[TrueWord, ...]) -> str:
    from speech_toolkit.alignment.text.transcript_file import read_transcript

    path = audio.with_suffix(".txt")
    return read_transcript(path) if path.is_file() else " ".join(word.text for word in words)
