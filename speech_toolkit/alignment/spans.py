"""Viterbi path -> when each character, word and sentence is spoken.

All intervals are half-open, monotonic and never overlap. Dimensions: T frames, L labels, N tokens,
W words.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech_toolkit.alignment.labels import WILDCARD, LabelSequence
from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.normalization import is_silent_text
from speech_toolkit.alignment.transcript import TokenizedTranscript

MAX_LEAD_S = 0.1
MAX_TAIL_S = 0.2
MAX_INNER_BLANK_S = 0.4
_LOUD_SHARE = 0.5


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
    loudness: Loudness,
    *,
    blank: int,
    frame_stride_s: float,
) -> AlignedSpans:
    """Turn a Viterbi path into spans.

    A word reaches from its first to its last letter, and on into the blanks around for as long
    as they are loud: above the middle between the background and the word's own peak, both in
    dB. It reaches at most ``MAX_LEAD_S`` back and ``MAX_TAIL_S`` on; neighbours that would overlap
    meet in the middle. So a model whose letters are short spikes still gives whole words, and
    silence belongs to no word. The letters of a word meet in the middle of the blanks between
    them; those that stand more than ``MAX_INNER_BLANK_S`` apart from the rest are moved up to it.
    Words without letters share what their aligned neighbours leave: all of it where they are
    spoken (a number in a language whose numbers are not known), else what is silent.

    Args:
        path: int32 (T,), the label emitted at each frame.
        scores: float32 (T,), its log-probability.
        labels: what was aligned.
        transcript: where the labels come from.
        loudness: of the T frames.
        blank: the blank's label.
        frame_stride_s: seconds per frame.

    Returns:
        The spans of tokens, words and sentences.
    """
    run_starts, run_ends = label_runs(path, blank)
    owned = labels.owners >= 0
    letters = _letters(
        run_starts[owned],
        run_ends[owned],
        scores,
        labels,
        max_inner_blank=round(MAX_INNER_BLANK_S / frame_stride_s),
    )
    wildcards = labels.owners == WILDCARD
    words = _word_spans(
        letters,
        wildcards=np.stack([run_starts[wildcards], run_ends[wildcards]], axis=1),
        unread=np.array(
            [not word.tokens and not is_silent_text(word.text) for word in transcript.words]
        ),
        loudness=loudness,
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
    """The frames that the path gives to each token, strays gathered, blanks not shared out yet.

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
    starts: np.ndarray,
    ends: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    *,
    max_inner_blank: int,
) -> _Letters:
    cumulated = np.concatenate(([0.0], np.cumsum(scores, dtype=np.float64)))
    sums = cumulated[ends] - cumulated[starts]
    frame_counts = np.concatenate(([0], np.cumsum(ends - starts)))
    starts, ends = _gather_strays(starts, ends, labels.words, frame_counts, max_inner_blank)
    return _Letters(
        starts=starts,
        ends=ends,
        score_sums=np.concatenate(([0.0], np.cumsum(sums))),
        frame_counts=frame_counts,
        words=labels.words,
    )


def _gather_strays(
    starts: np.ndarray,
    ends: np.ndarray,
    words: np.ndarray,
    frame_counts: np.ndarray,
    max_inner_blank: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Move letters that a long blank parts from the rest of their word up to it.

    CTC charges nothing for blanks inside a word, so a letter may stand on a breath or a click a
    second away. Where the longest blank of a word has more than ``max_inner_blank`` frames, the
    side with fewer frames of letters moves up to the other, one frame a letter.

    Args:
        starts: int64 (N,), first frame of each letter's run.
        ends: int64 (N,), frame after its last.
        words: (N,), index of each letter's word.
        frame_counts: int64 (N + 1,), cumulated frames of the runs.
        max_inner_blank: frames of blank that a word may hold in one piece.

    Returns:
        New starts and ends.
    """
    starts, ends = starts.copy(), ends.copy()
    blanks = np.where(words[1:] == words[:-1], starts[1:] - ends[:-1], 0)
    for word in np.unique(words[1:][blanks > max_inner_blank]):
        first, stop = np.searchsorted(words, [word, word + 1])
        cut = first + int(np.argmax(blanks[first : stop - 1])) + 1
        before, after = np.diff(frame_counts[[first, cut, stop]])
        if before > after:
            starts[cut:stop] = ends[cut - 1] + np.arange(stop - cut)
            ends[cut:stop] = starts[cut:stop] + 1
        else:
            starts[first:cut] = starts[cut] - np.arange(cut - first, 0, -1)
            ends[first:cut] = starts[first:cut] + 1
    return starts, ends


def _word_spans(
    letters: _Letters,
    *,
    wildcards: np.ndarray,
    unread: np.ndarray,
    loudness: Loudness,
    lead: int,
    tail: int,
) -> Spans:
    """Give every word its letters and its share of the blanks around them.

    Args:
        letters: the tokens' runs.
        wildcards: int64 (?, 2), the frame ranges that wildcards took, which belong to no word.
        unread: bool (W,), words that are spoken but have no letters (a lone dash is neither).
        loudness: of the frames.
        lead: frames that a word may reach back before its first letter.
        tail: frames that a word may reach on after its last letter.
    """
    num_frames = len(loudness.levels_db)
    first_tokens = np.flatnonzero(np.diff(letters.words, prepend=-1))
    stop_tokens = np.append(first_tokens[1:], len(letters.words))
    aligned = letters.words[first_tokens]
    cores = np.stack([letters.starts[first_tokens], letters.ends[stop_tokens - 1]], axis=1)
    starts, ends = np.zeros((2, len(unread)), dtype=np.int64)
    scores = np.full(len(unread), np.nan)
    scores[aligned] = [
        letters.mean_score(first, stop)
        for first, stop in zip(first_tokens, stop_tokens, strict=True)
    ]
    limits = _limits(cores, wildcards, np.cumsum(unread)[aligned], int(unread.sum()), num_frames)
    starts[aligned], ends[aligned] = _reach_out(cores, limits, loudness, lead, tail)
    for left, right in pairwise([-1, *aligned.tolist(), len(unread)]):
        gap_start = ends[left] if left >= 0 else 0
        gap_end = starts[right] if right < len(unread) else num_frames
        bounds = np.linspace(gap_start, gap_end, right - left).astype(np.int64)
        starts[left + 1 : right], ends[left + 1 : right] = bounds[:-1], bounds[1:]
    return Spans(starts, ends, scores)


def _limits(
    cores: np.ndarray,
    wildcards: np.ndarray,
    unread_before: np.ndarray,
    num_unread: int,
    num_frames: int,
) -> np.ndarray:
    """Return how far each word may reach, as (W', 2) frames.

    Up to its neighbour's letters, to a wildcard between them, or to the edges of the audio; not
    at all where unread words stand between it and its neighbour, for the sound there is theirs.

    Args:
        cores: int64 (W', 2), from the first to the last letter of each aligned word.
        wildcards: int64 (?, 2).
        unread_before: int64 (W',), how many unread words come before each aligned one.
        num_unread: unread words in all.
        num_frames: T.
    """
    barriers = np.concatenate([cores, wildcards])
    ends = np.sort(np.append(barriers[:, 1], 0))
    starts = np.sort(np.append(barriers[:, 0], num_frames))
    lower = ends[np.searchsorted(ends, cores[:, 0], side="right") - 1]
    upper = starts[np.searchsorted(starts, cores[:, 1], side="left")]
    free_before = np.diff(unread_before, prepend=0) == 0
    free_after = np.diff(unread_before, append=num_unread) == 0
    return np.stack(
        [np.where(free_before, lower, cores[:, 0]), np.where(free_after, upper, cores[:, 1])],
        axis=1,
    )


def _reach_out(
    cores: np.ndarray, limits: np.ndarray, loudness: Loudness, lead: int, tail: int
) -> tuple[np.ndarray, np.ndarray]:
    """Extend words over the loud frames around them.

    Args:
        cores: int64 (W', 2), from the first to the last letter of each word.
        limits: int64 (W', 2), how far it may reach.
        loudness: of the frames.
        lead: frames that a word may reach back at most.
        tail: frames that a word may reach on at most.

    Returns:
        The first frame of each word, and the frame after its last.
    """
    core_starts, core_ends = cores.T
    levels = np.append(loudness.levels_db, -np.inf)
    peaks = np.maximum.reduceat(levels, cores.ravel())[::2]
    background = loudness.background_db[core_starts]
    thresholds = background + _LOUD_SHARE * (peaks - background)

    def loud_run(frames: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        loud = levels[np.clip(frames, 0, len(levels) - 1)] >= thresholds[:, None]
        return np.cumprod(allowed & loud, axis=1).sum(axis=1)

    before = core_starts[:, None] - np.arange(1, lead + 1)
    after = core_ends[:, None] + np.arange(tail)
    starts = core_starts - loud_run(before, before >= limits[:, :1])
    ends = core_ends + loud_run(after, after < limits[:, 1:])
    overlap = np.flatnonzero(ends[:-1] > starts[1:])
    ends[overlap] = starts[overlap + 1] = (ends[overlap] + starts[overlap + 1]) // 2
    return starts, ends


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
