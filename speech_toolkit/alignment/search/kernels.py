"""Compiled inner loops of the search of a long CTC trellis.

A row holds the best score of every state after one frame. Positions count the labels still to
come: ``blank[r]`` is the blank with r labels ahead of it, ``label[r]`` is the label that is the
r-th from the end, so a path of L labels starts at ``blank[L]`` or ``label[L]`` and every move keeps
or lowers r. In that order a position reads itself and the next one of the frame before, and a row
is updated in place by a loop without branches over contiguous memory, which LLVM turns into vector
instructions on x86-64 and aarch64.

States are numbered along the path's way down: ``2 r`` is ``blank[r]``, ``2 r - 1`` is ``label[r]``.

Letters: F frames of a block, C columns in use, R positions of a window of rows.
"""

from collections.abc import Callable
from pickle import UnpicklingError

import numpy as np
from numba import njit

# No NaN arises and the sign of zero is free, so a maximum is one instruction; infinities stay.
_OPTIONS = {"nogil": True, "fastmath": {"nnan", "nsz"}, "error_model": "numpy"}

_TILE_LABELS = 512  # a tile's rows, emissions and columns take 20 KB of the first-level cache


def _compiled(signature: str) -> Callable[[Callable], Callable]:
    """Compile a function at import, or load it from the disk cache if there can be one."""

    def decorate(function: Callable) -> Callable:
        try:
            return njit(signature, cache=True, **_OPTIONS)(function)
        except (RuntimeError, OSError, EOFError, UnpicklingError):
            # no directory that numba may write its cache to, no room there, or a damaged file
            return njit(signature, **_OPTIONS)(function)

    return decorate


@njit(**_OPTIONS)
def _gather_pair(
    pair: np.ndarray, columns: np.ndarray, packed: np.ndarray, scores: np.ndarray
) -> None:
    """Spread the emissions of two frames over the labels, one 8-byte load for both."""
    for r in range(len(columns)):
        packed[r] = pair[columns[r]]
    singles = packed.view(np.float32)
    even, odd = scores[0], scores[1]
    for r in range(len(columns)):
        even[r] = singles[2 * r]
        odd[r] = singles[2 * r + 1]


@njit(**_OPTIONS)
def _step(
    blank: np.ndarray,
    label: np.ndarray,
    repeat_penalty: np.ndarray,
    label_scores: np.ndarray,
    blank_score: float,
) -> None:
    """Move a row to the next frame, in place."""
    for r in range(len(blank)):
        stay = label[r]
        enter = blank[r]
        previous = label[r + 1]
        skip = previous + repeat_penalty[r]
        spoken = stay if stay > enter else enter
        label[r] = (skip if skip > spoken else spoken) + label_scores[r]
        blank[r] = (enter if enter > previous else previous) + blank_score


@njit(**_OPTIONS)
def _step_and_note(
    blank: np.ndarray,
    label: np.ndarray,
    repeat_penalty: np.ndarray,
    label_scores: np.ndarray,
    blank_score: float,
    mirrored: bool,
    moves: np.ndarray,
) -> None:
    """Move a row to the next frame, in place, and note where each state came from.

    ``moves[r]`` is the number of states by which ``label[r]`` moved (0, 1 or 2), plus 4 if
    ``blank[r]`` came from ``label[r + 1]``. Of equally good moves the shorter is taken, in the
    mirrored trellis the longer: both make the path the one that is furthest along.
    """
    for r in range(len(blank)):
        stay = label[r]
        enter = blank[r]
        previous = label[r + 1]
        skip = previous + repeat_penalty[r]
        spoken = stay if stay > enter else enter
        entered = (enter > stay) | (mirrored & (enter == stay))
        skipped = (skip > spoken) | (mirrored & (skip == spoken))
        left = (previous > enter) | (mirrored & (previous == enter))
        moves[r] = (2 if skipped else 1 if entered else 0) + (4 if left else 0)
        label[r] = (skip if skip > spoken else spoken) + label_scores[r]
        blank[r] = (enter if enter > previous else previous) + blank_score


@_compiled("void(int64[:, ::1], int64, uint32[::1], float32[::1], float64[::1], float64[::1])")
def advance(
    frame_pairs: np.ndarray,
    frames: int,
    columns: np.ndarray,
    repeat_penalty: np.ndarray,
    blank: np.ndarray,
    label: np.ndarray,
) -> None:
    """Move a row over a block of frames, in place, one cache-sized tile after the other.

    Args:
        frame_pairs: (ceil(F / 2), C) int64, the float32 emissions of frames 2 k and 2 k + 1 side by
            side; column 0 is the blank's.
        frames: F.
        columns: (R,) the column of every label.
        repeat_penalty: (R,) 0, or -inf where the label equals the one before it and asks for a
            blank between the two.
        blank: (R,) scores of the blanks.
        label: (R + 1,) scores of the labels; the last is only read, for the first frame.
    """
    packed = np.empty(_TILE_LABELS, np.int64)
    scores = np.empty((2, _TILE_LABELS), np.float32)
    edge = np.full(frames, -np.inf)  # the label before the tile as it stood before each frame
    edge[0] = label[len(blank)]
    for stop in range(len(blank), 0, -_TILE_LABELS):
        start = max(0, stop - _TILE_LABELS)
        tile_columns, tile_penalty = columns[start:stop], repeat_penalty[start:stop]
        tile_blank, tile_label = blank[start:stop], label[start : stop + 1]
        finished = label[stop]
        for frame in range(frames):
            pair, odd = frame_pairs[frame // 2], frame % 2
            if not odd:
                _gather_pair(pair, tile_columns, packed, scores)
            label[stop] = edge[frame]
            edge[frame] = label[start]
            blank_score = pair.view(np.float32)[odd]
            _step(tile_blank, tile_label, tile_penalty, scores[odd], blank_score)
        label[stop] = finished


@_compiled(
    "int64(int64[:, ::1], uint32[::1], float32[::1], float64[::1], float64[::1], int64, boolean,"
    " int64, int64[::1])"
)
def retrace(
    frame_pairs: np.ndarray,
    columns: np.ndarray,
    repeat_penalty: np.ndarray,
    blank: np.ndarray,
    label: np.ndarray,
    low: int,
    mirrored: bool,
    state: int,
    states: np.ndarray,
) -> int:
    """Run a short block once more, noting every move, and follow the best path back through it.

    Args:
        frame_pairs: as for :func:`advance`.
        columns: as for :func:`advance`.
        repeat_penalty: as for :func:`advance`.
        blank: as for :func:`advance`.
        label: as for :func:`advance`.
        low: the position that ``blank[0]`` stands for; no lower one leads to ``state``.
        mirrored: whether the trellis runs backwards in time.
        state: the path's state in the last frame of the block.
        states: (F,) int64, filled with the path's state in every frame.

    Returns:
        The path's state in the frame before the block.
    """
    frames, width = len(states), len(blank)
    packed = np.empty(width, np.int64)
    scores = np.empty((2, width), np.float32)
    moves = np.empty((frames, width), np.int8)
    for frame in range(frames):
        pair, odd = frame_pairs[frame // 2], frame % 2
        if not odd:
            _gather_pair(pair, columns, packed, scores)
        blank_score = pair.view(np.float32)[odd]
        _step_and_note(
            blank, label, repeat_penalty, scores[odd], blank_score, mirrored, moves[frame]
        )
        label[width] = -np.inf  # too high to lead to the state after the first frame
    for frame in range(frames - 1, -1, -1):
        states[frame] = state
        move = moves[frame, (state + 1) // 2 - low]
        state += move & 3 if state % 2 else move >> 2
    return state
