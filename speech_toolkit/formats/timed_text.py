"""Text with the times at which it is spoken, from whichever task: what a format is written from.

All times are seconds from the start of the audio, intervals half-open.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from speech_toolkit.transcription.result import TranscriptionResult

if TYPE_CHECKING:
    from speech_toolkit.alignment.result import AlignmentResult, TimedSpan

    Result = TranscriptionResult | AlignmentResult

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
    """

    text: str
    start_s: float
    end_s: float
    probability: float | None
    characters: tuple[TimedCharacter, ...] = ()


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


@dataclass(frozen=True)
class TimedText:
    """What is said in one audio file, and when.

    Attributes:
        segments: in order.
        language: code; None where the model names none.
        duration_s: seconds of audio.
        source: the audio file, ``-`` for standard input.
    """

    segments: tuple[TimedSegment, ...]
    language: str | None
    duration_s: float
    source: str

    @property
    def words(self) -> tuple[TimedWord, ...]:
        """The words of all segments, in order."""
        return tuple(word for segment in self.segments for word in segment.words)


def timed_text(result: Result) -> TimedText:
    """Return what is said in a result of either task, and when."""
    if isinstance(result, TranscriptionResult):
        return _of_transcription(result)
    return _of_alignment(result)


def _of_transcription(result: TranscriptionResult) -> TimedText:
    segments = tuple(
        TimedSegment(
            segment.text,
            segment.start_s,
            segment.end_s,
            tuple(TimedWord(w.text, w.start_s, w.end_s, w.probability) for w in segment.words),
        )
        for segment in result.segments
    )
    return TimedText(segments, result.language, result.audio_duration_s, result.audio_path)


def _of_alignment(result: AlignmentResult) -> TimedText:
    characters = [
        TimedCharacter(label.text, label.start_time, label.end_time, label.probability)
        for label in result.segments
    ]
    words = [
        TimedWord(word.text, word.start_time, word.end_time, word.probability, own)
        for word, own in _grouped(characters, result.segments, result.words)
    ]
    segments = tuple(
        TimedSegment(sentence.text, sentence.start_time, sentence.end_time, own)
        for sentence, own in _grouped(words, result.words, result.sentences)
    )
    return TimedText(segments, result.language, result.audio_duration, result.audio_path)


def _grouped(
    parts: Sequence[_Part], spans: Sequence[TimedSpan], wholes: Sequence[TimedSpan]
) -> Iterator[tuple[TimedSpan, tuple[_Part, ...]]]:
    """Yield each whole with its parts: those that begin within its characters.

    Args:
        parts: in order.
        spans: of each part.
        wholes: in order of the transcript, apart from each other.
    """
    begins = [span.start_char for span in spans]
    for whole in wholes:
        first, last = bisect_left(begins, whole.start_char), bisect_left(begins, whole.end_char)
        yield whole, tuple(parts[first:last])
