"""Viterbi path -> the frames of each letter, strays gathered, parted where a speaker pauses.

Dimensions: T frames, L labels, N tokens.
"""

from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.text.labels import LabelSequence


def label_runs(path: np.ndarray, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first frame of each label's run on a path, and the frame after its last.

    Args:
        path: (T,), the label emitted at each frame.
        blank: the blank's label.

    Returns:
        Two int64 arrays of shape (L,), one entry for every label aligned.
    """
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(path)) + 1, [len(path)]))
    is_label = path[bounds[:-1]] != blank
    return bounds[:-1][is_label], bounds[1:][is_label]


@dataclass(frozen=True)
class LetterRuns:
    """The frames that the path gives to each token, strays gathered, blanks not shared out yet.

    Attributes:
        starts: (N,), first frame of each token's run.
        ends: (N,), frame after its last.
        score_sums: (N + 1,), cumulated log-probabilities over the tokens' frames.
        frame_counts: (N + 1,), cumulated numbers of those frames.
        words: (N,), index of each token's word.
        stretches: (N,), index of each token's stretch: a written word, or a part of one that a
            pause between two of its spoken words sets off.
    """

    starts: np.ndarray
    ends: np.ndarray
    score_sums: np.ndarray
    frame_counts: np.ndarray
    words: np.ndarray
    stretches: np.ndarray

    def mean_score(self, first: int, end: int) -> float:
        """Return the mean log-probability over the frames of tokens ``first`` to ``end`` - 1."""
        frames = self.frame_counts[end] - self.frame_counts[first]
        if frames == 0:
            return float("nan")
        return float((self.score_sums[end] - self.score_sums[first]) / frames)


def letter_runs(
    starts: np.ndarray,
    ends: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    loudness: Loudness,
    *,
    max_inner_blank: int,
) -> LetterRuns:
    """Gather the runs of the tokens' labels.

    Args:
        starts: int64 (N,), first frame of each token's run.
        ends: int64 (N,), frame after its last.
        scores: float32 (T,), log-probability of the path at each frame.
        labels: what was aligned.
        loudness: of the T frames.
        max_inner_blank: frames of blank that a spoken word may hold in one piece; a longer pause
            between two spoken words of one written word parts it into stretches.
    """
    cumulated = np.concatenate(([0.0], np.cumsum(scores, dtype=np.float64)))
    sums = cumulated[ends] - cumulated[starts]
    frame_counts = np.concatenate(([0], np.cumsum(ends - starts)))
    spoken = labels.spoken_words
    starts, ends = _gather_strays(starts, ends, spoken, frame_counts, loudness, max_inner_blank)
    pauses = (np.diff(spoken) > 0) & (starts[1:] - ends[:-1] > max_inner_blank)
    opens = (np.diff(labels.words) > 0) | pauses
    return LetterRuns(
        starts=starts,
        ends=ends,
        score_sums=np.concatenate(([0.0], np.cumsum(sums))),
        frame_counts=frame_counts,
        words=labels.words,
        stretches=np.concatenate(([0], np.cumsum(opens))),
    )


def _gather_strays(
    starts: np.ndarray,
    ends: np.ndarray,
    words: np.ndarray,
    frame_counts: np.ndarray,
    loudness: Loudness,
    max_inner_blank: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Move letters that a long blank parts from the rest of their spoken word up to it.

    CTC charges nothing for blanks inside a word, so a letter may stand on a breath or a click a
    second away. Where the longest blank of a word has more than ``max_inner_blank`` frames, most of
    them quiet, the side with fewer frames of letters moves up to the other, one frame a letter.
    Where the gap is loud both stay: the letters are drawn out, or parted by speech.

    Args:
        starts: int64 (N,), first frame of each letter's run.
        ends: int64 (N,), frame after its last.
        words: (N,), index of each letter's spoken word.
        frame_counts: int64 (N + 1,), cumulated frames of the runs.
        loudness: of the T frames.
        max_inner_blank: frames of blank that a word may hold in one piece.

    Returns:
        New starts and ends.
    """
    starts, ends = starts.copy(), ends.copy()
    blanks = np.where(words[1:] == words[:-1], starts[1:] - ends[:-1], 0)
    for word in np.unique(words[1:][blanks > max_inner_blank]):
        first, stop = np.searchsorted(words, [word, word + 1])
        cut = first + int(np.argmax(blanks[first : stop - 1])) + 1
        if _is_loud(ends[cut - 1], starts[cut], starts[first], ends[stop - 1], loudness):
            continue
        before, after = np.diff(frame_counts[[first, cut, stop]])
        if before > after:
            starts[cut:stop] = ends[cut - 1] + np.arange(stop - cut)
            ends[cut:stop] = starts[cut:stop] + 1
        else:
            starts[first:cut] = starts[cut] - np.arange(cut - first, 0, -1)
            ends[first:cut] = starts[first:cut] + 1
    return starts, ends


def _is_loud(
    gap_start: int, gap_end: int, word_start: int, word_end: int, loudness: Loudness
) -> bool:
    """Whether half of a gap is loud, measured by the peak of the word around it without the gap."""
    levels = loudness.levels_db
    around = np.concatenate([levels[word_start:gap_start], levels[gap_end:word_end]])
    gap = levels[gap_start:gap_end]
    return bool(np.mean(gap >= loudness.thresholds_db(around.max(), gap_start)) >= 0.5)
