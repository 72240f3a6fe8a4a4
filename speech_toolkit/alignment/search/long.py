"""The search of a long CTC trellis: from both ends at once, in bounded memory.

The two halves run on two threads and share the middle frame, since a card may be done with its
part sooner than one thread with the search of hours of audio. Each keeps the row before every block
of frames only; once the state in which they meet is known, the blocks are run again, the last
first, over just those positions that lead to the state already known. Sources: Hirschberg
1975, "A linear space algorithm for computing maximal common subsequences" (two halves); Grice,
Hughey and Speck 1997, "Reduced space sequence alignment" (kept rows).

Letters: R positions of a row; the rest as in :mod:`speech_toolkit.alignment.search.trellis`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from speech_toolkit.alignment.search.numba_settings import default_numba_settings
from speech_toolkit.alignment.search.trellis import Trellis

with default_numba_settings():
    from speech_toolkit.alignment.search import kernels

_LEAF_FRAMES = 512  # a block this short is traced by noting its moves, in 256 KB
_BRANCHES = 16  # a longer one is cut into so many, whose rows are kept in turn
_KEPT_ROWS_BYTES = 64 << 20

_First = TypeVar("_First")
_Second = TypeVar("_Second")


class Watch:
    """Tells the caller of progress, and one half of the search when the other has failed."""

    def __init__(self, frames: int, on_progress: Callable[[float], None]) -> None:
        self._frames = frames
        self._on_progress = on_progress
        self._done = 0
        self._lock = threading.Lock()
        self._owner = threading.current_thread()
        self._cancelled = False

    def leaf_done(self, frames: int) -> None:
        """Count frames; the caller's function is called from the caller's thread only."""
        if self._cancelled:
            raise CancelledError
        with self._lock:
            self._done += frames
        if threading.current_thread() is self._owner and self._done < self._frames:
            self._on_progress(self._done / self._frames)

    def run_both(
        self, first: Callable[[], _First], second: Callable[[], _Second], threads: int
    ) -> tuple[_First, _Second]:
        """Return the results of two calls, made one after the other or at the same time."""
        if threads == 1:
            return first(), second()
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(second)
            try:
                return first(), future.result()
            except BaseException:
                self._cancelled = True
                raise


def search_long(
    trellis: Trellis,
    threads: int,
    on_progress: Callable[[float], None],
    leaf_frames: int = _LEAF_FRAMES,
    block_leaves: int | None = None,
) -> np.ndarray:
    """Return the state (T,) of the best path in every frame.

    Args:
        trellis: the forward problem.
        threads: 1 or 2.
        on_progress: called from this thread with the part done, below 1.0.
        leaf_frames: longest block whose moves are noted.
        block_leaves: leaves of a block in the first run; by default as few as memory allows.
    """
    frames, last_state = len(trellis.log_probs), 2 * trellis.labels
    middle = frames // 2
    watch = Watch(frames + 1, on_progress)
    block_leaves = block_leaves or _block_leaves(trellis)
    head = _Half(trellis, middle + 1, leaf_frames, watch)
    tail = _Half(trellis.mirror(), frames - middle, leaf_frames, watch)
    head_row, tail_row = watch.run_both(
        lambda: head.sweep(block_leaves), lambda: tail.sweep(block_leaves), threads
    )
    state = _meeting_state(head_row, tail_row, trellis.emissions(middle, middle + 1)[0], trellis)
    head_states, tail_states = watch.run_both(
        lambda: head.trace(state), lambda: tail.trace(last_state - state), threads
    )
    return np.concatenate([head_states, last_state - tail_states[-2::-1]])


def _block_leaves(trellis: Trellis) -> int:
    """Return the length of blocks whose rows take no more than log_probs, or 64 MB if larger."""
    all_rows_bytes = 16 * (len(trellis.log_probs) - trellis.labels + 1) * (trellis.labels + 1)
    granted_bytes = max(trellis.log_probs.nbytes, _KEPT_ROWS_BYTES)
    return 1 + all_rows_bytes // (granted_bytes * _LEAF_FRAMES)


@dataclass(frozen=True)
class _Row:
    """The scores of neighbouring positions after one frame; no other position can be reached.

    Attributes:
        low: the first position.
        blank: (R,) float64, scores of the blanks.
        label: (R + 1,) float64, scores of the labels, with one position more.
    """

    low: int
    blank: np.ndarray
    label: np.ndarray

    @property
    def high(self) -> int:
        """The position after the last."""
        return self.low + len(self.blank)

    def window(self, low: int, high: int) -> _Row:
        """Return a copy for the positions low <= r < high, -inf where this row has none."""
        blank = np.full(high - low, -np.inf)
        label = np.full(high - low + 1, -np.inf)
        first, last = max(low, self.low), min(high, self.high)
        blank[first - low : last - low] = self.blank[first - self.low : last - self.low]
        label[first - low : last - low + 1] = self.label[first - self.low : last - self.low + 1]
        return _Row(low, blank, label)


@dataclass(frozen=True)
class _Block:
    """A range of frames and the row before it."""

    row: _Row
    start: int
    stop: int


class _Half:
    """One direction of the search, over the first frames of its trellis."""

    def __init__(self, trellis: Trellis, frames: int, leaf_frames: int, watch: Watch) -> None:
        self._trellis = trellis
        self._frames = frames
        self._leaf_frames = leaf_frames
        self._watch = watch
        self._blocks: list[_Block] = []

    def sweep(self, block_leaves: int) -> _Row:
        """Run the search, keeping the row before every block; return the row after the last."""
        labels = self._trellis.labels
        start_row = _Row(labels, np.zeros(1), np.full(2, -np.inf))
        whole = _Block(start_row, 0, self._frames)
        self._blocks, last = self._run(whole, block_leaves, 0, len(self._trellis.log_probs))
        return last

    def trace(self, state: int) -> np.ndarray:
        """Return the state in every frame of the best path to ``state`` in the last one."""
        states = np.empty(self._frames, np.int64)
        self._trace_blocks(self._blocks, state, states)
        return states

    def _run(
        self, whole: _Block, block_leaves: int, floor: int, deadline: int
    ) -> tuple[list[_Block], _Row]:
        """Run the search over a range of frames, leaf by leaf, and cut it into blocks.

        Args:
            whole: the frames, and the row before them.
            block_leaves: leaves of a block.
            floor: the lowest position of interest.
            deadline: the frame at which position 0 is due. A path lowers its position by one a
                frame at most; positions too high to arrive in time are left out.

        Returns:
            The blocks, and the row after the last frame, from ``floor`` up.
        """
        blocks = []
        work = whole.row.window(floor, whole.row.high)
        low, block_frames = whole.row.low, block_leaves * self._leaf_frames
        for start in range(whole.start, whole.stop, self._leaf_frames):
            high = min(work.high, deadline - start + 1)
            if (start - whole.start) % block_frames == 0:
                block_stop = min(start + block_frames, whole.stop)
                blocks.append(_Block(work.window(low, high), start, block_stop))
            stop = min(start + self._leaf_frames, whole.stop)
            low = max(floor, low - (stop - start))
            kernels.advance(
                self._frame_pairs(start, stop),
                stop - start,
                self._trellis.columns[low:high],
                self._trellis.repeat_penalty[low:high],
                work.blank[low - floor : high - floor],
                work.label[low - floor : high - floor + 1],
            )
            self._watch.leaf_done(stop - start)
        return blocks, work

    def _trace_blocks(self, blocks: list[_Block], state: int, states: np.ndarray) -> int:
        """Fill ``states`` for the blocks, the last first; return the state before them all."""
        while blocks:
            state = self._trace_block(blocks.pop(), state, states)
        return state

    def _trace_block(self, block: _Block, state: int, states: np.ndarray) -> int:
        """Fill ``states`` for a block that ends in ``state``; return the state before it."""
        low, frames = (state + 1) // 2, block.stop - block.start
        if frames > self._leaf_frames:
            block_leaves = 1 + frames // (self._leaf_frames * _BRANCHES)
            blocks, _ = self._run(block, block_leaves, low, low + block.stop - 1)
            return self._trace_blocks(blocks, state, states)
        high = min(block.row.high, low + frames)
        row = block.row.window(low, high)
        return kernels.retrace(
            self._frame_pairs(block.start, block.stop),
            self._trellis.columns[low:high],
            self._trellis.repeat_penalty[low:high],
            row.blank,
            row.label,
            low,
            self._trellis.mirrored,
            state,
            states[block.start : block.stop],
        )

    def _frame_pairs(self, start: int, stop: int) -> np.ndarray:
        """Return the emissions, those of frames 2 k and 2 k + 1 side by side: (F / 2, C) int64."""
        frames, columns = stop - start, len(self._trellis.used)
        emissions = np.zeros((frames + frames % 2, columns), np.float32)
        emissions[:frames] = self._trellis.emissions(start, stop)
        pairs = emissions.reshape(-1, 2, columns).transpose(0, 2, 1)
        return np.ascontiguousarray(pairs).view(np.int64)[:, :, 0]


def _meeting_state(head: _Row, tail: _Row, emissions: np.ndarray, trellis: Trellis) -> int:
    """Return the best path's state in the frame that both halves end with.

    The frame's emissions (C,) count once. Of equally good states the lowest is taken, which is the
    one furthest along.
    """
    totals = np.empty(2 * trellis.labels + 1)
    totals[0::2] = head.blank + tail.blank[::-1] - emissions[0]
    totals[1::2] = head.label[1:-1] + tail.label[-2:0:-1] - emissions[trellis.columns[1:]]
    return int(np.argmax(totals))
