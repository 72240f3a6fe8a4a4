"""What became of an item, in the form in which the journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from speech_toolkit.alignment.quality.quality import Reason
from speech_toolkit.errors import (
    INTERNAL,
    AudioError,
    DamagedAudioError,
    InfeasibleAlignmentError,
    MissingAudioError,
    NotAudioError,
    SilentAudioError,
    TooShortAudioError,
    TranscriptError,
    TruncatedAudioError,
    error_kind,
    first_line,
)

DONE, FAILED = "done", "failed"
# Of these the recording or its text is to blame: another try ends the same.
_OF_THE_INPUT = {
    error.kind
    for error in (
        AudioError,
        MissingAudioError,
        NotAudioError,
        DamagedAudioError,
        TruncatedAudioError,
        SilentAudioError,
        TooShortAudioError,
        TranscriptError,
        InfeasibleAlignmentError,
    )
}
_DIGITS = 6


@dataclass(frozen=True)
class ItemError:
    """Why an item has no result.

    Attributes:
        kind: in a few words, such as "missing" or "too short".
        message: one line.
    """

    kind: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> ItemError:
        """Return what there is to say of an error, of Python's own with the name of its class."""
        kind, said = error_kind(error), first_line(error)
        return cls(kind, f"{type(error).__name__}: {said}" if kind == INTERNAL else said)


@dataclass(frozen=True)
class ItemResult:
    """What one item gave, ready to be written and recorded.

    Attributes:
        contents: of its files, by their names relative to the output directory.
        figures: what the journal keeps of it; see :func:`figures`.
        written: names of files that are in their place already.
    """

    contents: Mapping[str, bytes]
    figures: Mapping[str, Any]
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemQuality:
    """Whether an item's text is what was said in it, as its result tells at more length.

    Attributes:
        verdict: one of :data:`speech_toolkit.alignment.quality.quality.VERDICTS`.
        confidence: in 0..1, the mean over its words.
        reasons: why the verdict is not ``good``, the weightiest first.
    """

    verdict: str
    confidence: float
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def from_dict(cls, quality: Mapping[str, Any]) -> ItemQuality:
        """Return what the JSON of a result or of a journal's line says of it."""
        reasons = tuple(Reason(each["kind"], each["text"]) for each in quality["reasons"])
        return cls(quality["verdict"], _rounded(quality["confidence"]), reasons)


@dataclass(frozen=True)
class ItemOutcome:
    """What became of one item of a corpus.

    Attributes:
        id: the item's.
        input_digest: of what was given for it and how; see
            :func:`speech_toolkit.corpus.digests.item_digest`.
        error: None where it is done.
        outputs: its files, relative to the output directory; none where it failed.
        audio_s: seconds of audio; None where it failed.
        load_s: seconds to decode and resample it; None where it failed.
        run_s: seconds from the waveform to the result; None where it failed.
        mean_score: mean log-probability of its labels or tokens; None where it has none.
        device: where it ran; None where it failed.
        attempt: which try this was, counted from 1.
        quality: whether its text is what was said; None where nobody judged that.
    """

    id: str
    input_digest: str
    error: ItemError | None = None
    outputs: tuple[str, ...] = ()
    audio_s: float | None = None
    load_s: float | None = None
    run_s: float | None = None
    mean_score: float | None = None
    device: str | None = None
    attempt: int = 1
    quality: ItemQuality | None = None

    @property
    def ok(self) -> bool:
        """Whether its results are written."""
        return self.error is None

    @property
    def is_final(self) -> bool:
        """Whether another try of the same input with the same settings would end the same."""
        return self.error is None or self.error.kind in _OF_THE_INPUT

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: a line of the journal."""
        fields = asdict(self) | {"outputs": list(self.outputs)}
        if self.quality is not None:
            fields["quality"]["reasons"] = list(fields["quality"]["reasons"])
        return {"id": fields.pop("id"), "status": DONE if self.ok else FAILED, **fields}

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> ItemOutcome:
        """Return what :meth:`to_dict` made a line of, whose schema has been held against it."""
        fields = {name: value for name, value in line.items() if name != "status"}
        error = fields["error"] and ItemError(**fields["error"])
        quality = fields.get("quality") and ItemQuality.from_dict(fields["quality"])
        made = {"error": error, "outputs": tuple(fields["outputs"]), "quality": quality}
        return cls(**fields | made)


def figures(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the journal keeps of a result, by the names of :class:`ItemOutcome`.

    Args:
        document: the JSON form of an alignment or a transcription.
    """
    is_alignment = "transcript" in document
    measured = _of_alignment(document) if is_alignment else _of_transcription(document)
    quality = document.get("quality")
    return {name: _rounded(value) for name, value in measured.items()} | {
        "device": document["device"],
        "quality": quality and ItemQuality.from_dict(quality),
    }


def _of_alignment(document: Mapping[str, Any]) -> dict[str, float | None]:
    scores = [s["score"] for s in document["segments"] if s["score"] is not None]
    return {
        "audio_s": document["audio_duration"],
        "load_s": document["audio_load_time"],
        "run_s": document["infer_time"] + document["align_time"],
        "mean_score": _mean(scores, [1] * len(scores)),
    }


def _of_transcription(document: Mapping[str, Any]) -> dict[str, float | None]:
    segments = document["segments"]
    return {
        "audio_s": document["audio_duration_s"],
        "load_s": document["stage_times_s"].get("decode_audio"),
        "run_s": document["transcribe_s"],
        "mean_score": _mean(
            [segment["avg_logprob"] for segment in segments],
            [len(segment["tokens"]) for segment in segments],
        ),
    }


def _mean(values: Sequence[float], weights: Sequence[float]) -> float | None:
    total = sum(weights)
    pairs = zip(values, weights, strict=True)
    return sum(value * weight for value, weight in pairs) / total if total else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
