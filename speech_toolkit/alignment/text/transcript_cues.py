"""A transcript in a file of any form: plain text, subtitles, or a tier of a TextGrid."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import PurePath

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.transcript_file import read_transcript
from speech_toolkit.errors import TranscriptError
from speech_toolkit.files import subtitles, textgrid
from speech_toolkit.files.textgrid import Tier

CUED_SUFFIXES = (*subtitles.SUFFIXES, textgrid.SUFFIX)
_BETWEEN_CUES = "\n\n"  # so that no bracket reaches from one into the next
_TIER_MARK = "#"
# The best first.
_SENTENCE_TIERS = (
    *("sentences", "sentence", "utterances", "utterance", "transcripts", "transcript"),
    *("transcriptions", "transcription", "phrases", "phrase", "segments", "text"),
    *("ort", "orthography", "ortho", "trs", "trans"),
)
_WORD_TIERS = ("words", "word", "wrd", "ort-mau", "mots", "mot", "wörter", "wort")
_PAUSES = frozenset(
    ["<eps>", "<sil>", "sil", "sp", "spn", "<p:>", "<p>", "pau", "h#", "#", "_", "<pause>"]
)


def read_any_transcript(
    name: str | os.PathLike[str], find: Callable[[str], str] = str
) -> str | CuedText:
    """Read a transcript from plain text, or from subtitles or a TextGrid by the file's suffix.

    Args:
        name: a file, "-" for standard input; of a TextGrid the tier may be named, as in
            "a.TextGrid#words".
        find: from the path of the file to where it is.

    Returns:
        Plain text as it stands; else the cues, or the labels of intervals. The words of a tier of
        words are one text.

    Raises:
        TranscriptError: as :func:`read_transcript`; or the file is damaged, holds no text, or the
            tier is not there or not clear. The message names the line.
    """
    path, tier = split_tier(os.fspath(name))
    path = find(path)
    text = read_transcript(path)
    suffix = PurePath(path).suffix.lower()
    if suffix not in CUED_SUFFIXES:
        return text
    if suffix == textgrid.SUFFIX:
        return _text_of_tier(textgrid.parse_textgrid(text, path, error=TranscriptError), tier, path)
    return _cued(subtitles.cue_texts(text, path, error=TranscriptError), path)


def split_tier(name: str) -> tuple[str, str | None]:
    """Return the path of a transcript, and the tier that is named after it."""
    path, mark, tier = name.rpartition(_TIER_MARK)
    if mark and path.lower().endswith(textgrid.SUFFIX) and not os.path.lexists(name):
        return path, tier
    return name, None


def _text_of_tier(tiers: Sequence[Tier], wanted: str | None, path: str) -> str | CuedText:
    tier = _tier(tiers, wanted, path)
    labels = [part.text.strip() for part in tier.intervals]
    if _plain_name(tier) in _WORD_TIERS:
        text = " ".join(label for label in labels if label and label not in _PAUSES)
        if not text:
            raise TranscriptError(f"{path}: tier {tier.name!r} holds no words")
        return text
    return _cued([label for label in labels if label], f"{path}: tier {tier.name!r}")


def _tier(tiers: Sequence[Tier], wanted: str | None, path: str) -> Tier:
    filled = [tier for tier in tiers if any(part.text.strip() for part in tier.intervals)]
    if not filled:
        raise TranscriptError(f"{path}: holds no text; no interval has a label")
    names = ", ".join(repr(tier.name) for tier in filled)
    if wanted is not None:
        for tier in filled:
            if tier.name == wanted:
                return tier
        raise TranscriptError(f"{path}: has no tier {wanted!r} with text; its tiers are {names}")
    if len(filled) == 1:
        return filled[0]
    for name in (*_SENTENCE_TIERS, *_WORD_TIERS):
        named = [tier for tier in filled if _plain_name(tier) == name]
        if len(named) == 1:
            return named[0]
        if named:
            break
    raise TranscriptError(
        f"{path}: which of the tiers {names} is the transcript is not clear; name it, as in "
        f"{path}{_TIER_MARK}{filled[0].name}"
    )


def _plain_name(tier: Tier) -> str:
    """Return the name of a tier without that of a speaker: "anna - words" -> "words"."""
    return tier.name.rpartition(" - ")[2].strip().casefold()


def _cued(cues: Sequence[str], where: str) -> CuedText:
    if not cues:
        raise TranscriptError(f"{where}: holds no text; every cue is empty")
    steps = (len(cue) + len(_BETWEEN_CUES) for cue in cues[:-1])
    return CuedText(_BETWEEN_CUES.join(cues), tuple(accumulate(steps, initial=0)))
