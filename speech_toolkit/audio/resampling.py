"""From blocks at a file's rate to one waveform at the model's, held in memory once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

FIRST_ALLOCATION_SAMPLES = 1 << 28  # a header is believed up to 1 GiB of waveform
RESAMPLER_QUALITY = "VHQ"


def resampled(blocks: Iterable[np.ndarray], rate_hz: int, target_hz: int) -> Iterator[np.ndarray]:
    """Yield ``blocks`` at ``target_hz``; joined, they equal one resampling of the joined input."""
    if rate_hz == target_hz:
        yield from blocks
        return
    resampler = soxr.ResampleStream(
        rate_hz, target_hz, 1, dtype="float32", quality=RESAMPLER_QUALITY
    )
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)


def joined(blocks: Iterable[np.ndarray], expected_samples: int) -> np.ndarray:
    """Join blocks in one allocation if no more than ``expected_samples`` come, else by growth."""
    samples = np.empty(min(expected_samples, FIRST_ALLOCATION_SAMPLES), dtype=np.float32)
    used = 0
    for block in blocks:
        end = used + len(block)
        if end > len(samples):
            room = max(end, len(samples) + len(samples) // 4)
            if end <= expected_samples:
                room = min(room, expected_samples)
            samples.resize(room, refcheck=False)
        samples[used:end] = block
        used = end
    samples.resize(used, refcheck=False)
    return samples
