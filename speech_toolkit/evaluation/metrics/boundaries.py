"""How far found word boundaries are from true ones."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.report import stored_schema
from speech_toolkit.files.json_input import check_schema, parse_json, read_text, shown_path

_ADVICE = (
    'expected true word times like {"words": [{"text": "hello", "start_s": 0.1, "end_s": 0.4}]}'
)
_TOLERANCE_S = 0.05  # a header's length is that of whole blocks

_NANOSECOND_S = 1e-9  # below which a difference of times is one of their rounding


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

    def words_beyond(self, tolerance_s: float) -> int:
        """Return how many words start or end more than ``tolerance_s`` from where they should."""
        largest_s = np.maximum(np.abs(self.starts_s), np.abs(self.ends_s))
        return int(np.count_nonzero(largest_s > tolerance_s + _NANOSECOND_S))

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
        UsageError: the file cannot be read, or does not keep to
            ``results/schemas/word_times.schema.json``.
    """
    source = shown_path(path)
    content = parse_json(
        read_text(Path(path), error=UsageError, advice=_ADVICE),
        source,
        error=UsageError,
        advice=_ADVICE,
    )
    check_schema(content, stored_schema("word_times"), source, error=UsageError, advice=_ADVICE)
    return true_words(content["words"], source)


def true_words(
    entries: Sequence[Mapping[str, Any]], source: str, duration_s: float = math.inf
) -> tuple[TrueWord, ...]:
    """Take words of the right form as true ones.

    Args:
        entries: each with ``text``, ``start_s`` and ``end_s``, in spoken order.
        source: names them in messages.
        duration_s: of the recording, where that is known.

    Raises:
        UsageError: a word ends before it begins, begins before the one before it, or lies beyond
            the end of the recording.
    """
    words = tuple(TrueWord(each["text"], each["start_s"], each["end_s"]) for each in entries)
    before_s = 0.0
    for index, word in enumerate(words):
        where = f"{source}: words[{index}] ({word.text!r}, {word.start_s:g} to {word.end_s:g} s)"
        if word.end_s < word.start_s or word.start_s < before_s:
            raise UsageError(f"{where} is out of order; give the words as they are spoken")
        if word.end_s > duration_s + _TOLERANCE_S:
            raise UsageError(
                f"{where} lies beyond the recording's {duration_s:.2f} s; give its own times"
            )
        before_s = word.start_s
    return words


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
