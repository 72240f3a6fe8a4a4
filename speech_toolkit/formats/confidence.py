"""How sure a model is of a word, in the three steps that pages and pictures colour."""

from collections.abc import Mapping
from typing import Any

# Below the first a word is doubtful, from the second on it is good. A calibrated confidence is the
# share of such words that are there. Where a result has none: an aligner is asked how likely each
# letter of a given text is, a recogniser how likely its own choice is.
_CALIBRATED = (0.5, 0.8)
_ALIGNMENT, _TRANSCRIPTION = (0.2, 0.5), (0.5, 0.8)


def limits_of(document: Mapping[str, Any]) -> tuple[float, float]:
    """Return where the steps of a result begin: of confidences, else of its probabilities."""
    if any(word.get("confidence") is not None for word in document["words"]):
        return _CALIBRATED
    return _ALIGNMENT if "transcript" in document else _TRANSCRIPTION


def confidence(sureness: float | None, limits: tuple[float, float]) -> str:
    """Return "low", "middle" or "high", or "unknown" where nothing is known.

    Args:
        sureness: in 0..1: a confidence or a probability, as the limits are.
        limits: of :func:`limits_of`.
    """
    if sureness is None:
        return "unknown"
    low, high = limits
    return "low" if sureness < low else "middle" if sureness < high else "high"
