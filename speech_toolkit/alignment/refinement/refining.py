"""Letters on a path, sound and emissions -> where each stretch of letters begins and ends.

Dimensions: T frames and V labels of a model, N samples, S stretches, J junctures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.letter_runs import LetterRuns
from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
from speech_toolkit.alignment.refinement.evidence import (
    Candidates,
    Letters,
    candidate_columns,
    juncture_columns,
)
from speech_toolkit.alignment.refinement.junctures import (
    NONE,
    Junctures,
    Stretches,
    find_junctures,
)
from speech_toolkit.alignment.refinement.letter_classes import letter_classes
from speech_toolkit.alignment.refinement.posterior import EdgePosterior, quantile
from speech_toolkit.alignment.refinement.scorer import BoundaryScorer
from speech_toolkit.alignment.refinement.sound import HOP_S, block_bounds, sound_levels
from speech_toolkit.alignment.stretches import StretchLetters, groups
from speech_toolkit.alignment.text.labels import LabelSequence

_TIME_DIGITS = 3


@dataclass(frozen=True)
class Recording:
    """What is known of one recording.

    Attributes:
        log_probs_TV: float32, of every label at every frame.
        samples: float32 (N,).
        geometry: from samples to frames.
        blank: column of the blank.
    """

    log_probs_TV: np.ndarray
    samples: np.ndarray
    geometry: FrameGeometry
    blank: int


@dataclass(frozen=True)
class Edges:
    """Where stretches, or the words on either side of junctures, begin and end, in seconds.

    Attributes:
        starts_s: float64 (S,).
        ends_s: float64 (S,).
        start_lows_s: float64 (S,), where each begins at the earliest, in nine cases of ten.
        start_highs_s: float64 (S,), and at the latest.
    """

    starts_s: np.ndarray
    ends_s: np.ndarray
    start_lows_s: np.ndarray
    start_highs_s: np.ndarray


@dataclass(frozen=True)
class Block:
    """Junctures near each other, and what is known of their candidates.

    Attributes:
        junctures: J of them.
        candidates: their times.
        first: the frame of ``HOP_S`` that the sound begins with, its context aside.
        levels_GM: the sound around all these times, and its context.
        juncture_columns: what is known of each juncture.
        candidate_columns: what is known of each time, the sound aside.
    """

    junctures: Junctures
    candidates: Candidates
    first: int
    levels_GM: np.ndarray
    juncture_columns: np.ndarray
    candidate_columns: np.ndarray


def blocks_of(
    recording: Recording, stretches: Stretches, letters: Letters, context: int
) -> Iterator[Block]:
    """Find the junctures of S stretches, in blocks, so that memory does not grow with them.

    Args:
        recording: emissions and samples.
        stretches: where their letters are.
        letters: what they are.
        context: frames of sound that are wanted on either side of a time.
    """
    junctures = find_junctures(stretches)
    stride_s, rate_hz = recording.geometry.stride_s, recording.geometry.sample_rate_hz
    columns = juncture_columns(junctures, stretches, letters, stride_s)
    starts = block_bounds(len(recording.samples), rate_hz)
    bounds = np.searchsorted(junctures.lows_s, starts[1:-1] * HOP_S)
    for start, end, first, stop in zip(
        starts[:-1].tolist(),
        starts[1:].tolist(),
        [0, *bounds],
        [*bounds, len(junctures.left)],
        strict=True,
    ):
        if first == stop:
            continue
        part = junctures.part(first, stop)
        candidates = Candidates.of(part)
        begin = min(start, int(candidates.places.min()))
        end = max(end, int(candidates.places.max()) + 1)
        yield Block(
            part,
            candidates,
            begin,
            sound_levels(recording.samples, rate_hz, begin, end, context),
            columns[first:stop],
            candidate_columns(
                candidates,
                part,
                stretches,
                letters,
                recording.log_probs_TV,
                stride_s,
                recording.blank,
            ),
        )


def stretches_in_seconds(letters: StretchLetters, stride_s: float) -> Stretches:
    """Bring stretches from frames to seconds."""
    return Stretches(*(each * stride_s for each in (letters.cores, letters.limits, letters.reach)))


def edge_letters(letters: LetterRuns, labels: LabelSequence, stride_s: float) -> Letters:
    """Describe the edges of each stretch."""
    firsts, stops = groups(letters.stretches)
    lasts = stops - 1
    seconds, before_lasts = np.minimum(firsts + 1, lasts), np.maximum(lasts - 1, firsts)
    texts = [token.text for token in labels.tokens]
    targets = np.array([token.id for token in labels.tokens], dtype=np.int64)
    as_first, as_last = letter_classes(texts, last=False), letter_classes(texts, last=True)
    classes = [as_first[firsts], as_first[seconds], as_last[before_lasts], as_last[lasts]]
    for column, other in ((1, firsts == lasts), (2, firsts == lasts)):
        classes[column] = np.where(other, -1, classes[column])
    edges = [
        letters.ends[firsts],
        letters.starts[seconds],
        letters.ends[before_lasts],
        letters.starts[lasts],
    ]
    return Letters(
        targets=np.stack([targets[firsts], targets[lasts]], axis=1),
        classes=np.stack(classes, axis=1),
        edges_s=np.stack(edges, axis=1) * stride_s,
        counts=lasts - firsts + 1,
        spikiness=spikiness(letters),
    )


def spikiness(letters: LetterRuns) -> float:
    """Return the share of the frames of stretches that no letter took, in 0..1."""
    firsts, stops = groups(letters.stretches)
    whole = letters.ends[stops - 1] - letters.starts[firsts]
    return float(1 - (letters.ends - letters.starts).sum() / whole.sum())


def refine_edges(recording: Recording, stretches: Stretches, letters: Letters) -> Edges:
    """Place the edges of S stretches anew.

    Args:
        recording: emissions and samples.
        stretches: where their letters are.
        letters: what they are.
    """
    scorer = BoundaryScorer.load()
    edges = Edges(*(np.empty(len(stretches.cores_s)) for _ in range(4)))
    for block in blocks_of(recording, stretches, letters, scorer.context):
        own = place_edges(block, edge_posterior(block, scorer))
        left, right = block.junctures.left, block.junctures.right
        edges.ends_s[left[left != NONE]] = own.ends_s[left != NONE]
        for name in ("starts_s", "start_lows_s", "start_highs_s"):
            getattr(edges, name)[right[right != NONE]] = getattr(own, name)[right != NONE]
    return edges


def edge_posterior(block: Block, scorer: BoundaryScorer) -> EdgePosterior:
    """Tell how likely each candidate of a block is."""
    candidates = block.candidates
    heard_GH = scorer.heard(block.levels_GM)
    scores_R3 = scorer.scores(
        heard_GH[candidates.places - block.first],
        block.candidate_columns,
        block.juncture_columns,
        candidates.junctures,
    )
    return EdgePosterior.of(
        scores_R3, candidates.junctures, candidates.columns, block.junctures.is_joint
    )


def place_edges(block: Block, posterior: EdgePosterior) -> Edges:
    """Choose the end and the start of each juncture of a block, J of each."""
    junctures, candidates = block.junctures, block.candidates
    firsts_s = HOP_S * candidates.places[candidates.columns == 0]

    def at(probabilities_JN: np.ndarray, level: float) -> np.ndarray:
        times_s = firsts_s + HOP_S * quantile(probabilities_JN, level)
        return np.clip(times_s, junctures.lows_s, junctures.highs_s).round(_TIME_DIGITS)

    pauses = posterior.pause_J > 0.5
    both_s = at(posterior.both_JN, 0.5)
    ends_s = np.where(pauses, at(posterior.ends_JN, 0.5), both_s)
    starts_s = np.where(pauses, at(posterior.starts_JN, 0.5), both_s)
    starts_s = np.maximum(starts_s, np.where(junctures.is_joint, ends_s, -np.inf))
    lows_s = np.minimum(at(posterior.any_start_JN, 0.05), starts_s)
    highs_s = np.maximum(at(posterior.any_start_JN, 0.95), starts_s)
    return Edges(starts_s, ends_s, lows_s, highs_s)
