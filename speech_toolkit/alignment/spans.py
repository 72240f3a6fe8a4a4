"""Viterbi path -> when each character, word and sentence is spoken.

A word reaches from its first to its last letter, and on into the blanks around for as long as they
are loud: above the middle between the background and the word's own peak, both in dB. It reaches at
most ``MAX_LEAD_S`` back and ``MAX_TAIL_S`` on; neighbours that would overlap meet in the middle. So
a model whose letters are short spikes still gives whole words, and silence belongs to no word. The
letters of a word meet in the middle of the blanks between them; those that a quiet gap of more than
``MAX_INNER_BLANK_S`` parts from the rest of their spoken word are moved up to it. A pause of more
than that between two spoken words of one written word ("555-0123") belongs to no letter, though the
word spans it.
Words without letters share what their aligned neighbours leave: all of it where they are spoken (a
number in a language whose numbers are not known), else what is silent. What is not spoken at the
edge of a sentence stands without length at the border of the word beside it. So every word lies
inside its sentence.

All intervals are half-open, monotonic and never overlap. Dimensions: T frames, L labels, N tokens,
W words.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech_toolkit.alignment.letter_runs import LetterRuns, label_runs, letter_runs
from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.text.labels import WILDCARD, LabelSequence
from speech_toolkit.alignment.text.transcript import TokenizedTranscript, Word

MAX_LEAD_S = 0.1
MAX_TAIL_S = 0.2
MAX_INNER_BLANK_S = 0.4


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
    """Turn a Viterbi path into spans, by the rules above.

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
    owned, wildcards = labels.owners >= 0, labels.owners == WILDCARD
    max_lead, max_tail, max_inner_blank = (
        round(length_s / frame_stride_s) for length_s in (MAX_LEAD_S, MAX_TAIL_S, MAX_INNER_BLANK_S)
    )
    letters = letter_runs(
        run_starts[owned],
        run_ends[owned],
        scores,
        labels,
        loudness,
        max_inner_blank=max_inner_blank,
    )
    unread = np.array([_is_unread(word) for word in transcript.words])
    stretches = _stretch_spans(
        letters,
        wildcards=np.stack([run_starts[wildcards], run_ends[wildcards]], axis=1),
        unread=unread,
        loudness=loudness,
        lead=max_lead,
        tail=max_tail,
    )
    words = _word_spans(letters, stretches, _anchors(transcript, unread), len(path))
    return AlignedSpans(
        tokens=_token_spans(letters, stretches),
        words=words,
        sentences=_sentence_spans(letters, words, transcript),
    )


def _is_unread(word: Word) -> bool:
    """Whether a word is spoken but has no letters."""
    return not word.tokens and word.spoken is not False


def _stretch_spans(
    letters: LetterRuns,
    *,
    wildcards: np.ndarray,
    unread: np.ndarray,
    loudness: Loudness,
    lead: int,
    tail: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Give every stretch its letters and its share of the blanks around them.

    Args:
        letters: the tokens' runs.
        wildcards: int64 (?, 2), the frame ranges that wildcards took, which belong to no word.
        unread: bool (W,), words that are spoken but have no letters.
        loudness: of the frames.
        lead: frames that a stretch may reach back before its first letter.
        tail: frames that a stretch may reach on after its last letter.

    Returns:
        The first frame of each stretch, and the frame after its last.
    """
    firsts, stops = _groups(letters.stretches)
    cores = np.stack([letters.starts[firsts], letters.ends[stops - 1]], axis=1)
    limits = _limits(
        cores,
        wildcards,
        np.cumsum(unread)[letters.words[firsts]],
        int(unread.sum()),
        len(loudness.levels_db),
    )
    return _reach_out(cores, limits, loudness, lead, tail)


def _groups(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each run of equal indices begins, and one past where it ends."""
    firsts = np.flatnonzero(np.diff(indices, prepend=-1))
    return firsts, np.append(firsts[1:], len(indices))


def _word_spans(
    letters: LetterRuns,
    stretches: tuple[np.ndarray, np.ndarray],
    anchors: np.ndarray,
    num_frames: int,
) -> Spans:
    """Reach from the first to the last stretch of each word, and place the words without letters.

    Args:
        letters: the tokens' runs.
        stretches: the first frame of each stretch, and the frame after its last.
        anchors: int64 (W,), of :func:`_anchors`.
        num_frames: T.
    """
    firsts, stops = _groups(letters.words)
    aligned = letters.words[firsts]
    starts, ends = np.zeros((2, len(anchors)), dtype=np.int64)
    scores = np.full(len(anchors), np.nan)
    starts[aligned] = stretches[0][letters.stretches[firsts]]
    ends[aligned] = stretches[1][letters.stretches[stops - 1]]
    scores[aligned] = [
        letters.mean_score(first, stop) for first, stop in zip(firsts, stops, strict=True)
    ]
    indices = np.arange(len(anchors))
    shares = anchors == indices
    for left, right in pairwise([-1, *aligned.tolist(), len(anchors)]):
        inside = left + 1 + np.flatnonzero(shares[left + 1 : right])
        if not len(inside):
            continue
        gap_start = ends[left] if left >= 0 else 0
        gap_end = starts[right] if right < len(anchors) else num_frames
        bounds = np.linspace(gap_start, gap_end, len(inside) + 1).astype(np.int64)
        starts[inside], ends[inside] = bounds[:-1], bounds[1:]
    before, after = anchors > indices, anchors < indices
    starts[before] = ends[before] = starts[anchors[before]]
    starts[after] = ends[after] = ends[anchors[after]]
    return Spans(starts, ends, scores)


def _anchors(transcript: TokenizedTranscript, unread: np.ndarray) -> np.ndarray:
    """Return for each word the one at whose border it stands, or the word itself, as int64 (W,).

    What is not spoken, before the first spoken word of its sentence or after the last, stands at
    that word's border: so it lies inside its sentence.

    Args:
        transcript: of W words.
        unread: bool (W,), words that are spoken but have no letters.
    """
    spoken = unread | np.array([bool(word.tokens) for word in transcript.words])
    anchors = np.arange(len(spoken))
    for sentence in transcript.sentences:
        first, end = sentence.first_word, sentence.end_word
        inside = first + np.flatnonzero(spoken[first:end])
        if len(inside):
            anchors[first : inside[0]] = inside[0]
            anchors[inside[-1] + 1 : end] = inside[-1]
    return anchors


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
    thresholds = loudness.thresholds_db(peaks, core_starts)

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


def _token_spans(letters: LetterRuns, stretches: tuple[np.ndarray, np.ndarray]) -> Spans:
    """Stretch the letters of each stretch so that they tile it."""
    starts, ends = letters.starts.copy(), letters.ends.copy()
    firsts, stops = _groups(letters.stretches)
    inner = np.setdiff1d(np.arange(len(ends)), stops - 1, assume_unique=True)
    starts[inner + 1] = ends[inner] = (letters.ends[inner] + letters.starts[inner + 1]) // 2
    starts[firsts], ends[stops - 1] = stretches
    sums, frames = np.diff(letters.score_sums), np.diff(letters.frame_counts)
    return Spans(starts, ends, sums / frames)


def _sentence_spans(letters: LetterRuns, words: Spans, transcript: TokenizedTranscript) -> Spans:
    """Reach from the first to the last word of each sentence."""
    first_words = np.array([sentence.first_word for sentence in transcript.sentences])
    end_words = np.array([sentence.end_word for sentence in transcript.sentences])
    firsts, stops = np.searchsorted(letters.words, [first_words, end_words])
    scores = [letters.mean_score(first, stop) for first, stop in zip(firsts, stops, strict=True)]
    return Spans(words.starts[first_words], words.ends[end_words - 1], np.array(scores))
