"""How far found word boundaries are from true ones."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.errors import UsageError


@dataclass(frozen=True)
class TrueWord:
    """A word with the times at which it is known to be spoken.

    Attributes:
        text: as in the transcript.
        start_s: seconds from the start of the audio.
        end_s: seconds, where the word no longer is.
    """

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class BoundaryErrors:
    """Found minus true times, in seconds. W words.

    Attributes:
        starts_s: float64 of shape (W,), negative where a word was found too early.
        ends_s: float64 of shape (W,).
    """

    starts_s: np.ndarray
    ends_s: np.ndarray

    @property
    def median_start_s(self) -> float:
        """Median of the absolute errors of word starts."""
        return float(np.median(np.abs(self.starts_s)))

    @property
    def median_end_s(self) -> float:
        """Median of the absolute errors of word ends."""
        return float(np.median(np.abs(self.ends_s)))

    def starts_within(self, tolerance_s: float) -> float:
        """Return the share of word starts that are off by at most ``tolerance_s``, in 0..1."""
        return float(np.mean(np.abs(self.starts_s) <= tolerance_s))

    @classmethod
    def joined(cls, parts: Sequence["BoundaryErrors"]) -> "BoundaryErrors":
        """Pool the errors of several recordings, every word with the same weight."""
        return cls(
            np.concatenate([part.starts_s for part in parts]),
            np.concatenate([part.ends_s for part in parts]),
        )


def read_true_words(path: str | os.PathLike[str]) -> tuple[TrueWord, ...]:
    """Read the true word times that lie beside a sample.

    Raises:
        UsageError: the file cannot be read or has another form.
    """
    try:
        words = json.loads(Path(path).read_text(encoding="utf-8"))["words"]
        return tuple(TrueWord(word["text"], word["start_s"], word["end_s"]) for word in words)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{os.fspath(path)}: cannot be read as true word times ({error!r}); expected JSON "
            'like {"words": [{"text": "hello", "start_s": 0.1, "end_s": 0.4}]}'
        ) from error


def boundary_errors(found: Sequence[Mapping[str, Any]], true: Sequence[TrueWord]) -> BoundaryErrors:
    """Compare the words of an alignment with true ones.

    Args:
        found: ``words`` of an alignment result.
        true: the same words in the same order.

    Raises:
        UsageError: the two are not the same words.
    """
    if [word["text"] for word in found] != [word.text for word in true]:
        raise UsageError(
            f"the alignment's {len(found)} words are not the {len(true)} words whose times are "
            "known; align the transcript that belongs to them"
        )
    return BoundaryErrors(
        np.array(
            [word["start_time"] - known.start_s for word, known in zip(found, true, strict=True)]
        ),
        np.array([word["end_time"] - known.end_s for word, known in zip(found, true, strict=True)]),
    )
