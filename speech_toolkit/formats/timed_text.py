"""Text with the times at which it is spoken, from whichever task: what a format is written from.

All times are seconds from the start of the audio, intervals half-open.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from speech_toolkit.audio.part import AudioPart

_TAG = re.compile(r"[<>]|\{\\")
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class TimedCharacter:
    """A letter and when it is spoken.

    Attributes:
        text: as the model has it: lower case, romanized where it knows no other script.
        start_s: seconds.
        end_s: seconds.
        probability: in 0..1.
    """

    text: str
    start_s: float
    end_s: float
    probability: float | None


@dataclass(frozen=True)
class TimedWord:
    """A word with its punctuation and when it is spoken.

    Attributes:
        text: without spaces around it.
        start_s: seconds.
        end_s: seconds.
        probability: in 0..1; None where nothing of it could be heard, as of a dash alone.
        characters: in order, where the task finds them.
        confidence: in 0..1, calibrated; None where the result has none.
        is_spoken: whether it is meant to be said and was; markup is not.
    """

    text: str
    start_s: float
    end_s: float
    probability: float | None
    characters: tuple[TimedCharacter, ...] = ()
    confidence: float | None = None
    is_spoken: bool = True

    @property
    def sureness(self) -> float | None:
        """Its calibrated confidence, and its probability where it has none."""
        return self.probability if self.confidence is None else self.confidence


@dataclass(frozen=True)
class TimedSegment:
    """A sentence, or what a recogniser makes one line of, and when it is spoken.

    Attributes:
        text: without spaces around it.
        start_s: seconds.
        end_s: seconds.
        words: in order, where they have times.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[TimedWord, ...] = ()

    @property
    def parts(self) -> tuple[TimedWord, ...]:
        """Its words; where they have no times, itself as one."""
        return self.words or (TimedWord(self.text, self.start_s, self.end_s, None),)


@dataclass(frozen=True)
class Remark:
    """What is to be said of a stretch of the audio.

    Attributes:
        text: in English, such as ``not spoken: the old boat``.
        start_s: seconds.
        end_s: seconds.
    """

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class TimedText:
    """What is said in one audio file, and when.

    Attributes:
        segments: in order.
        language: code; None where the model names none.
        duration_s: where the audio that was heard ends, in seconds from the start of the file.
        source: the audio file, ``-`` for standard input.
        remarks: where text and audio disagree, in order of time.
        tags: what of the text is a tag or a part of one, such as ``<i>``, and was not aligned.
    """

    segments: tuple[TimedSegment, ...]
    language: str | None
    duration_s: float
    source: str
    remarks: tuple[Remark, ...] = ()
    tags: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[TimedWord, ...]:
        """The words of all segments, in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def spoken_parts(self) -> tuple[TimedWord, ...]:
        """Its parts without those that are not spoken."""
        return tuple(part for part in self.parts if part.is_spoken)

    @property
    def parts(self) -> tuple[TimedWord, ...]:
        """The words of each segment, or the segment as one, in order: all of the text."""
        return tuple(part for segment in self.segments for part in segment.parts)


def _tags(document: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        word["text"]
        for word in document["words"]
        if word.get("spoken") is False and _TAG.search(word["text"]) and "--" not in word["text"]
    )


def timed_text(document: Mapping[str, Any]) -> TimedText:
    """Return what is said in a result of either task, and when.

    Args:
        document: as ``results/schemas/transcription.schema.json`` or ``alignment.schema.json``
            describe it: fresh from a run, or read from a file of an earlier one.
    """
    return _of_alignment(document) if "transcript" in document else _of_transcription(document)


def _of_transcription(document: Mapping[str, Any]) -> TimedText:
    words = iter(
        TimedWord(word["text"], word["start_s"], word["end_s"], word["probability"])
        for word in document["words"]
    )
    segments = tuple(
        TimedSegment(
            segment["text"],
            segment["start_s"],
            segment["end_s"],
            tuple(_words_of(segment["text"], words)),
        )
        for segment in document["segments"]
    )
    return TimedText(
        segments, document["language"], _end_s(document, "audio_duration_s"), document["audio_path"]
    )


def _words_of(text: str, words: Iterator[TimedWord]) -> Iterator[TimedWord]:
    """Take words from all those that are left until they are as long as a segment's text."""
    missing = _letters(text)
    while missing > 0 and (word := next(words, None)) is not None:
        missing -= _letters(word.text)
        yield word


def _letters(text: str) -> int:
    return sum(not character.isspace() for character in text)


def _of_alignment(document: Mapping[str, Any]) -> TimedText:
    characters = [
        TimedCharacter(label["token"], *_times(label), label["probability"])
        for label in document["segments"]
    ]
    words = [
        TimedWord(
            word["text"],
            *_times(word),
            word["probability"],
            own,
            word.get("confidence"),
            word.get("spoken") is not False,
        )
        for word, own in _grouped(characters, document["segments"], document["words"])
    ]
    segments = tuple(
        TimedSegment(sentence["text"], *_times(sentence), own)
        for sentence, own in _grouped(words, document["words"], document["sentences"])
    )
    return TimedText(
        segments,
        document["language"],
        _end_s(document, "audio_duration"),
        document["audio_path"],
        _remarks(document.get("quality") or {}, document["words"]),
        _tags(document),
    )


def _remarks(quality: Mapping[str, Any], words: Sequence[Mapping[str, Any]]) -> tuple[Remark, ...]:
    """Return what a result says of stretches where text and audio disagree."""
    remarks = []
    for stretch in quality.get("not_spoken", ()):
        own = words[stretch["first_word"] : stretch["end_word"]]
        is_repaired = own and own[0].get("spoken") is False  # and has the place of those words
        where = (own[0]["start_time"], own[-1]["end_time"]) if is_repaired else _times(stretch)
        remarks.append(Remark(f"not spoken: {stretch['text']}", *where))
    for stretch in quality.get("not_in_transcript", ()):
        heard = f": {stretch['heard']}" if stretch["heard"] else ""
        remarks.append(Remark(f"not in transcript{heard}", *_times(stretch)))
    return tuple(sorted(remarks, key=lambda remark: (remark.start_s, remark.end_s)))


def part_of(document: Mapping[str, Any]) -> AudioPart:
    """Return the part of its recording that a result is of."""
    given = document.get("settings", {})
    return AudioPart(given.get("audio_track", 0), given.get("start_s", 0.0), given.get("end_s"))


def _end_s(document: Mapping[str, Any], duration_key: str) -> float:
    """Return where the audio ends, of which a part may have been taken."""
    start_s = document.get("settings", {}).get("start_s", 0.0)
    return round(start_s + document[duration_key], 6) if start_s else document[duration_key]


def _times(span: Mapping[str, Any]) -> tuple[float, float]:
    return span["start_time"], span["end_time"]


def _grouped(
    parts: Sequence[_Part], spans: Sequence[Mapping[str, Any]], wholes: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], tuple[_Part, ...]]]:
    """Yield each whole with its parts: those that begin within its characters.

    Args:
        parts: in order.
        spans: of each part.
        wholes: in order of the transcript, apart from each other.
    """
    begins = [span["start_char"] for span in spans]
    for whole in wholes:
        first, last = (bisect_left(begins, whole[key]) for key in ("start_char", "end_char"))
        yield whole, tuple(parts[first:last])
