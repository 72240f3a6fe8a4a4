"""Many short stretches of frames, each with labels of its own -> the score of each, in NumPy.

Dimensions: B problems, L labels of the longest, T frames of the recording, C columns.
"""

from collections.abc import Sequence

import numpy as np

# As many problems at a time as keep a row of scores in the second-level cache.
_ROW_CELLS = 1 << 14


def local_scores(
    scores: np.ndarray,
    blank: int,
    starts: np.ndarray,
    stops: np.ndarray,
    targets: Sequence[np.ndarray],
) -> np.ndarray:
    """Return how well each stretch can spell its labels, by the best path through it.

    Args:
        scores: float32 (T, C), of each column at each frame.
        blank: column of the blank.
        starts: int64 (B,), first frame of each stretch.
        stops: int64 (B,), frame after its last.
        targets: B arrays of columns.

    Returns:
        float32 (B,): -inf where a stretch has too few frames for its labels.
    """
    totals = np.full(len(targets), -np.inf, dtype=np.float32)
    lengths = stops - starts
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    first = 0
    while first < len(order):
        widest = max(len(targets[problem]) for problem in order[first : first + 1024]) + 1
        part = order[first : first + max(1, _ROW_CELLS // widest)]
        totals[part] = _scores_of(
            scores, blank, starts[part], lengths[part], [targets[problem] for problem in part]
        )
        first += len(part)
    return totals


def _scores_of(
    scores: np.ndarray,
    blank: int,
    starts: np.ndarray,
    lengths: np.ndarray,
    targets: Sequence[np.ndarray],
) -> np.ndarray:
    """Run problems, the longest first, side by side; they leave as they end.

    ``labels[:, j]`` is the j-th label, from 1; ``blanks[:, j]`` the blank after j of them.
    """
    counts = np.array([len(target) for target in targets])
    width = int(counts.max())
    columns = np.full((len(targets), width), blank)
    columns[np.arange(width) < counts[:, None]] = np.concatenate(targets)
    penalty = np.zeros((len(targets), width), dtype=np.float32)
    penalty[:, 1:][columns[:, 1:] == columns[:, :-1]] = -np.inf
    labels = np.full((len(targets), width + 1), -np.inf, dtype=np.float32)
    blanks = labels.copy()
    blanks[:, 0] = 0.0
    totals = np.empty(len(targets), dtype=np.float32)
    running = np.searchsorted(-lengths, -np.arange(1, lengths[0] + 1), side="right")
    for frame, alive in enumerate(running.tolist()):
        rows = scores[starts[:alive] + frame]
        label, behind = labels[:alive, 1:], labels[:alive, :-1] + penalty[:alive]
        np.maximum(behind, blanks[:alive, :-1], out=behind)
        np.maximum(behind, label, out=behind)
        np.maximum(blanks[:alive], labels[:alive], out=blanks[:alive])
        blanks[:alive] += rows[:, blank, None]
        np.add(behind, np.take_along_axis(rows, columns[:alive], axis=1), out=label)
        ending = running[frame + 1] if frame + 1 < len(running) else 0
        if ending < alive:
            done = slice(ending, alive)
            ends = np.arange(ending, alive), counts[done]
            totals[done] = np.maximum(labels[ends], blanks[ends])
    return totals
