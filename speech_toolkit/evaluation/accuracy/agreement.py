"""How far two devices agree on what they heard: the same text, the same choices, the same times.

Also how right each of them is. All that is here works on what the devices left, without torch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from speech_toolkit.evaluation.metrics.boundaries import BoundaryErrors, TrueWord, boundary_errors
from speech_toolkit.evaluation.metrics.text import (
    TextComparison,
    compare_texts,
    first_divergence,
    pool_comparisons,
)
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.families import WHISPER

TOLERANCES_MS = (20, 50)
_DIGITS_OF_MS = 3  # times are reported to the microsecond


@dataclass(frozen=True)
class Choice:
    """What one device chose at some point.

    Attributes:
        id: of the token or label; None where the device had nothing more to say.
        text: the same as text.
        margin: its lead over the second best in nats, small where the device was undecided; None
            where that was not recorded.
    """

    id: int | None
    text: str
    margin: float | None


@dataclass(frozen=True)
class Divergence:
    """The first point at which two devices chose differently.

    Attributes:
        index: how many choices went before: tokens, or frames of an aligner.
        reference: what the reference chose.
        candidate: what the candidate chose.
    """

    index: int
    reference: Choice
    candidate: Choice


@dataclass(frozen=True)
class Agreement:
    """Two devices on one case.

    Attributes:
        text: the candidate's text against the reference's.
        divergence: where their choices part; None where all are the same.
        choice_agreement: share of frames with the same best label, in 0..1; None for a recogniser,
            whose choices depend on those before.
        shifts: the candidate's word boundaries minus the reference's; None for a recogniser.
    """

    text: TextComparison
    divergence: Divergence | None
    choice_agreement: float | None = None
    shifts: BoundaryErrors | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "text": self.text.to_dict(),
            "divergence": None if self.divergence is None else asdict(self.divergence),
            "choice_agreement": self.choice_agreement,
            "boundary_shift": None if self.shifts is None else boundary_figures([self.shifts]),
        }


def compare_heard(
    reference: Heard, candidate: Heard, family: str, language: str, spellings: dict[str, str]
) -> Agreement:
    """Compare what two devices made of one case.

    Args:
        reference: without an error.
        candidate: without an error.
        family: "mms" or "whisper".
        language: of the text.
        spellings: see :func:`compare_texts`.
    """
    divergence = find_divergence(reference, candidate)
    if family == WHISPER:
        text = compare_texts(reference.text, candidate.text, language, spellings)
        return Agreement(text, divergence)
    return Agreement(
        compare_texts(reference.text, candidate.text, None),
        divergence,
        float(np.mean(np.equal(reference.choices, candidate.choices))),
        boundary_errors(candidate.word_times, _as_true_words(reference)),
    )


def compare_with_truth(
    heard: Heard, family: str, language: str, spellings: dict[str, str]
) -> TextComparison:
    """Compare what a device heard with what was said."""
    if family == WHISPER:
        return compare_texts(heard.truth, heard.text, language, spellings)
    return compare_texts(heard.truth, heard.text, None)


def find_divergence(reference: Heard, candidate: Heard) -> Divergence | None:
    """Return the first point at which the choices differ, None where there is none."""
    index = first_divergence(reference.choices, candidate.choices)
    if index is None:
        return None
    return Divergence(index, _choice(reference, index), _choice(candidate, index))


def agreement_figures(agreements: Sequence[Agreement], family: str) -> dict[str, float] | None:
    """Return the figures that the criteria judge; None where nothing was heard in any case."""
    corpus = pool_comparisons([agreement.text for agreement in agreements])
    if corpus is None:
        return None
    if family == WHISPER:
        return {
            "mean_wer": corpus.mean_wer,
            "mean_cer": corpus.mean_cer,
            "exact_match_rate": corpus.exact_match_rate,
        }
    shifts = boundary_figures([agreement.shifts for agreement in agreements])
    return {
        "argmax_agreement": float(np.mean([each.choice_agreement for each in agreements])),
        "words_within_20ms": shifts["words_within_20ms"],
        "boundary_shift_ms": shifts["p95_ms"],
    }


def boundary_figures(parts: Sequence[BoundaryErrors]) -> dict[str, float]:
    """Sum up the sizes of the boundary errors of at least one word, starts and ends together.

    Returns:
        ``words``; ``median_ms``, ``p95_ms`` and ``max_ms`` over all boundaries; and per tolerance
        ``words_within_20ms``: the share of words of which both ends are within it.
    """
    joined = BoundaryErrors.joined(parts)
    sizes_ms_W2 = 1000 * np.abs(np.stack([joined.starts_s, joined.ends_s], axis=1))
    sizes_ms_W2 = sizes_ms_W2.round(_DIGITS_OF_MS)
    return {
        "words": len(sizes_ms_W2),
        "median_ms": float(np.median(sizes_ms_W2)),
        "p95_ms": round(float(np.percentile(sizes_ms_W2, 95)), _DIGITS_OF_MS),
        "max_ms": float(sizes_ms_W2.max()),
        **{
            f"words_within_{ms}ms": float(np.mean((sizes_ms_W2 <= ms).all(axis=1)))
            for ms in TOLERANCES_MS
        },
    }


def boundary_truth(heard: Heard, words: Sequence[TrueWord]) -> BoundaryErrors | None:
    """Return how far an aligner's words are from their true times; None where none are known."""
    same = [word["text"] for word in heard.word_times] == [word.text for word in words]
    return boundary_errors(heard.word_times, words) if words and same else None


def _as_true_words(heard: Heard) -> list[TrueWord]:
    return [
        TrueWord(word["text"], word["start_time"], word["end_time"]) for word in heard.word_times
    ]


def _choice(heard: Heard, index: int) -> Choice:
    if index >= len(heard.choices):
        return Choice(None, "", None)
    margin = heard.margins[index] if index < len(heard.margins) else None
    return Choice(heard.choices[index], heard.spelling[index], margin)
