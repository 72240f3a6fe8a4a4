"""Emissions and labels -> the best CTC path, by an exact Viterbi search.

Scores are summed in float64, so the path is the best that the float32 emissions have, however long
the audio. Source: Graves et al. 2006, "Connectionist Temporal Classification" (the trellis).

Letters: T frames, V vocabulary, L labels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from speech_toolkit.alignment.search.trellis import Trellis, search_short
from speech_toolkit.errors import InfeasibleAlignmentError, UsageError

if TYPE_CHECKING:
    import torch

# NumPy takes about 4 us a frame and 8 ns a label-cell. Up to 32 ms of that it is done long before
# the compiled loops are loaded.
_SHORT_CELLS = 4_000_000
_FRAME_IN_CELLS = 500

_TWO_THREADS_CELLS = 1 << 24  # from here on a second thread saves more than it costs


def forced_align(
    log_probs: np.ndarray | torch.Tensor,
    targets: Sequence[int] | np.ndarray | torch.Tensor,
    blank: int = 0,
    *,
    threads: int | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the best CTC path that spells the targets.

    Of equally good paths the one that is furthest along at every frame is returned, which is to
    say the one whose labels begin earliest. A log-probability of -inf (or below -1e9) is avoided
    wherever there is another way, and otherwise passed as few times as possible.

    Args:
        log_probs: (T, V) of any float type and layout, used as float32; log-probabilities, though
            any finite scores will do.
        targets: (L,) column of each label, in spoken order, never that of the blank.
        blank: column of the blank.
        threads: 1 or 2; by default 2 if the problem is large and the machine has the cores. The
            result is the same.
        on_progress: called from this thread, now and then, with the part done, up to 1.0.

    Returns:
        The path, int32 (T,), a column for every frame, and its scores, float32 (T,):
        ``log_probs[t, path[t]]``.

    Raises:
        InfeasibleAlignmentError: there are fewer frames than the labels need.
        UsageError: an argument has a wrong shape, type or value.
    """
    log_probs = _checked_log_probs(log_probs)
    targets = _checked_targets(targets, blank, log_probs.shape[1])
    threads = _thread_count(threads, len(log_probs) * len(targets))
    on_progress = on_progress or (lambda part: None)
    check_feasible(len(log_probs), targets)
    trellis = Trellis.of(log_probs, targets, blank)
    if _is_short(len(log_probs), len(targets)):
        states = search_short(trellis)
    else:
        from speech_toolkit.alignment.search.long import search_long

        states = search_long(trellis, threads, on_progress)
    on_progress(1.0)
    path = _labels_of(states, targets, blank)
    return path, log_probs[np.arange(len(path)), path]


def preload(frames: int, labels: int) -> None:
    """Import what a search of this size needs, to be called while something else is computed.

    The compiled loops take about 0.4 s to load, and some seconds the first time on a machine, when
    they are compiled and cached on disk. Short problems do without them.

    Args:
        frames: T.
        labels: L.
    """
    if not _is_short(frames, labels):
        import speech_toolkit.alignment.search.long  # noqa: F401


def _is_short(frames: int, labels: int) -> bool:
    return frames * (labels + _FRAME_IN_CELLS) <= _SHORT_CELLS


def _thread_count(threads: int | None, cells: int) -> int:
    if threads is None:
        return 2 if cells >= _TWO_THREADS_CELLS and (os.cpu_count() or 1) > 1 else 1
    if threads not in (1, 2):
        raise UsageError(f"threads {threads}: the search runs on 1 or 2")
    return threads


def _checked_log_probs(log_probs: Any) -> np.ndarray:
    """Return float32 (T, V), from an array or a tensor on any device."""
    if hasattr(log_probs, "detach"):  # a torch tensor, perhaps bfloat16, which NumPy lacks
        log_probs = log_probs.detach().cpu().float().numpy()
    log_probs = np.asarray(log_probs)
    if log_probs.ndim != 2 or log_probs.dtype.kind != "f" or 0 in log_probs.shape:
        raise UsageError(
            f"log_probs is {log_probs.dtype} of shape {log_probs.shape}: "
            "give floats of shape (frames, vocabulary), at least one of each"
        )
    log_probs = log_probs.astype(np.float32, copy=False)
    if not log_probs.max() < np.inf:
        frame = int(np.argmin(log_probs.max(axis=1) < np.inf))
        raise UsageError(
            f"log_probs holds NaN or +inf, first in frame {frame}: "
            "the model's output is broken; try float32 if it ran in a smaller type"
        )
    return log_probs


def _checked_targets(targets: Any, blank: int, vocabulary: int) -> np.ndarray:
    """Return int64 (L,), every one a column other than the blank's."""
    if not 0 <= blank < vocabulary:
        raise UsageError(f"blank {blank}: log_probs has the columns 0 to {vocabulary - 1}")
    if hasattr(targets, "detach"):
        targets = targets.detach().cpu().numpy()
    targets = np.asarray(targets)
    if targets.ndim != 1 or (targets.dtype.kind not in "iu" and len(targets)):
        raise UsageError(
            f"targets is {targets.dtype} of shape {targets.shape}: give integers of shape (labels,)"
        )
    wrong = (targets < 0) | (targets >= vocabulary) | (targets == blank)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise UsageError(
            f"targets[{place}] is {targets[place]}: labels are columns 0 to {vocabulary - 1} of "
            f"log_probs other than the blank, {blank}"
        )
    return targets.astype(np.int64)


def check_feasible(frames: int, targets: np.ndarray) -> None:
    """Make sure that a path exists: a frame for each label, and one between equal neighbours.

    Args:
        frames: T.
        targets: (L,) labels.

    Raises:
        InfeasibleAlignmentError: there are fewer frames than that; the message has the numbers.
    """
    labels = len(targets)
    repeats = int(np.count_nonzero(targets[1:] == targets[:-1]))
    if frames < labels + repeats:
        raise InfeasibleAlignmentError(
            f"{labels} labels, {repeats} of them equal to the one before, need at least "
            f"{labels + repeats} frames, but the audio has {frames}: shorten the transcript to "
            "what is spoken, or give the audio that belongs to it"
        )


def _labels_of(states: np.ndarray, targets: np.ndarray, blank: int) -> np.ndarray:
    """Return the column of log_probs that each state stands for, int32 (T,)."""
    columns = np.empty(2 * len(targets) + 1, np.int32)
    columns[0::2] = blank
    columns[1::2] = targets[::-1]
    return columns[states]
