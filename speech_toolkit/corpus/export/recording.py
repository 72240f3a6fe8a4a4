"""A recording that is done, and its sentences, as exports need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from speech_toolkit.alignment.text.normalization import is_silent_text
from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.corpus.export.cut_points import cut_points_ms
from speech_toolkit.corpus.export.naming import name_of, speaker_of, utterance_id
from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.outcome import ItemOutcome
from speech_toolkit.errors import TranscriptError, UsageError
from speech_toolkit.files.json_input import check_schema, parse_json, read_text, shown_path
from speech_toolkit.files.schema_parts import record, records
from speech_toolkit.formats.timed_text import part_of

_ADVICE = "do the item again"
_SECONDS = {"type": "number", "minimum": 0}
_SCORE = {"type": ["number", "null"]}
_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of a recording with its text.

    Attributes:
        id: unique in the corpus, and a name for files.
        text: on one line.
        start_ms: milliseconds into the file.
        end_ms: milliseconds at which it ends.
        score: mean log-probability; None where it has none.
        confidence: in 0..1, calibrated; None where nobody judged.
    """

    id: str
    text: str
    start_ms: int
    end_ms: int
    score: float | None
    confidence: float | None = None

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return (self.end_ms - self.start_ms) / 1000


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a corpus with what was found in it.

    Attributes:
        item: of the corpus.
        name: unique in the corpus, and a name for files.
        speaker: who may have spoken.
        path: of the file, absolute.
        part: of the file that the item is.
        language: code; None where nobody knows.
        whole: all of it as one.
        sentences: in order, apart from each other; those that were not heard are not among them.
    """

    item: Item
    name: str
    speaker: str
    path: str
    part: AudioPart
    language: str | None
    whole: Utterance
    sentences: tuple[Utterance, ...]

    @property
    def is_part(self) -> bool:
        """Whether the file holds more than is meant."""
        return self.part != WHOLE

    def utterances(self, *, cut: bool) -> tuple[Utterance, ...]:
        """Return its sentences, or all of it as one."""
        return self.sentences if cut else (self.whole,)


def read_recording(item: Item, outcome: ItemOutcome, directory: Path) -> Recording:
    """Return what is known of an item that is done.

    Args:
        item: of the corpus.
        outcome: its own.
        directory: where its results are.

    Raises:
        TranscriptError: nothing is said in it.
        UsageError: its JSON cannot be read, or is of another version.
    """
    file = next((name for name in outcome.outputs if name.endswith(".json")), None)
    if file is None:
        raise UsageError(f"has no JSON among its results; {_ADVICE} with json")
    document = _read(directory / file)
    name, part = name_of(item.id), part_of(document)
    text = _one_line(_aligned_text(document) if "transcript" in document else document["text"])
    if not text:
        raise TranscriptError("nothing is said in it; listen to it, or leave it out")
    start_s = part.start_s
    end_s = start_s + document.get("audio_duration", document.get("audio_duration_s"))
    spans = _spans(document)
    cuts_ms = cut_points_ms([(span.start_s, span.end_s) for span in spans], start_s, end_s)
    (whole_ms,) = cut_points_ms([(start_s, end_s)], start_s, end_s)
    sentences = tuple(
        Utterance(utterance_id(name, *cut_ms), span.text, *cut_ms, span.score, span.confidence)
        for span, cut_ms in zip(spans, cuts_ms, strict=True)
        if span.is_heard and span.text and cut_ms[0] < cut_ms[1]
    )
    return Recording(
        item=item,
        name=name,
        speaker=speaker_of(item.id),
        path=str(Path(item.audio_path).absolute()),
        part=part,
        language=document["language"],
        whole=Utterance(name, text, *whole_ms, outcome.mean_score, _confidence(outcome)),
        sentences=sentences,
    )


def _confidence(outcome: ItemOutcome) -> float | None:
    return None if outcome.quality is None else outcome.quality.confidence


class _Span(NamedTuple):
    """A sentence of an alignment or a segment of a transcription."""

    text: str
    start_s: float
    end_s: float
    is_heard: bool
    score: float | None
    confidence: float | None = None


def _spans(document: Mapping[str, Any]) -> list[_Span]:
    if "transcript" in document:
        silent = _not_spoken(document)
        return [
            _Span(
                _one_line(_without(silent, each["text"], each.get("start_char", 0))),
                each["start_time"],
                each["end_time"],
                each["aligned"],
                each["score"],
                each.get("confidence"),
            )
            for each in document["sentences"]
        ]
    return [
        _Span(_one_line(each["text"]), each["start_s"], each["end_s"], True, each["avg_logprob"])
        for each in document["segments"]
    ]


def _aligned_text(document: Mapping[str, Any]) -> str:
    return _without(_not_spoken(document), document["transcript"], 0)


def _not_spoken(document: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return where in the transcript markup is, and words that --repair left out.

    Punctuation that stands alone is part of the text.
    """
    return [
        (word["start_char"], word["end_char"])
        for word in document.get("words", ())
        if word.get("spoken") is False and not is_silent_text(word["text"])
    ]


def _without(stretches: list[tuple[int, int]], text: str, start_char: int) -> str:
    """Return a part of the transcript without some stretches of it."""
    kept = list(text)
    for start, end in stretches:
        first, last = max(start - start_char, 0), max(end - start_char, 0)
        kept[first:last] = [""] * len(kept[first:last])
    return "".join(kept)


def _read(path: Path) -> Mapping[str, Any]:
    shown = shown_path(path)
    text = read_text(path, error=UsageError, advice=_ADVICE)
    document = parse_json(text, shown, error=UsageError, advice=_ADVICE)
    is_alignment = isinstance(document, dict) and "transcript" in document
    check_schema(
        document,
        _ALIGNMENT if is_alignment else _TRANSCRIPTION,
        shown,
        error=UsageError,
        advice=_ADVICE,
    )
    if is_alignment and "words" in document:
        check_schema(document, _WITH_WORDS, shown, error=UsageError, advice=_ADVICE)
    return document


def _one_line(text: str) -> str:
    return " ".join(text.split())


# What sentences are made from alone: to check the letters of an hour takes long.
_LANGUAGE = {"type": ["string", "null"]}
_INDEX = {"type": "integer", "minimum": 0}
_ALIGNMENT = record(
    transcript=_TEXT,
    language=_LANGUAGE,
    audio_duration=_SECONDS,
    sentences=records(
        text=_TEXT,
        start_time=_SECONDS,
        end_time=_SECONDS,
        aligned={"type": "boolean"},
        score=_SCORE,
    ),
)
_WITH_WORDS = record(
    words=records(text=_TEXT, start_char=_INDEX, end_char=_INDEX),
    sentences=records(start_char=_INDEX),
)
_TRANSCRIPTION = record(
    text=_TEXT,
    language=_LANGUAGE,
    audio_duration_s=_SECONDS,
    segments=records(text=_TEXT, start_s=_SECONDS, end_s=_SECONDS, avg_logprob=_SCORE),
)
