"""How sure a model is of a word, in the three steps that pages and pictures colour."""

from collections.abc import Mapping
from typing import Any

# Below the first a word is doubtful, from the second on it is good. An aligner is asked how likely
# each letter of a given text is, a recogniser how likely its own choice is.
_ALIGNMENT, _TRANSCRIPTION = (0.2, 0.5), (0.5, 0.8)


def limits_of(document: Mapping[str, Any]) -> tuple[float, float]:
    """Return where the steps of a result's task begin."""
    return _ALIGNMENT if "transcript" in document else _TRANSCRIPTION


def confidence(probability: float | None, limits: tuple[float, float]) -> str:
    """Return "low", "middle" or "high", or "unknown" where there is no probability."""
    if probability is None:
        return "unknown"
    low, high = limits
    return "low" if probability < low else "middle" if probability < high else "high"
