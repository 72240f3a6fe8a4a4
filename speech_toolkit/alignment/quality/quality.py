"""What is known of how well a transcript and its audio go together, and its form as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

GOOD, CHECK, WRONG_TRANSCRIPT = "good", "check", "wrong_transcript"
VERDICTS = (GOOD, CHECK, WRONG_TRANSCRIPT)

NOT_SPOKEN, NOT_IN_TRANSCRIPT, REPEATED = "not_spoken", "not_in_transcript", "repeated"
STARTS_LATE, CUT_OFF, NO_SPEECH, LOW_CONFIDENCE = (
    "starts_late",
    "cut_off",
    "no_speech",
    "low_confidence",
)
REASONS = (
    NOT_SPOKEN,
    NOT_IN_TRANSCRIPT,
    REPEATED,
    STARTS_LATE,
    CUT_OFF,
    NO_SPEECH,
    LOW_CONFIDENCE,
)


@dataclass(frozen=True)
class Reason:
    """Why a verdict is not ``good``.

    Attributes:
        kind: one of ``REASONS``.
        text: one line for people, in English.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class NotSpoken:
    """Words of the transcript, one after the other, that were probably not spoken.

    Attributes:
        first_word: index of the first of them.
        end_word: one past the index of the last.
        text: of them, as the transcript has it.
        start_char: first character in the transcript.
        end_char: the character after the last.
        start_time: seconds from the start of the file, where they would have begun.
        end_time: seconds, where they would have ended.
        confidence: in 0..1, how sure it is that they were not spoken.
    """

    first_word: int
    end_word: int
    text: str
    start_char: int
    end_char: int
    start_time: float
    end_time: float
    confidence: float


@dataclass(frozen=True)
class NotInTranscript:
    """A stretch of speech that the transcript lacks.

    Attributes:
        start_time: seconds from the start of the file.
        end_time: seconds, where it no longer is.
        after_word: index of the word it follows, -1 before the first.
        heard: what the model reads there by itself, in its own letters: a hint, no transcript.
        repeats: first and end index of the words that it says again; None where it is new.
        confidence: in 0..1, how sure it is that the transcript lacks speech here.
    """

    start_time: float
    end_time: float
    after_word: int
    heard: str
    repeats: tuple[int, int] | None
    confidence: float


@dataclass(frozen=True)
class Repair:
    """What was aligned in place of the transcript.

    Attributes:
        transcript: the text that was aligned, ``<star>`` where speech has no words.
        left_out: indices of the words that were left out, as not spoken.
        stars_after: indices of the words that a ``<star>`` follows, -1 before the first.
    """

    transcript: str
    left_out: tuple[int, ...]
    stars_after: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "transcript": self.transcript,
            "left_out": list(self.left_out),
            "stars_after": list(self.stars_after),
        }


@dataclass(frozen=True)
class Quality:
    """How well a transcript and its audio go together.

    Attributes:
        verdict: ``good``, ``check`` where something stands out, or ``wrong_transcript``.
        confidence: in 0..1, the mean over the words, each weighted by its letters.
        reasons: why the verdict is not ``good``, the weightiest first.
        not_spoken: in order of the transcript.
        not_in_transcript: in order of time.
        repair: what was aligned instead, where that was asked for and something stood out. The
            rest tells of the transcript as it was given.
    """

    verdict: str
    confidence: float
    reasons: tuple[Reason, ...] = ()
    not_spoken: tuple[NotSpoken, ...] = ()
    not_in_transcript: tuple[NotInTranscript, ...] = ()
    repair: Repair | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, ``quality`` in ``results/schemas/alignment.schema.json``."""
        told = {
            "verdict": self.verdict,
            "confidence": self.confidence,
            "reasons": [asdict(reason) for reason in self.reasons],
            "not_spoken": [asdict(stretch) for stretch in self.not_spoken],
            "not_in_transcript": [
                asdict(stretch) | {"repeats": stretch.repeats and list(stretch.repeats)}
                for stretch in self.not_in_transcript
            ],
        }
        return told if self.repair is None else told | {"repair": self.repair.to_dict()}
