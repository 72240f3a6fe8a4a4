"""What was found, in words and seconds."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from speech_toolkit.alignment.clock import Clock
from speech_toolkit.alignment.quality import calibration
from speech_toolkit.alignment.quality.disagreements import Disagreement
from speech_toolkit.alignment.quality.evidence import Units
from speech_toolkit.alignment.quality.quality import NotInTranscript, NotSpoken
from speech_toolkit.alignment.quality.repeats import repeated_words
from speech_toolkit.alignment.quality.surroundings import Surroundings
from speech_toolkit.alignment.spans import AlignedSpans
from speech_toolkit.alignment.text.transcript import TokenizedTranscript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

CONFIDENCE_DIGITS = 4


@dataclass(frozen=True)
class Reporter:
    """Tells of disagreements in the terms of a transcript and its recording.

    Attributes:
        log_probs: float32 (T, V).
        vocabulary: whose columns they are.
        clock: when the frames are.
        transcript: of W words.
        spans: where they are.
        surroundings: of the disagreements.
    """

    log_probs: np.ndarray
    vocabulary: Vocabulary
    clock: Clock
    transcript: TokenizedTranscript
    spans: AlignedSpans
    surroundings: Surroundings

    @property
    def units(self) -> Units:
        """The words that have labels."""
        return self.surroundings.units

    @property
    def last_word(self) -> int:
        """One past the last word that has labels."""
        return int(self.units.words[-1]) + 1

    def skipped_confidence(self, found: Disagreement) -> float:
        """Return how likely it is that the words of a disagreement were not spoken."""
        if found.end == found.first:
            return 0.0
        return calibration.skipped_confidence(self.surroundings.of_skipped(found))

    def passed_confidence(self, found: Disagreement) -> float:
        """Return how likely it is that the transcript lacks what was passed over."""
        stretch = self.surroundings.stretch(found)
        if not calibration.is_heard(self.length_s(stretch), len(self.heard(stretch))):
            return 0.0
        return calibration.passed_confidence(self.surroundings.of_passed(found))

    def length_s(self, frames: tuple[int, int]) -> float:
        """Return the seconds between two frames."""
        return (frames[1] - frames[0]) * self.clock.stride_s

    def heard(self, frames: tuple[int, int]) -> tuple[int, ...]:
        """Return the labels that the model would write for a stretch."""
        best = self.log_probs[slice(*frames), : self.vocabulary.size].argmax(axis=1)
        blank = self.vocabulary.blank_id
        return tuple(label for label, _ in groupby(best.tolist()) if label != blank)

    def not_spoken(self, found: Disagreement, confidence: float) -> NotSpoken:
        """Tell of words that were not spoken."""
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
            confidence=round(confidence, CONFIDENCE_DIGITS),
        )

    def not_in_transcript(
        self, node: int, frames: tuple[int, int], confidence: float
    ) -> NotInTranscript:
        """Tell of speech that has no words.

        Args:
            node: the word before which it is, of those that have labels.
            frames: the first, and the one after the last.
            confidence: in 0..1.
        """
        written = self.vocabulary.written_as
        repeats = repeated_words(
            self.log_probs,
            frames,
            node,
            self.units,
            self.vocabulary.blank_id,
            self.vocabulary.size,
        )
        return NotInTranscript(
            start_time=self.clock.seconds(frames[0]),
            end_time=self.clock.seconds(frames[1]),
            after_word=int(self.units.words[node - 1]) if node else -1,
            heard="".join(written.get(label, "") for label in self.heard(frames)).strip(),
            repeats=repeats,
            confidence=round(confidence, CONFIDENCE_DIGITS),
        )
