"""Is the transcript what was said? From a path and what the model heard to a verdict.

Dimensions: T frames, V columns, W words of the transcript, S sentences, W' words that have labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from speech_toolkit.alignment.clock import Clock
from speech_toolkit.alignment.loudness import Loudness
from speech_toolkit.alignment.quality import calibration
from speech_toolkit.alignment.quality.disagreements import (
    Disagreement,
    Search,
    find_disagreements,
)
from speech_toolkit.alignment.quality.evidence import (
    Units,
    best_columns,
    frame_deficits,
    probe,
    units_of,
    word_evidence,
)
from speech_toolkit.alignment.quality.findings import CONFIDENCE_DIGITS, Reporter
from speech_toolkit.alignment.quality.quality import NotInTranscript, NotSpoken, Quality
from speech_toolkit.alignment.quality.surroundings import Surroundings, surroundings_of
from speech_toolkit.alignment.quality.verdict import Fit, verdict_of
from speech_toolkit.alignment.spans import AlignedSpans
from speech_toolkit.alignment.text.labels import LabelSequence
from speech_toolkit.alignment.text.transcript import TokenizedTranscript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

# Of a recording of which next to nothing fits, some minutes tell whether the rest does.
_MOST_FRAMES_OF_WRONG = 30_000


@dataclass(frozen=True)
class Assessment:
    """What was found out.

    Attributes:
        quality: of the whole.
        words: confidence of each word, None where it has no letters.
        sentences: confidence of each sentence, None where it has no letters.
    """

    quality: Quality
    words: tuple[float | None, ...]
    sentences: tuple[float | None, ...]


@dataclass(frozen=True)
class Examination:
    """What the path and what the model heard tell, before it is judged.

    Attributes:
        surroundings: of the disagreements; the words and the evidence of them among it.
        search: where the path and what was heard disagree.
        fit: of the whole.
    """

    surroundings: Surroundings
    search: Search
    fit: Fit


def examine(
    log_probs: np.ndarray,
    path: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    loudness: Loudness,
    vocabulary: Vocabulary,
) -> Examination:
    """Hold a path against what the model heard.

    Args:
        log_probs: float32 (T, V), the wildcard's column last, if there is one.
        path: int32 (T,), the label emitted at each frame.
        scores: float32 (T,), its log-probability.
        labels: what was aligned.
        loudness: of T frames.
        vocabulary: whose columns they are.
    """
    blank, columns = vocabulary.blank_id, vocabulary.size
    units = units_of(path, labels, blank)
    deficits = frame_deficits(log_probs, scores, columns)
    for start, end, _ in units.wildcards.tolist():
        deficits[start:end] = 0.0
    letters = np.fromiter(vocabulary.ids.values(), dtype=np.int64)
    probed = probe(log_probs, units, blank, letters, columns)
    deficits /= probed.unit
    evidence = word_evidence(deficits, units, probed.own)
    best = best_columns(log_probs, columns)
    surroundings = surroundings_of(best, units, evidence, loudness, blank)
    fits_hardly = evidence.overall > calibration.WRONG_OVERALL
    search = find_disagreements(
        log_probs,
        deficits,
        units,
        probed,
        evidence,
        blank,
        columns,
        most_frames=_MOST_FRAMES_OF_WRONG if fits_hardly else inf,
    )
    kept = len(units.targets) - sum(
        int(units.borders[each.end] - units.borders[each.first]) for each in search.found
    )
    fit = Fit(
        typical=probed.own,
        overall=evidence.overall,
        kept=kept / len(units.targets),
        kept_cost=search.cost / max(kept, 1),
        heard=int(surroundings.heard[-1]) / len(units.targets),
    )
    return Examination(surroundings, search, fit)


def assess(
    log_probs: np.ndarray,
    path: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    transcript: TokenizedTranscript,
    spans: AlignedSpans,
    loudness: Loudness,
    vocabulary: Vocabulary,
    clock: Clock,
) -> Assessment:
    """Judge how well a path fits what the model heard.

    What a wildcard took up is listed as not in the transcript, and counts for nothing else: it was
    asked for.

    Args:
        log_probs: float32 (T, V), the wildcard's column last, if there is one.
        path: int32 (T,), the label emitted at each frame.
        scores: float32 (T,), its log-probability.
        labels: what was aligned.
        transcript: where the labels come from.
        spans: where its words are.
        loudness: of T frames.
        vocabulary: whose columns they are.
        clock: when the frames are.
    """
    examined = examine(log_probs, path, scores, labels, loudness, vocabulary)
    surroundings, fit = examined.surroundings, examined.fit
    units = surroundings.units
    confidences = calibration.word_confidences(surroundings.evidence)
    reporter = Reporter(log_probs, vocabulary, clock, transcript, spans, surroundings)
    if fit.is_wrong:
        confidences *= calibration.RIGHT_OF_WRONG
    found = () if fit.is_wrong else examined.search.found
    not_spoken, lacking = _told(found, reporter, confidences)
    weights = np.diff(units.borders)
    mean = float(np.average(confidences, weights=weights))
    quality = Quality(
        confidence=round(mean, CONFIDENCE_DIGITS),
        not_spoken=tuple(not_spoken),
        not_in_transcript=tuple(
            sorted([*_taken_up(reporter), *lacking], key=lambda each: each.start_time)
        ),
        **verdict_of(fit, mean, not_spoken, lacking, reporter.last_word),
    )
    return Assessment(
        quality,
        _scattered(confidences, units, len(transcript.words)),
        _sentence_means(confidences, weights, units, transcript),
    )


def _told(
    found: Sequence[Disagreement], reporter: Reporter, confidences: np.ndarray
) -> tuple[list[NotSpoken], list[NotInTranscript]]:
    """Tell what is likely enough, and lower the confidence of words that were not spoken."""
    not_spoken, lacking = [], []
    for each in found:
        skipped = reporter.skipped_confidence(each)
        own = slice(each.first, each.end)
        confidences[own] = np.minimum(confidences[own], 1.0 - skipped)
        if skipped >= calibration.TOLD:
            not_spoken.append(reporter.not_spoken(each, skipped))
        passed = reporter.passed_confidence(each)
        stretch = reporter.surroundings.stretch(each)
        if passed >= calibration.TOLD and not reporter.units.was_asked_for(stretch):
            lacking.append(reporter.not_in_transcript(each.first, stretch, passed))
    return not_spoken, lacking


def _taken_up(reporter: Reporter) -> list[NotInTranscript]:
    """Tell of the speech that wildcards took up."""
    return [
        reporter.not_in_transcript(node, (start, end), 1.0)
        for start, end, node in reporter.units.wildcards.tolist()
        if calibration.is_heard(reporter.length_s((start, end)), len(reporter.heard((start, end))))
    ]


def _scattered(confidences: np.ndarray, units: Units, words: int) -> tuple[float | None, ...]:
    values: list[float | None] = [None] * words
    for word, confidence in zip(units.words.tolist(), confidences.tolist(), strict=True):
        values[word] = round(confidence, CONFIDENCE_DIGITS)
    return tuple(values)


def _sentence_means(
    confidences: np.ndarray, weights: np.ndarray, units: Units, transcript: TokenizedTranscript
) -> tuple[float | None, ...]:
    """Return the mean over each sentence's words, weighted by their labels."""
    sums = np.concatenate(([0.0], np.cumsum(confidences * weights)))
    counts = np.concatenate(([0], np.cumsum(weights)))
    bounds = [(each.first_word, each.end_word) for each in transcript.sentences]
    firsts, ends = np.searchsorted(units.words, np.array(bounds).T)
    return tuple(
        round(float((sums[end] - sums[first]) / (counts[end] - counts[first])), CONFIDENCE_DIGITS)
        if counts[end] > counts[first]
        else None
        for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)
    )
