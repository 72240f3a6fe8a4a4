"""A text that does not fit as a whole -> is it that of a part of the recording?

A text is spread over all of a recording, so that right words of one part fit nowhere. With a
wildcard at either end those of an excerpt fit nearly all; another text finds no place that does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.preparation import AlignmentInput
from speech_toolkit.alignment.quality.quality import CHECK, WRONG_TRANSCRIPT
from speech_toolkit.alignment.quality.verdict import why_lacking
from speech_toolkit.alignment.repair import Edits, edited
from speech_toolkit.alignment.result import Decoded

_LEAST_CONFIDENCE = 0.97  # single sentences of talks had 0.99 and more, other texts 0.91 at most


def told_as_excerpt(
    prepared: AlignmentInput,
    decoded: Decoded,
    checkpoint: CtcCheckpoint,
    search: Callable[[AlignmentInput], Decoded],
) -> Decoded:
    """Tell of an excerpt what the recording holds beside it, and no more that the text is wrong.

    Args:
        prepared: what was aligned, without wildcards.
        decoded: what came of it.
        checkpoint: whose labels and frames they are.
        search: aligns an input to what the model heard, with wildcards where its labels have them.

    Returns:
        The times as they are with the quality of an excerpt; ``decoded`` itself where the verdict
        is not ``wrong_transcript``, or stays that.
    """
    if decoded.quality.verdict != WRONG_TRANSCRIPT:
        return decoded
    ends = Edits(wildcards=frozenset((0, len(prepared.transcript.words))))
    freed = edited(prepared, ends, checkpoint, "none")
    if freed is None:
        return decoded
    found = search(freed).quality
    fits = found.verdict != WRONG_TRANSCRIPT and found.confidence >= _LEAST_CONFIDENCE
    if not fits or found.not_spoken or not found.not_in_transcript:
        return decoded
    told = replace(
        found,
        verdict=CHECK,
        confidence=decoded.quality.confidence,
        reasons=why_lacking(found.not_in_transcript),
    )
    return replace(decoded, quality=told)
