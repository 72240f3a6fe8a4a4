"""Is the transcript what was said? From a path and what the model heard to a verdict.

Dimensions: T frames, V columns, W words of the transcript, S sentences, W' words that have labels.
"""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from speech_toolkit.alignment.clock import Clock
from speech_toolkit.alignment.quality import calibration
from speech_toolkit.alignment.quality.disagreements import Disagreement, find_disagreements
from speech_toolkit.alignment.quality.evidence import (
    Probe,
    Units,
    frame_deficits,
    probe,
    units_of,
)
from speech_toolkit.alignment.quality.quality import NotInTranscript, NotSpoken, Quality
from speech_toolkit.alignment.quality.verdict import GoodnessOfFit, verdict_of
from speech_toolkit.alignment.spans import AlignedSpans
from speech_toolkit.alignment.text.labels import LabelSequence
from speech_toolkit.alignment.text.transcript import TokenizedTranscript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

_DIGITS = 4
_LIKELY = 0.5


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


def assess(
    log_probs: np.ndarray,
    path: np.ndarray,
    scores: np.ndarray,
    labels: LabelSequence,
    transcript: TokenizedTranscript,
    spans: AlignedSpans,
    vocabulary: Vocabulary,
    clock: Clock,
) -> Assessment:
    """Hold a path against what the model heard.

    Args:
        log_probs: float32 (T, V), the wildcard's column last, if there is one.
        path: int32 (T,), the label emitted at each frame.
        scores: float32 (T,), its log-probability.
        labels: what was aligned.
        transcript: where the labels come from.
        spans: where its words are.
        vocabulary: whose columns they are.
        clock: when the frames are.
    """
    blank, columns = vocabulary.blank_id, vocabulary.size
    units = units_of(path, labels, blank)
    deficits = frame_deficits(log_probs, scores, columns)
    letters = np.fromiter(vocabulary.ids.values(), dtype=np.int64)
    probed = probe(log_probs, units, blank, letters, columns)
    fit = _fit(log_probs, deficits, units, probed, blank, columns)
    confidences = calibration.word_confidence(_shortfalls(deficits, units) / probed.unit)
    listener = _Listener(log_probs, vocabulary, clock, transcript, spans, units)
    not_spoken: list[NotSpoken] = []
    lacking = [
        listener.not_in_transcript(node, (start, end), 1.0)
        for start, end, node in units.wildcards.tolist()
    ]
    lacking = [each for each in lacking if len(each.heard) > 1]
    judged_lacking: list[NotInTranscript] = []
    if not fit.is_wrong:
        for found in find_disagreements(log_probs, deficits, units, probed, blank, columns):
            skipped = calibration.skipped_confidence(found.gain)
            if found.end > found.first and skipped > _LIKELY:
                not_spoken.append(listener.not_spoken(found, skipped))
                own = slice(found.first, found.end)
                confidences[own] = np.minimum(confidences[own], 1.0 - skipped)
            passed = listener.passed_confidence(found)
            if passed > _LIKELY:
                judged_lacking.append(listener.not_in_transcript(found.first, found.passed, passed))
    weights = np.diff(units.borders)
    words = _scattered(confidences, units, len(transcript.words))
    mean = float(np.average(confidences, weights=weights))
    quality = Quality(
        confidence=round(mean, _DIGITS),
        not_spoken=tuple(not_spoken),
        not_in_transcript=tuple(
            sorted([*lacking, *judged_lacking], key=lambda each: each.start_time)
        ),
        **verdict_of(fit, mean, not_spoken, judged_lacking, listener.last_word),
    )
    sentences = _sentence_means(confidences, weights, units, transcript)
    return Assessment(quality, words, sentences)


def _fit(
    log_probs: np.ndarray,
    deficits: np.ndarray,
    units: Units,
    probed: Probe,
    blank: int,
    columns: int,
) -> GoodnessOfFit:
    """Measure how the text fits as a whole."""
    heard = 0
    for start in range(0, len(log_probs), 1 << 16):
        best = log_probs[start : start + (1 << 16), :columns].argmax(axis=1)
        heard += int(np.count_nonzero((np.diff(best, prepend=blank) != 0) & (best != blank)))
    wild = sum(float(deficits[start:end].sum()) for start, end, _ in units.wildcards.tolist())
    overall = (float(deficits.sum(dtype=np.float64)) - wild) / len(units.targets) / probed.unit
    return GoodnessOfFit(probed.own, overall, heard / len(units.targets))


def _shortfalls(deficits: np.ndarray, units: Units) -> np.ndarray:
    """Return the mean deficit of each word's letters, float64 (W',)."""
    sums = np.concatenate(([0.0], np.cumsum(deficits, dtype=np.float64)))
    letters = (sums[units.ends] - sums[units.starts]) / (units.ends - units.starts)
    return np.add.reduceat(letters, units.firsts) / np.diff(units.borders)


def _scattered(confidences: np.ndarray, units: Units, words: int) -> tuple[float | None, ...]:
    values: list[float | None] = [None] * words
    for word, confidence in zip(units.words.tolist(), confidences.tolist(), strict=True):
        values[word] = round(confidence, _DIGITS)
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
        round(float((sums[end] - sums[first]) / (counts[end] - counts[first])), _DIGITS)
        if counts[end] > counts[first]
        else None
        for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)
    )


@dataclass(frozen=True)
class _Listener:
    """Puts what was found into words and seconds."""

    log_probs: np.ndarray
    vocabulary: Vocabulary
    clock: Clock
    transcript: TokenizedTranscript
    spans: AlignedSpans
    units: Units

    @property
    def last_word(self) -> int:
        """One past the last word that has labels."""
        return int(self.units.words[-1]) + 1

    def heard(self, frames: tuple[int, int]) -> tuple[int, ...]:
        """Return the labels that the model would write for a stretch."""
        best = self.log_probs[slice(*frames), : self.vocabulary.size].argmax(axis=1)
        return tuple(
            label for label, _ in groupby(best.tolist()) if label != self.vocabulary.blank_id
        )

    def passed_confidence(self, found: Disagreement) -> float:
        """Return how likely it is that the transcript lacks what was passed over."""
        start, end = found.passed
        length_s = (end - start) * self.clock.stride_s
        return calibration.passed_confidence(found.gain, length_s, len(self.heard(found.passed)))

    def not_spoken(self, found: Disagreement, confidence: float) -> NotSpoken:
        first = int(self.units.words[found.first])
        end = int(self.units.words[found.end - 1]) + 1
        words, spans = self.transcript.words, self.spans.words
        start_char, end_char = words[first].start_char, words[end - 1].end_char
        return NotSpoken(
            first_word=first,
            end_word=end,
            text=self.transcript.text[start_char:end_char],
            start_char=start_char,
            end_char=end_char,
            start_time=self.clock.seconds(spans.starts[first].item()),
            end_time=self.clock.seconds(spans.ends[end - 1].item()),
            confidence=round(confidence, _DIGITS),
        )

    def not_in_transcript(
        self, node: int, frames: tuple[int, int], confidence: float
    ) -> NotInTranscript:
        written = self.vocabulary.written_as
        return NotInTranscript(
            start_time=self.clock.seconds(frames[0]),
            end_time=self.clock.seconds(frames[1]),
            after_word=int(self.units.words[node - 1]) if node else -1,
            heard="".join(written.get(label, "") for label in self.heard(frames)).strip(),
            repeats=None,
            confidence=round(confidence, _DIGITS),
        )
