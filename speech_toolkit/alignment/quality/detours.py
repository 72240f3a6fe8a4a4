"""The best path through a stretch that may leave words out and pass over audio, each at a price.

The trellis is that of CTC with a node before every word and after the last. From a node the path
may go on with the word, leave out the word and be at the next node, or pass over audio until it is
back at the node. What is left out or passed over are detours. (Where the last letter of a word is
the first of the next, a blank is asked for between them even where that next word is left out.)

Dimensions: T frames, L labels, W words.
"""

from dataclasses import dataclass

import numpy as np

_NEVER = -1e9
_STAY, _FROM_BLANK, _FROM_LABEL, _FROM_NODE = range(4)
_BLANK, _LABEL, _PASSING = range(3)


@dataclass(frozen=True)
class Prices:
    """What detours cost, in the unit of the scores.

    Attributes:
        pass_open: to begin to pass over audio.
        pass_frame: each frame passed over.
        skip_open: to begin to leave words out.
        skip_label: each label left out.
    """

    pass_open: float
    pass_frame: float
    skip_open: float
    skip_label: float


@dataclass(frozen=True)
class Detours:
    """The best path with its detours.

    Attributes:
        labels: int64 (T,), index of the label that each frame belongs to, -1 for a blank.
        nodes: int64 (T,), the node at which a frame is passed over, -1 for the others.
        skipped: bool (W,), the words left out.
    """

    labels: np.ndarray
    nodes: np.ndarray
    skipped: np.ndarray


def find_detours(
    scores: np.ndarray,
    blank_scores: np.ndarray,
    targets: np.ndarray,
    firsts: np.ndarray,
    free_nodes: np.ndarray,
    prices: Prices,
) -> Detours:
    """Search a stretch.

    Args:
        scores: float (T, L), of each label at each frame, 0 for the best of all columns.
        blank_scores: float (T,), of the blank.
        targets: (L,), columns of the labels, of which equal neighbours need a blank between them.
        firsts: int64 (W,), first label of each word; the first of them is 0.
        free_nodes: bool (W + 1,), where audio may be passed over without ``pass_open``.
        prices: of detours.
    """
    trellis = _Trellis(targets, firsts, free_nodes, prices)
    trellis.run(scores, blank_scores)
    return trellis.trace()


class _Trellis:
    """The state after a frame, and how every state was reached."""

    def __init__(
        self, targets: np.ndarray, firsts: np.ndarray, free_nodes: np.ndarray, prices: Prices
    ) -> None:
        num_labels, num_words = len(targets), len(firsts)
        self._firsts = firsts
        self._borders = np.append(firsts, num_labels)
        repeats = np.zeros(num_labels + 1, dtype=bool)
        repeats[1:-1] = targets[1:] == targets[:-1]
        self._repeat_penalty = np.where(repeats[:-1], _NEVER, 0.0)
        self._border_penalty = np.where(repeats[self._borders], _NEVER, 0.0)
        self._prices = prices
        self._open = np.where(free_nodes, 0.0, prices.pass_open)
        lengths = np.diff(self._borders)
        self._skip_sums = np.concatenate(([0.0], np.cumsum(lengths * prices.skip_label)))
        self._indices = np.arange(num_words + 1)
        self._labels = np.full(num_labels + 1, _NEVER)
        self._blanks = np.full(num_labels + 1, _NEVER)
        self._passing = np.full(num_words + 1, _NEVER)

    def run(self, scores: np.ndarray, blank_scores: np.ndarray) -> None:
        """Go through all frames, and note every move."""
        frames, words = len(scores), len(self._firsts)
        self._label_moves = np.zeros((frames, scores.shape[1]), dtype=np.int8)
        self._blank_moves = np.zeros((frames, scores.shape[1] + 1), dtype=np.int8)
        self._opened = np.zeros((frames, words + 1), dtype=bool)
        self._kinds = np.zeros((frames + 1, words + 1), dtype=np.int8)
        self._sources = np.zeros((frames + 1, words + 1), dtype=np.int32)
        own = np.full(words + 1, _NEVER)
        own[0] = 0.0
        self._nodes = self._with_skips(own, 0)
        for frame in range(frames):
            self._step(frame, scores[frame], float(blank_scores[frame]))

    def _step(self, frame: int, scores: np.ndarray, blank_score: float) -> None:
        labels, blanks, nodes = self._labels, self._blanks, self._nodes
        stay, entered, moved = labels[1:], blanks[:-1], labels[:-1] + self._repeat_penalty
        best = np.maximum(stay, entered)
        moves = (entered > stay).view(np.int8)
        jumps = moved > best
        moves[jumps] = _FROM_LABEL
        np.maximum(best, moved, out=best)
        opening = nodes[:-1] >= stay[self._firsts]
        best[self._firsts] = np.maximum(nodes[:-1], stay[self._firsts])
        moves[self._firsts] = np.where(opening, _FROM_NODE, _STAY)
        self._label_moves[frame] = moves

        at_borders = labels[self._borders]
        blank_moves = (labels > blanks).view(np.int8) * _FROM_LABEL
        blank_moves[self._borders] = np.where(nodes >= at_borders, _FROM_NODE, _FROM_LABEL)
        silent = np.maximum(blanks, labels)
        silent[self._borders] = np.maximum(nodes, at_borders)
        self._blank_moves[frame] = blank_moves

        opened = nodes - self._open
        self._opened[frame] = opened > self._passing
        self._passing = np.maximum(self._passing, opened) - self._prices.pass_frame
        labels[1:] = best + scores
        self._blanks = silent + blank_score

        spoken = labels[self._borders] + self._border_penalty
        quiet = self._blanks[self._borders]
        own = np.maximum(quiet, spoken)
        kinds = (spoken > quiet).view(np.int8)
        kinds[self._passing > own] = _PASSING
        self._kinds[frame + 1] = kinds
        self._nodes = self._with_skips(np.maximum(own, self._passing), frame + 1)

    def _with_skips(self, own: np.ndarray, frame: int) -> np.ndarray:
        """Let every node be reached from those before it, the words between them left out."""
        reach = own + self._skip_sums
        best = np.maximum.accumulate(reach)
        sources = np.maximum.accumulate(np.where(reach >= best, self._indices, 0))
        skipping = best[:-1] - self._skip_sums[1:] - self._prices.skip_open
        better = skipping > own[1:]
        self._sources[frame] = self._indices
        self._sources[frame, 1:][better] = sources[:-1][better]
        own[1:] = np.maximum(own[1:], skipping)
        return own

    def trace(self) -> Detours:
        """Follow the best path back from the last node, or the last label."""
        frames = len(self._label_moves)
        labels, nodes = np.full((2, frames), -1, dtype=np.int64)
        skipped = np.zeros(len(self._firsts), dtype=bool)
        last = len(self._labels) - 1
        kind, place = (_LABEL, last) if self._labels[-1] > self._nodes[-1] else (None, -1)
        place = len(self._firsts) if kind is None else place
        frame = frames
        while frame or kind is None:
            if kind is None:
                source = int(self._sources[frame, place])
                skipped[source:place] = True
                if not frame:
                    break
                kind = int(self._kinds[frame, source])
                place = source if kind == _PASSING else int(self._borders[source])
                continue
            frame -= 1
            if kind == _PASSING:
                nodes[frame] = place
                kind = None if self._opened[frame, place] else kind
                continue
            if kind == _LABEL:
                labels[frame] = place - 1
                move, before = self._label_moves[frame, place - 1], place - 1
            else:
                move, before = self._blank_moves[frame, place], place
            if move == _FROM_NODE:
                kind, place = None, int(np.searchsorted(self._borders, before))
            elif move != _STAY:
                kind, place = (_BLANK if move == _FROM_BLANK else _LABEL), before
        return Detours(labels, nodes, skipped)
