"""Viterbi path -> when each character, word and sentence is spoken.

All intervals are half-open, monotonic and never overlap. Dimensions: T frames, L labels, N tokens,
W words.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech_toolkit.alignment.labels import WILDCARD, LabelSequence
from speech_toolkit.alignment.transcript import TokenizedTranscript

MAX_LEAD_S = 0.1
MAX_TAIL_S = 0.2


@dataclass(frozen=True)
class Spans:
    """Frame ranges and scores of a run of tokens, words or sentences.

    Attributes:
        starts: int64, first frame of each.
        ends: int64, frame after the last of each; equal to the start where nothing is left.
        scores: float64, mean log-probability over the frames of its own letters; NaN where it
            has none.
    """

    starts: np.ndarray
    ends: np.ndarray
    scores: np.ndarray

    @property
    def aligned(self) -> np.ndarray:
        """Which of them have letters of their own on the path."""
        return ~np.isnan(self.scores)


@dataclass(frozen=True)
class AlignedSpans:
    """The spans of one alignment.

    Attributes:
        tokens: one per token of the label sequence.
        words: one per word of the transcript, those without tokens too.
        sentences: one per sentence of the transcript.
    """

    tokens: Spans
    words: Spans
    sentences: Spans


def spans_from_path(
    path: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    transcript: TokenizedTranscript,
    *,
    blank: int,
    frame_stride_s: float,
) -> AlignedSpans:
    """Turn a Viterbi path into spans.

    A word reaches from its first to its last letter and a share of the blanks around: half of
    those up to the next word, but no more than ``MAX_LEAD_S`` before it and ``MAX_TAIL_S`` after
    it, so that long silences belong to no word. The letters of a word meet in the middle of the
    blanks between them. Words without letters share what their aligned neighbours leave.

    Args:
        path: int32 (T,), the label emitted at each frame.
        scores: float32 (T,), its log-probability.
        labels: what was aligned.
        transcript: where the labels come from.
        blank: the blank's label.
        frame_stride_s: seconds per frame.

    Returns:
        The spans of tokens, words and sentences.
    """
    run_starts, run_ends = label_runs(path, blank)
    owned = labels.owners >= 0
    letters = _letters(run_starts[owned], run_ends[owned], scores, labels)
    wildcards = labels.owners == WILDCARD
    words = _word_spans(
        letters,
        wildcards=np.stack([run_starts[wildcards], run_ends[wildcards]], axis=1),
        num_words=len(transcript.words),
        num_frames=len(path),
        lead=round(MAX_LEAD_S / frame_stride_s),
        tail=round(MAX_TAIL_S / frame_stride_s),
    )
    return AlignedSpans(
        tokens=_token_spans(letters, words),
        words=words,
        sentences=_sentence_spans(letters, words, transcript),
    )


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
class _Letters:
    """The frames that the path gives to each token, blanks not shared out yet.

    Attributes:
        starts: (N,), first frame of each token's run.
        ends: (N,), frame after its last.
        score_sums: (N + 1,), cumulated log-probabilities over the tokens' frames.
        frame_counts: (N + 1,), cumulated numbers of those frames.
        words: (N,), index of each token's word.
    """

    starts: np.ndarray
    ends: np.ndarray
    score_sums: np.ndarray
    frame_counts: np.ndarray
    words: np.ndarray

    def mean_score(self, first: int, end: int) -> float:
        """Return the mean log-probability over the frames of tokens ``first`` to ``end`` - 1."""
        frames = self.frame_counts[end] - self.frame_counts[first]
        if frames == 0:
            return float("nan")
        return float((self.score_sums[end] - self.score_sums[first]) / frames)


def _letters(
    starts: np.ndarray, ends: np.ndarray, scores: np.ndarray, labels: LabelSequence
) -> _Letters:
    cumulated = np.concatenate(([0.0], np.cumsum(scores, dtype=np.float64)))
    sums = cumulated[ends] - cumulated[starts]
    return _Letters(
        starts=starts,
        ends=ends,
        score_sums=np.concatenate(([0.0], np.cumsum(sums))),
        frame_counts=np.concatenate(([0], np.cumsum(ends - starts))),
        words=labels.words,
    )


def _word_spans(
    letters: _Letters,
    *,
    wildcards: np.ndarray,
    num_words: int,
    num_frames: int,
    lead: int,
    tail: int,
) -> Spans:
    """Give every word its letters and its share of the blanks around them.

    Args:
        letters: the tokens' runs.
        wildcards: int64 (?, 2), the frame ranges that wildcards took, which belong to no word.
        num_words: W, words of the transcript, those without tokens too.
        num_frames: T.
        lead: frames that a word may reach back before its first letter.
        tail: frames that a word may reach on after its last letter.
    """
    first_tokens = np.flatnonzero(np.diff(letters.words, prepend=-1))
    stop_tokens = np.append(first_tokens[1:], len(letters.words))
    aligned_words = letters.words[first_tokens]
    starts, ends = np.zeros((2, num_words), dtype=np.int64)
    starts[aligned_words] = letters.starts[first_tokens]
    ends[aligned_words] = letters.ends[stop_tokens - 1]
    scores = np.full(num_words, np.nan)
    scores[aligned_words] = [
        letters.mean_score(first, stop)
        for first, stop in zip(first_tokens, stop_tokens, strict=True)
    ]
    for left, right in pairwise([-1, *aligned_words.tolist(), num_words]):
        gap_start = int(ends[left]) if left >= 0 else 0
        gap_end = int(starts[right]) if right < num_words else num_frames
        unaligned = right - left - 1
        if unaligned:
            bounds = np.linspace(gap_start, gap_end, unaligned + 1).astype(np.int64)
            starts[left + 1 : right], ends[left + 1 : right] = bounds[:-1], bounds[1:]
            continue
        left_limit, right_limit = _share_limits(
            gap_start, gap_end, wildcards, at_edge=left < 0 or right == num_words
        )
        if left >= 0:
            ends[left] = min(gap_start + tail, left_limit)
        if right < num_words:
            starts[right] = max(gap_end - lead, right_limit)
    return Spans(starts, ends, scores)


def _share_limits(
    gap_start: int, gap_end: int, wildcards: np.ndarray, *, at_edge: bool
) -> tuple[int, int]:
    """Return how far the words on either side of a gap may reach into it.

    Up to the wildcard where there is one in the gap, all through it at the edges of the audio,
    else to its middle.
    """
    after = int(np.searchsorted(wildcards[:, 0], gap_start))
    if after < len(wildcards) and wildcards[after, 0] < gap_end:
        return int(wildcards[after, 0]), int(wildcards[after, 1])
    if at_edge:
        return gap_end, gap_start
    middle = (gap_start + gap_end) // 2
    return middle, middle


def _token_spans(letters: _Letters, words: Spans) -> Spans:
    """Stretch the letters of each word so that they tile it."""
    starts, ends = letters.starts.copy(), letters.ends.copy()
    opens = np.diff(letters.words, prepend=-1) > 0
    closes = np.append(opens[1:], True)
    inner = np.flatnonzero(~closes)
    starts[inner + 1] = ends[inner] = (letters.ends[inner] + letters.starts[inner + 1]) // 2
    starts[opens] = words.starts[letters.words[opens]]
    ends[closes] = words.ends[letters.words[closes]]
    sums, frames = np.diff(letters.score_sums), np.diff(letters.frame_counts)
    return Spans(starts, ends, sums / frames)


def _sentence_spans(letters: _Letters, words: Spans, transcript: TokenizedTranscript) -> Spans:
    """Reach from the first to the last word of each sentence, the aligned ones where it has any."""
    starts, ends, scores = [], [], []
    for sentence in transcript.sentences:
        inside = np.arange(sentence.first_word, sentence.end_word)
        aligned = inside[words.aligned[inside]]
        outer = aligned if len(aligned) else inside
        starts.append(words.starts[outer[0]])
        ends.append(words.ends[outer[-1]])
        first, stop = np.searchsorted(letters.words, [sentence.first_word, sentence.end_word])
        scores.append(letters.mean_score(first, stop))
    return Spans(np.array(starts), np.array(ends), np.array(scores))
