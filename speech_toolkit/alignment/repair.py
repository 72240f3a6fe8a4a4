"""What does not fit -> the alignment that the right transcript would have had.

Words that were not spoken are left out of the labels and stand without length beside their
neighbours; where speech has no words a wildcard takes it up. What the model heard is searched
again, not heard again. Where nothing stands out, nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.preparation import AlignmentInput
from speech_toolkit.alignment.quality.quality import WRONG_TRANSCRIPT, Quality, Repair
from speech_toolkit.alignment.result import Decoded, TimedSpan
from speech_toolkit.alignment.search.viterbi import check_feasible
from speech_toolkit.alignment.text.labels import label_sequence
from speech_toolkit.alignment.text.segmentation import has_line_break
from speech_toolkit.alignment.text.transcript import Sentence, TokenizedTranscript, Word
from speech_toolkit.errors import InfeasibleAlignmentError

STAR = "<star>"
_MOST_ROUNDS = 2
_NEAR_WORDS = 20


@dataclass(frozen=True)
class Edits:
    """In what the text that is aligned differs from the transcript.

    Attributes:
        left_out: indices of words that were not spoken.
        wildcards: indices of words before which speech is lacking; their number for the end.
    """

    left_out: frozenset[int] = frozenset()
    wildcards: frozenset[int] = frozenset()

    @classmethod
    def of(cls, quality: Quality) -> Edits:
        """Return those that a quality asks for."""
        if quality.verdict == WRONG_TRANSCRIPT:
            return cls()
        runs = (range(part.first_word, part.end_word) for part in quality.not_spoken)
        return cls(
            frozenset(index for run in runs for index in run),
            frozenset(part.after_word + 1 for part in quality.not_in_transcript),
        )

    def __or__(self, other: Edits) -> Edits:
        """Return the edits of both."""
        return Edits(self.left_out | other.left_out, self.wildcards | other.wildcards)

    def near(self, other: Edits) -> Edits:
        """Return those that others may have hidden: all where there are none, else beside them."""
        places = np.array(sorted(other.left_out | other.wildcards))
        if not len(places):
            return self

        def beside(found: frozenset[int]) -> frozenset[int]:
            return frozenset(i for i in found if np.abs(places - i).min() <= _NEAR_WORDS)

        return Edits(beside(self.left_out), beside(self.wildcards))

    def settled(self, words: Sequence[Word]) -> Edits:
        """Return the same with each wildcard right behind a word that is aligned."""
        is_aligned = [bool(w.tokens) and i not in self.left_out for i, w in enumerate(words)]
        after = np.concatenate(
            ([0], np.maximum.accumulate(np.arange(1, len(words) + 1) * is_aligned))
        )
        return replace(self, wildcards=frozenset(int(after[place]) for place in self.wildcards))


def repair(
    prepared: AlignmentInput,
    decoded: Decoded,
    checkpoint: CtcCheckpoint,
    star: str,
    search: Callable[[AlignmentInput], Decoded],
) -> Decoded:
    """Align again without the words that were not spoken, with wildcards where text is lacking.

    Args:
        prepared: what was aligned.
        decoded: what came of it.
        checkpoint: whose labels and frames they are.
        star: as in ``AlignmentSettings``.
        search: aligns an input to what the model heard of it.

    Returns:
        The times after the repair with the quality before, which tells of the repair; ``decoded``
        itself where there is nothing to repair, or too little is left to be aligned.
    """
    edits, repaired = Edits(), decoded
    for _ in range(_MOST_ROUNDS):
        found = Edits.of(repaired.quality).near(edits)
        more = (edits | found).settled(prepared.transcript.words)
        changed = None if more == edits else edited(prepared, more, checkpoint, star)
        if changed is None:
            break
        edits, repaired = more, search(changed)
    if edits == Edits():
        return decoded
    told = Repair(
        edited_text(prepared.transcript, edits),
        tuple(sorted(edits.left_out)),
        tuple(index - 1 for index in sorted(edits.wildcards)),
    )
    words = without_length(repaired.words, edits.left_out)
    return Decoded(
        repaired.segments,
        words,
        _around(repaired.sentences, prepared.transcript.sentences, words),
        replace(decoded.quality, repair=told),
    )


def edited(
    prepared: AlignmentInput, edits: Edits, checkpoint: CtcCheckpoint, star: str
) -> AlignmentInput | None:
    """Return an input with edits made; None where it cannot be aligned, or stays the same."""
    words = tuple(
        replace(word, tokens=(), spoken=False) if index in edits.left_out else word
        for index, word in enumerate(prepared.transcript.words)
    )
    if not any(word.tokens for word in words):
        return None
    transcript = replace(prepared.transcript, words=words)
    labels = label_sequence(transcript, checkpoint.vocabulary, star, edits.wildcards)
    if np.array_equal(labels.targets, prepared.labels.targets):
        return None
    try:
        check_feasible(checkpoint.geometry.frames(len(prepared.waveform.samples)), labels.targets)
    except InfeasibleAlignmentError:
        return None
    return replace(prepared, transcript=transcript, labels=labels)


def edited_text(transcript: TokenizedTranscript, edits: Edits) -> str:
    """Return a transcript without what is left out, with ``<star>`` where speech is lacking.

    Lines are kept: what stood on lines of their own still does.
    """
    parts: list[str] = []
    gap, before = "", 0
    pieces = [(word.start_char, word.end_char, word.text) for word in transcript.words]
    for index, (start, end, word) in enumerate([*pieces, (len(transcript.text), None, "")]):
        own_gap = transcript.text[before:start]
        gap, before = _wider(gap, own_gap), end
        if index in edits.wildcards and parts[-1:] != [STAR]:
            parts += [gap or " " * bool(parts), STAR]
            gap = own_gap or " " * bool(word)
        if index not in edits.left_out:
            parts += [gap, word]
            gap = ""
    return "".join(parts)


def _wider(gap: str, other: str) -> str:
    """Return that of two gaps which parts more."""
    return other if not gap or (has_line_break(other) and not has_line_break(gap)) else gap


def without_length(words: Sequence[TimedSpan], left_out: frozenset[int]) -> tuple[TimedSpan, ...]:
    """Put words that were not spoken at the border of the word beside them.

    Args:
        words: in order; those between two that are spoken share the time between these.
        left_out: indices of those that were not spoken.
    """
    placed = list(words)
    for index in sorted(left_out):
        word = placed[index]
        if word.start_time < word.end_time:
            time_s = placed[index - 1].end_time if index else _first_start_s(words)
            placed[index] = replace(word, start_time=time_s, end_time=time_s)
    return tuple(placed)


def _first_start_s(words: Sequence[TimedSpan]) -> float:
    return next(word.start_time for word in words if word.aligned)


def _around(
    spans: Sequence[TimedSpan], sentences: Sequence[Sentence], words: Sequence[TimedSpan]
) -> tuple[TimedSpan, ...]:
    """Let sentences reach from their first to their last word."""
    return tuple(
        replace(
            span,
            start_time=words[sentence.first_word].start_time,
            end_time=words[sentence.end_word - 1].end_time,
        )
        for span, sentence in zip(spans, sentences, strict=True)
    )
