"""Generated tokens of one window -> segments with times in the window.

Whisper closes a segment with a timestamp and opens the next one with another:
``<|0.00|> text <|2.00|><|2.00|> text <|4.00|>``. The rules for what is open at the end are those
of openai/whisper's ``transcribe.py``.
"""

from collections.abc import Iterator, Sequence

from speech_toolkit.transcription.decoded import TokenSegment
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint


def split_segments(
    tokens: Sequence[int], checkpoint: WhisperCheckpoint, window_s: float
) -> tuple[TokenSegment, ...]:
    """Split what the model generated for one window at its timestamps.

    Args:
        tokens: generated ids, without prompt and end of text.
        checkpoint: for the ids and the step of timestamps.
        window_s: seconds of audio in the window; no segment reaches beyond.

    Returns:
        The segments that hold text, in order. Without timestamps, one over the whole window.
    """
    segments: list[TokenSegment] = []
    for start_s, first, last, end_s in _runs_of_text(tokens, checkpoint):
        floor_s = segments[-1].end_s if segments else 0.0
        begin_s = min(max(start_s if start_s is not None else floor_s, floor_s), window_s)
        finish_s = window_s if end_s is None else min(max(end_s, begin_s), window_s)
        segments.append(TokenSegment(begin_s, finish_s, first, last, end_s is not None))
    return tuple(segments)


def whole_segment(
    tokens: Sequence[int], checkpoint: WhisperCheckpoint, window_s: float
) -> tuple[TokenSegment, ...]:
    """Make one segment of a window whose times were not asked for.

    Fine-tuned models write timestamps all the same, which then mean nothing.

    Args:
        tokens: generated ids, without prompt and end of text.
        checkpoint: for the ids of timestamps.
        window_s: seconds of audio in the window.

    Returns:
        The segment; nothing where no text was generated.
    """
    if all(token >= checkpoint.timestamp_begin_id for token in tokens):
        return ()
    return (TokenSegment(0.0, window_s, 0, len(tokens), closed=False),)


def resume_s(
    segments: Sequence[TokenSegment],
) -> float | None:
    """Return where to go on after a window whose end cuts through speech.

    Returns:
        Seconds in the window up to which its text is complete, None where the whole window is used
        up: its last segment is closed, or nothing before it is.
    """
    if len(segments) < 2 or segments[-1].closed:
        return None
    return segments[-2].end_s


def _runs_of_text(
    tokens: Sequence[int], checkpoint: WhisperCheckpoint
) -> Iterator[tuple[float | None, int, int, float | None]]:
    """Yield each run of text tokens: the stamp before it, its range, and the stamp after it."""
    begin = checkpoint.timestamp_begin_id
    stamp_s: float | None = None
    first: int | None = None
    for i, token in enumerate([*tokens, begin]):
        if token < begin:
            first = i if first is None else first
            continue
        at_end = i == len(tokens)
        time_s = None if at_end else (token - begin) * checkpoint.timestamp_step_s
        if first is not None:
            yield stamp_s, first, i, time_s
            first = None
        stamp_s = time_s
