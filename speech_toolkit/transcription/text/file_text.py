"""What the windows of a file yielded -> its segments, text and coverage, and what to warn of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from speech_toolkit.transcription.decoded import TokenSegment, TranscribedWindow
from speech_toolkit.transcription.result import Stretch, TranscribedSegment, TranscribedWord
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.text.words import SPLIT_BY_CHARACTER
from speech_toolkit.transcription.windows.coverage import Outcome, coverage


def transcribed_segments(
    found: Sequence[TranscribedWindow],
    to_text: Callable[[Sequence[int]], str],
    settings: TranscriptionSettings,
    start_s: float = 0.0,
) -> tuple[TranscribedSegment, ...]:
    """Turn the segments of all windows into text with times in the file, in order.

    Args:
        found: the windows.
        to_text: turns tokens into text.
        settings: how they were transcribed.
        start_s: where in its file the audio of the windows begins.
    """
    return tuple(
        segment.later(start_s)
        for item in found
        for segment in _window_segments(item, to_text, settings)
    )


def whole_text(segments: Sequence[TranscribedSegment], language: str | None) -> str:
    """Join the text of all segments as the language writes it."""
    gap = "" if language in SPLIT_BY_CHARACTER else " "
    return gap.join(segment.text for segment in segments)


def file_coverage(
    found: Sequence[TranscribedWindow],
    total_samples: int,
    sample_rate_hz: int,
    start_s: float = 0.0,
) -> tuple[Stretch, ...]:
    """Say of every second of the audio whether it was transcribed, or why not.

    Args:
        found: the windows.
        total_samples: of the audio.
        sample_rate_hz: of the audio.
        start_s: where in its file the audio begins.
    """
    outcomes = [outcome for item in found for outcome in _outcomes(item)]
    stretches = coverage(outcomes, total_samples, sample_rate_hz)
    return tuple(stretch.later(start_s) for stretch in stretches)


def text_warnings(segments: Sequence[TranscribedSegment]) -> tuple[str, ...]:
    """Warn of text that repeats itself, which Whisper is known to invent."""
    repetitive = [segment for segment in segments if segment.repetitive]
    if not repetitive:
        return ()
    first = repetitive[0]
    return (
        f"{len(repetitive)} of {len(segments)} segments repeat themselves, the first from "
        f"{first.start_s:.2f} s to {first.end_s:.2f} s: the model may have invented them",
    )


def cut_off_warnings(
    found: Sequence[TranscribedWindow], settings: TranscriptionSettings, start_s: float = 0.0
) -> tuple[str, ...]:
    """Warn of windows whose text ends where the limit of tokens was reached.

    Args:
        found: the windows.
        settings: what limits their tokens.
        start_s: where in its file the audio of the windows begins.
    """
    cut_off = [item for item in found if item.cut_off_s is not None]
    if not cut_off:
        return ()
    limit, advice = "the last token that the model has room for", ""
    if settings.max_new_tokens is not None:
        limit, advice = f"the limit of {settings.max_new_tokens} tokens", "; raise --max_new_tokens"
    return (
        f"{len(cut_off)} of {len(found)} windows reached {limit}, the first of them begins at "
        f"{start_s + cut_off[0].window.start_s:.2f} s: their text is cut off{advice}",
    )


def _outcomes(item: TranscribedWindow) -> Iterator[Outcome]:
    """Yield what became of the parts of a window."""
    missing = {"cut off": item.cut_off_s, "no text": item.stops_short_s}
    complete_s = item.used_s
    for reason, from_s in missing.items():
        if from_s is not None:
            complete_s = from_s
            yield Outcome(item.window, from_s, item.used_s, reason)
    yield Outcome(item.window, 0.0, complete_s, None if item.segments else "no speech")


def _window_segments(
    item: TranscribedWindow,
    to_text: Callable[[Sequence[int]], str],
    settings: TranscriptionSettings,
) -> Iterator[TranscribedSegment]:
    decoded, limit = item.decoded, settings.compression_ratio_threshold
    for span in item.segments:
        tokens = tuple(decoded.tokens[span.first : span.last])
        text = to_text(tokens)
        if not text:
            continue
        start_s, end_s = item.window.span_to_file_s(span.start_s, span.end_s)
        yield TranscribedSegment(
            text=text,
            start_s=start_s,
            end_s=end_s,
            tokens=tokens,
            avg_logprob=decoded.avg_logprob,
            no_speech_prob=decoded.no_speech_prob,
            compression_ratio=decoded.compression_ratio,
            temperature=decoded.temperature,
            window=item.window.index,
            repetitive=limit is not None and decoded.compression_ratio > limit,
            words=tuple(_words(item, span)),
        )


def _words(item: TranscribedWindow, span: TokenSegment) -> Iterator[TranscribedWord]:
    """Yield the words of one segment with their times in the file."""
    for word in item.words:
        if span.first <= word.first < span.last:
            start_s, end_s = item.window.span_to_file_s(word.start_s, word.end_s)
            yield TranscribedWord(
                text=word.text.strip(),
                start_s=start_s,
                end_s=end_s,
                probability=word.probability,
            )
