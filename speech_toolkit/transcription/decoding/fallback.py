"""Decode again, at higher temperatures, only the windows whose text is not to be trusted.

The tests are those of openai/whisper (transcribe.py: decode_with_fallback), for each window of a
batch by itself: what a window yields does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

from speech_toolkit.transcription.decoded import DecodedWindow, DecodingOptions, EncodedWindows
from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
from speech_toolkit.transcription.settings import TranscriptionSettings


def decode_with_fallback(
    decoder: WhisperDecoder,
    encoded: EncodedWindows,
    prompts: Sequence[Sequence[int]],
    settings: TranscriptionSettings,
) -> list[DecodedWindow]:
    """Decode windows at the first of the temperatures at which their text passes the tests.

    Args:
        decoder: the model.
        encoded: B windows, which are not encoded again.
        prompts: B sequences of equal length.
        settings: temperatures, thresholds and the rest.

    Returns:
        The text of each window; of the last temperature where it passes at none.

    Raises:
        DeviceError: out of memory, or an operator failed on the card.
        UsageError: the prompts leave no room for a token.
    """
    found: dict[int, DecodedWindow] = {}
    pending, selected = list(range(len(encoded))), encoded
    for temperature in settings.temperatures:
        chosen = [prompts[index] for index in pending]
        decoded = decoder.decode(selected, chosen, _options(settings, temperature))
        found.update(zip(pending, decoded, strict=True))
        failed = [index for index in pending if needs_fallback(found[index], settings)]
        if not failed:
            break
        if failed != pending:
            pending, selected = failed, encoded[failed]
    return [found[index] for index in range(len(encoded))]


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


def _options(settings: TranscriptionSettings, temperature: float) -> DecodingOptions:
    return DecodingOptions(
        timestamps=settings.timestamps != "none",
        max_new_tokens=settings.max_new_tokens,
        temperature=temperature,
        record_margins=settings.record_margins,
        seed=settings.seed,
    )
