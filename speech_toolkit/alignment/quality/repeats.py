"""Is speech that the transcript lacks a second reading of words beside it?

Dimensions: T frames, V columns.
"""

import numpy as np

from speech_toolkit.alignment.quality.evidence import Units
from speech_toolkit.alignment.quality.local_scores import local_scores

_MOST_WORDS = 30
_LONGEST_FRAMES = 1500
_FEWEST_LABELS = 8
_PACES = (0.65, 1.5)
# What words that are read again cost at most, against their letters in the reverse order.
_MOST_COST = 0.5


def repeated_words(
    log_probs: np.ndarray,
    frames: tuple[int, int],
    node: int,
    units: Units,
    blank: int,
    columns: int,
) -> tuple[int, int] | None:
    """Return the words of the transcript that a stretch says once more, first and end.

    Args:
        log_probs: float32 (T, V).
        frames: the first of the stretch, and the one after its last.
        node: the word before which it is, of those that have labels.
        units: the words and their places.
        blank: the blank's column.
        columns: the first so many are the model's own.
    """
    length = frames[1] - frames[0]
    if length > _LONGEST_FRAMES:
        return None
    pace = float(np.median(units.ends - units.starts + _gaps_behind(units)))
    borders, last = units.borders, len(units.words)
    # The path may change from one reading to the other at any word: behind the node are the last
    # words of the first reading, then the first words of the second.
    runs = [
        (first, end)
        for first in range(max(node - _MOST_WORDS, 0), node + 1)
        for end in range(max(node, first + 1), min(node + _MOST_WORDS, last) + 1)
    ]
    counts = np.array([borders[end] - borders[first] for first, end in runs])
    likely = (counts >= _FEWEST_LABELS) & (counts * pace > _PACES[0] * length)
    likely &= counts * pace < _PACES[1] * length
    runs = [run for run, is_likely in zip(runs, likely.tolist(), strict=True) if is_likely]
    if not runs:
        return None
    rows = log_probs[slice(*frames), :columns].copy()
    rows -= rows.max(axis=1, keepdims=True)
    starts, stops = np.zeros(len(runs), dtype=np.int64), np.full(len(runs), length)
    targets = [
        np.concatenate(
            [
                units.targets[borders[node] : borders[end]],
                units.targets[borders[first] : borders[node]],
            ]
        )
        for first, end in runs
    ]
    costs = -local_scores(rows, blank, starts, stops, targets)
    best = int(np.argmin(costs))
    backwards = -local_scores(rows, blank, starts[:1], stops[:1], [targets[best][::-1]])
    if costs[best] > _MOST_COST * backwards[0]:
        return None
    first, end = runs[best]
    return int(units.words[first]), int(units.words[end - 1]) + 1


def _gaps_behind(units: Units) -> np.ndarray:
    """Return the blank frames between each label and the next of the same word, else 0."""
    gaps = np.append(units.starts[1:] - units.ends[:-1], 0)
    gaps[units.borders[1:] - 1] = 0
    return gaps
