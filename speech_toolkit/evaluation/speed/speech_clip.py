"""Speech of a given length to measure with: the same samples for the same seed, everywhere."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.bundled import SAMPLES
from speech_toolkit.errors import AudioError
from speech_toolkit.families import MMS, WHISPER

SPEECH_OF = {MMS: SAMPLES, WHISPER: SAMPLES / "recognition"}
_AUDIO_SUFFIXES = frozenset((".wav", ".flac"))


def bundled_speech(family: str, total_s: float, sample_rate_hz: int, seed: int) -> np.ndarray:
    """Return a family's bundled samples in a seeded order, one after the other, again and again.

    Args:
        family: "mms" or "whisper".
        total_s: seconds of the result, above 0.
        sample_rate_hz: rate of the result.
        seed: of the order.

    Raises:
        AudioError: the toolkit's directory of samples holds no audio.
    """
    directory = SPEECH_OF[family]
    paths = sorted(path for path in directory.glob("*") if path.suffix in _AUDIO_SUFFIXES)
    if not paths:
        raise AudioError(f"{directory}: holds no audio; name a file with --audio")
    order = np.random.default_rng(seed).permutation(len(paths))
    recordings = (load_audio(paths[index], sample_rate_hz).samples for index in order)
    return fill(recordings, round(total_s * sample_rate_hz))


def fill(recordings: Iterable[np.ndarray], total_samples: int) -> np.ndarray:
    """Join recordings until there are ``total_samples``, from the first again after the last.

    Args:
        recordings: arrays of shape (N,), float32; taken lazily, no more than are needed.
        total_samples: length of the result.
    """
    filled = np.empty(total_samples, dtype=np.float32)
    length = 0
    for samples in recordings:
        taken = samples[: total_samples - length]
        filled[length : length + len(taken)] = taken
        length += len(taken)
        if length == total_samples:
            return filled
    return np.resize(filled[:length], total_samples)
