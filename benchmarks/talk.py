"""The bundled talk, repeated to a length: as samples, or as a file of any size."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.audio.waveform import load_audio

TALK = REPOSITORY / "samples" / "recognition" / "talk.flac"
RATE_HZ = 16_000


def read_talk(minutes: float) -> tuple[np.ndarray, str]:
    """Return the talk, as often as it takes, whole, and what is said in it."""
    samples = load_audio(TALK, RATE_HZ).samples
    repeats = max(1, round(60 * minutes * RATE_HZ / len(samples)))
    text = TALK.with_suffix(".txt").read_text(encoding="utf-8")
    return np.tile(samples, repeats), " ".join([text] * repeats)


def write_talk(path: Path, minutes: float) -> None:
    """Write the talk as FLAC at 16 kHz, cut to the minute, in little memory."""
    import soundfile

    samples = load_audio(TALK, RATE_HZ).samples
    with soundfile.SoundFile(path, "w", RATE_HZ, 1, "PCM_16", format="FLAC") as file:
        for block in _blocks(samples, round(60 * minutes * RATE_HZ)):
            file.write(block)


def _blocks(samples: np.ndarray, num_samples: int) -> Iterator[np.ndarray]:
    for start in range(0, num_samples, len(samples)):
        yield samples[: num_samples - start]
