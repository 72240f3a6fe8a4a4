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
inside its sentence. These are the plain edges; :mod:`speech_toolkit.alignment.refinement` places
them closer than frames.

All intervals are half-open, monotonic and never overlap. Dimensions: T frames, L labels, N tokens,
W words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from speech_toolkit.alignment.letter_runs import LetterRuns, label_runs, letter_runs
from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.stretches import (
    StretchEdges,
    StretchLetters,
    groups,
    plain_edges,
    stretch_letters,
)
from speech_toolkit.alignment.text.labels import WILDCARD, LabelSequence
from speech_toolkit.alignment.text.transcript import TokenizedTranscript, Word

MAX_LEAD_S = 0.1
MAX_TAIL_S = 0.2
MAX_INNER_BLANK_S = 0.4


@dataclass(frozen=True)
class Spans:
    """Frame ranges and scores of a run of tokens, words or sentences.

    Attributes:
        starts: int64, first frame of each; float64 where they are placed closer than frames.
        ends: likewise, frame after the last of each; equal to the start where nothing is left.
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
        word_start_ranges: float64 (W, 2), between which each word begins in nine cases of ten; NaN
            where it has no letters.
    """

    tokens: Spans
    words: Spans
    sentences: Spans
    word_start_ranges: np.ndarray


def spans_from_path(
    path: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    transcript: TokenizedTranscript,
    loudness: Loudness,
    *,
    blank: int,
    frame_stride_s: float,
    place: Callable[[StretchLetters], StretchEdges] = plain_edges,
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
        place: tells where stretches of letters begin and end; by the rules above, or closer.

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
    stretches = place(
        stretch_letters(
            letters,
            wildcards=np.stack([run_starts[wildcards], run_ends[wildcards]], axis=1),
            unread=unread,
            loudness=loudness,
            lead=max_lead,
            tail=max_tail,
        )
    )
    words = _word_spans(letters, stretches, _anchors(transcript, unread), len(path))
    return AlignedSpans(
        tokens=_token_spans(letters, stretches),
        words=words,
        sentences=_sentence_spans(letters, words, transcript),
        word_start_ranges=_word_start_ranges(letters, stretches, len(transcript.words)),
    )


def _is_unread(word: Word) -> bool:
    """Whether a word is spoken but has no letters."""
    return not word.tokens and word.spoken is not False


def _word_start_ranges(letters: LetterRuns, stretches: StretchEdges, num_words: int) -> np.ndarray:
    """Return where each word begins at the earliest and at the latest, as float64 (W, 2)."""
    firsts, _ = groups(letters.words)
    ranges = np.full((num_words, 2), np.nan)
    ranges[letters.words[firsts]] = stretches.start_ranges[letters.stretches[firsts]]
    return ranges


def _word_spans(
    letters: LetterRuns,
    stretches: StretchEdges,
    anchors: np.ndarray,
    num_frames: int,
) -> Spans:
    """Reach from the first to the last stretch of each word, and place the words without letters.

    Args:
        letters: the tokens' runs.
        stretches: where each stretch begins and ends.
        anchors: int64 (W,), of :func:`_anchors`.
        num_frames: T.
    """
    firsts, stops = groups(letters.words)
    aligned = letters.words[firsts]
    starts, ends = np.zeros((2, len(anchors)), dtype=stretches.starts.dtype)
    scores = np.full(len(anchors), np.nan)
    starts[aligned] = stretches.starts[letters.stretches[firsts]]
    ends[aligned] = stretches.ends[letters.stretches[stops - 1]]
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
        bounds = np.linspace(gap_start, gap_end, len(inside) + 1).astype(starts.dtype)
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


def _token_spans(letters: LetterRuns, stretches: StretchEdges) -> Spans:
    """Stretch the letters of each stretch so that they tile it."""
    starts, ends = (each.astype(stretches.starts.dtype) for each in (letters.starts, letters.ends))
    firsts, stops = groups(letters.stretches)
    inner = np.setdiff1d(np.arange(len(ends)), stops - 1, assume_unique=True)
    starts[inner + 1] = ends[inner] = (letters.ends[inner] + letters.starts[inner + 1]) // 2
    starts[firsts], ends[stops - 1] = stretches.starts, stretches.ends
    if starts.dtype.kind == "f":
        starts, ends = _fitted(starts, ends, letters.stretches)
    sums, frames = np.diff(letters.score_sums), np.diff(letters.frame_counts)
    return Spans(starts, ends, sums / frames)


def _fitted(
    starts: np.ndarray, ends: np.ndarray, stretches: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move borders between letters that lie beyond their stretch into it.

    Args:
        starts: float64 (N,), of letters that tile their stretch but for that.
        ends: float64 (N,).
        stretches: int64 (N,), index of each letter's stretch.

    Returns:
        New starts and ends. Every letter has at least half a frame, or an equal share of a stretch
        that is too short for that.
    """
    firsts, stops = groups(stretches)
    begins, closes = starts[firsts], ends[stops - 1]
    counts = stops - firsts
    shortest = np.minimum(0.5, (closes - begins) / counts)[stretches]
    place = np.arange(len(starts)) - firsts[stretches]
    after = counts[stretches] - place
    lows = begins[stretches] + place * shortest
    highs = closes[stretches] - after * shortest
    fitted = np.maximum(lows, np.minimum(starts, highs))
    fitted[firsts] = begins
    fitted_ends = np.append(fitted[1:], 0.0)
    fitted_ends[stops - 1] = closes
    return fitted, fitted_ends


def _sentence_spans(letters: LetterRuns, words: Spans, transcript: TokenizedTranscript) -> Spans:
    """Reach from the first to the last word of each sentence."""
    first_words = np.array([sentence.first_word for sentence in transcript.sentences])
    end_words = np.array([sentence.end_word for sentence in transcript.sentences])
    firsts, stops = np.searchsorted(letters.words, [first_words, end_words])
    scores = [letters.mean_score(first, stop) for first, stop in zip(firsts, stops, strict=True)]
    return Spans(words.starts[first_words], words.ends[end_words - 1], np.array(scores))
