"""What was found -> a verdict, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.alignment.quality import calibration
from speech_toolkit.alignment.quality.quality import (
    CHECK,
    CUT_OFF,
    GOOD,
    LOW_CONFIDENCE,
    NO_SPEECH,
    NOT_IN_TRANSCRIPT,
    NOT_SPOKEN,
    REPEATED,
    STARTS_LATE,
    WRONG_TRANSCRIPT,
    NotInTranscript,
    NotSpoken,
    Reason,
)

_NAMED = 3
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Fit:
    """How a text fits a recording as a whole.

    Attributes:
        typical: what a word of it costs, the median, in units.
        overall: what all of it costs for each label, in units.
        kept: share of the labels that are left when words that do not fit are left out.
        kept_cost: what these cost, each, in units.
        heard: labels that the model would write, for each of the text's.
    """

    typical: float
    overall: float
    kept: float
    kept_cost: float
    heard: float

    @property
    def is_wrong(self) -> bool:
        """Whether the recording holds another text, or none."""
        return (
            self.typical > calibration.WRONG_TYPICAL
            and self.overall > calibration.WRONG_OVERALL
            and (self.kept < calibration.KEPT_SHARE or self.kept_cost > calibration.WRONG_KEPT)
        )


def verdict_of(
    fit: Fit,
    confidence: float,
    not_spoken: Sequence[NotSpoken],
    lacking: Sequence[NotInTranscript],
    end_word: int,
) -> dict[str, Any]:
    """Return the verdict and its reasons, by the names of :class:`Quality`.

    Args:
        fit: of the whole.
        confidence: in 0..1, the mean of the words.
        not_spoken: words that were probably not spoken.
        lacking: speech that the transcript probably lacks, where no wildcard was asked for.
        end_word: one past the last word that has labels.
    """
    if fit.is_wrong:
        return {"verdict": WRONG_TRANSCRIPT, "reasons": (_why_wrong(fit, confidence),)}
    reasons = []
    first = [each for each in not_spoken if each.first_word == 0]
    last = [each for each in not_spoken if each.end_word == end_word and each.first_word]
    inside = [each for each in not_spoken if each not in first and each not in last]
    for kind, told, found in (
        (STARTS_LATE, "the first words were probably not spoken", first),
        (CUT_OFF, "the last words were probably not spoken", last),
        (NOT_SPOKEN, "words that were probably not spoken", inside),
    ):
        if found:
            reasons.append(Reason(kind, f"{told}: {_list(map(_words, found), len(found))}"))
    reasons += why_lacking(lacking)
    return {"verdict": CHECK if reasons else GOOD, "reasons": tuple(reasons)}


def why_lacking(lacking: Sequence[NotInTranscript]) -> tuple[Reason, ...]:
    """Return what there is to say of speech that the transcript lacks."""
    reasons = []
    again = [each for each in lacking if each.repeats]
    new = [each for each in lacking if not each.repeats]
    for kind, told, stretches in (
        (REPEATED, "read again, though the transcript has it once", again),
        (NOT_IN_TRANSCRIPT, "speech that the transcript lacks", new),
    ):
        if stretches:
            places = _list(map(_speech, stretches), len(stretches))
            reasons.append(Reason(kind, f"{told}: {places}"))
    return tuple(reasons)


def _why_wrong(fit: Fit, confidence: float) -> Reason:
    if fit.heard < calibration.SILENT_SHARE:
        return Reason(NO_SPEECH, "next to no speech is heard where the transcript has words")
    return Reason(
        LOW_CONFIDENCE,
        f"the words fit the recording hardly better than others would (confidence "
        f"{confidence:.0%}): is it the transcript of this recording?",
    )


def _words(stretch: NotSpoken) -> str:
    return f"{_shown(stretch.text)} at {stretch.start_time:.2f} s"


def _speech(stretch: NotInTranscript) -> str:
    return f"{stretch.start_time:.2f} to {stretch.end_time:.2f} s"


def _list(items: Any, count: int) -> str:
    named = ", ".join([item for item, _ in zip(items, range(_NAMED), strict=False)])
    return f"{named} and {count - _NAMED} more" if count > _NAMED else named


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
