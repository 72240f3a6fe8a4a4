"""How stretches of letters get their edges, refined or not, each with a range for its start.

Dimensions: S stretches.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from speech_toolkit.alignment.refinement.refining import (
    Recording,
    edge_letters,
    refine_edges,
    spikiness,
    stretches_in_seconds,
)
from speech_toolkit.alignment.stretches import StretchEdges, StretchLetters, plain_edges
from speech_toolkit.alignment.text.labels import LabelSequence

# Between which times, seen from a start that frames alone place, nine of ten true ones are: where
# the word before ends there, and after a pause; at frames of 20 ms. Each is a constant, and what is
# added to it times the spikiness. Measured on the speech that the scorer learnt from.
_AFTER_A_WORD_S = ((-0.037, -0.030), (0.029, 0.024))
_AFTER_A_PAUSE_S = ((-0.047, -0.065), (0.024, 0.0))
_MEASURED_STRIDE_S = 0.02

Place = Callable[[StretchLetters], StretchEdges]


def placement(recording: Recording, labels: LabelSequence, *, refine: bool) -> Place:
    """Return what places the stretches of one recording.

    Args:
        recording: emissions and samples.
        labels: that were aligned with it.
        refine: place them closer than frames.
    """
    stride_s = recording.geometry.stride_s

    def plain(letters: StretchLetters) -> StretchEdges:
        edges = plain_edges(letters)
        ranges = _plain_ranges(letters, stride_s)
        return StretchEdges(edges.starts, edges.ends, ranges.clip(0, len(recording.log_probs_TV)))

    def refined(letters: StretchLetters) -> StretchEdges:
        stretches = stretches_in_seconds(letters, stride_s)
        edges = refine_edges(recording, stretches, edge_letters(letters.runs, labels, stride_s))
        is_fixed = _is_fixed(letters)
        starts = np.where(is_fixed[:, 0], letters.reach[:, 0], edges.starts_s / stride_s)
        ends = np.where(is_fixed[:, 1], letters.reach[:, 1], edges.ends_s / stride_s)
        ranges = np.stack([edges.start_lows_s, edges.start_highs_s], axis=1) / stride_s
        ranges[:, 0] = np.minimum(ranges[:, 0], starts)
        ranges[:, 1] = np.maximum(ranges[:, 1], starts)
        return StretchEdges(starts, ends, ranges)

    return refined if refine else plain


def _plain_ranges(letters: StretchLetters, stride_s: float) -> np.ndarray:
    """Return the ranges of starts that are not refined, as float64 (S, 2) in frames."""
    starts, ends = letters.reach.T
    follows = np.append(False, ends[:-1] == starts[1:])
    share = np.array([1.0, spikiness(letters.runs)])
    after_word, after_pause = (
        np.array(each) @ share for each in (_AFTER_A_WORD_S, _AFTER_A_PAUSE_S)
    )
    offsets_s = np.where(follows[:, None], after_word, after_pause)
    return starts[:, None] + offsets_s / min(stride_s, _MEASURED_STRIDE_S)


def _is_fixed(letters: StretchLetters) -> np.ndarray:
    """Return which edges stay where the letters are, since other sound begins there, (S, 2)."""
    cores = letters.cores
    is_fixed = letters.limits == cores
    meets = cores[:-1, 1] == cores[1:, 0]
    is_fixed[1:, 0] &= ~meets
    is_fixed[:-1, 1] &= ~meets
    return is_fixed
