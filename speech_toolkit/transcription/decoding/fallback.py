"""Which windows are decoded again, at higher temperatures: those whose text is not to be trusted.

The tests are those of openai/whisper (transcribe.py: decode_with_fallback), for each window of a
batch by itself: what a window yields does not depend on its neighbours.
"""

from __future__ import annotations

from speech_toolkit.transcription.decoded import DecodedWindow
from speech_toolkit.transcription.settings import TranscriptionSettings


def needs_fallback(decoded: DecodedWindow, settings: TranscriptionSettings) -> bool:
    """Tell whether a window's text repeats itself or is unlikely, though somebody speaks."""
    compression, logprob = settings.compression_ratio_threshold, settings.logprob_threshold
    is_unlikely = logprob is not None and decoded.avg_logprob < logprob
    if is_unlikely and _nobody_speaks(decoded, settings.no_speech_threshold):
        return False
    return is_unlikely or (compression is not None and decoded.compression_ratio > compression)


def _nobody_speaks(decoded: DecodedWindow, threshold: float | None) -> bool:
    probability = decoded.no_speech_prob
    return threshold is not None and probability is not None and probability > threshold
