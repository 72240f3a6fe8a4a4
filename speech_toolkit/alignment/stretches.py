"""Letters of each stretch -> how far the stretch reaches into the blanks around it.

A stretch is a written word, or a part of one that a pause between its spoken words sets off.

Dimensions: S stretches, N letters, W words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.letter_runs import LetterRuns
from speech_toolkit.alignment.loudness import Loudness


@dataclass(frozen=True)
class StretchLetters:
    """Where the letters of S stretches are, and what is around them. All in frames.

    Attributes:
        runs: of each letter.
        cores: int64 (S, 2), from the first to the last letter of each stretch.
        limits: int64 (S, 2), how far it may reach: to its neighbours' letters, to a wildcard, to
            the edges of the audio, and not at all where another word's sound is.
        reach: int64 (S, 2), how far it reaches by its loudness.
    """

    runs: LetterRuns
    cores: np.ndarray
    limits: np.ndarray
    reach: np.ndarray


@dataclass(frozen=True)
class StretchEdges:
    """Where S stretches begin and end, in frames.

    Attributes:
        starts: (S,), int64, or float64 where they are placed closer than frames.
        ends: (S,), likewise.
        start_ranges: float64 (S, 2), between which nine of ten begin.
    """

    starts: np.ndarray
    ends: np.ndarray
    start_ranges: np.ndarray


def plain_edges(letters: StretchLetters) -> StretchEdges:
    """Let stretches begin and end where their loudness does."""
    ranges = np.full((len(letters.cores), 2), np.nan)
    return StretchEdges(letters.reach[:, 0], letters.reach[:, 1], ranges)


def stretch_letters(
    letters: LetterRuns,
    *,
    wildcards: np.ndarray,
    unread: np.ndarray,
    loudness: Loudness,
    lead: int,
    tail: int,
) -> StretchLetters:
    """Tell of every stretch where its letters are, and how far it reaches into the blanks.

    Args:
        letters: the tokens' runs.
        wildcards: int64 (?, 2), the frame ranges that wildcards took, which belong to no word.
        unread: bool (W,), words that are spoken but have no letters.
        loudness: of the frames.
        lead: frames that a stretch may reach back before its first letter.
        tail: frames that a stretch may reach on after its last letter.
    """
    firsts, stops = groups(letters.stretches)
    cores = np.stack([letters.starts[firsts], letters.ends[stops - 1]], axis=1)
    limits = _limits(
        cores,
        wildcards,
        np.cumsum(unread)[letters.words[firsts]],
        int(unread.sum()),
        len(loudness.levels_db),
    )
    reach = np.stack(_reach_out(cores, limits, loudness, lead, tail), axis=1)
    return StretchLetters(letters, cores, limits, reach)


def groups(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each run of equal indices begins, and one past where it ends."""
    firsts = np.flatnonzero(np.diff(indices, prepend=-1))
    return firsts, np.append(firsts[1:], len(indices))


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
