"""Log-mel features of a whole waveform, as NeMo and transformers' Parakeet make them.

Pre-emphasis, a centred Fourier transform, Slaney's mel scale, the logarithm, and each mel band
brought to zero mean and unit variance over the whole waveform. They are made on the CPU in float32
for every device.

Dimensions: N samples, T mel frames, M mel bands, B windows, F frames of the model in a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_BLOCK_FRAMES = 6000
_LOG_FLOOR = 2.0**-24
_DEVIATION_FLOOR = 1e-5


@dataclass(frozen=True)
class MelSettings:
    """What the feature extractor of a checkpoint says.

    Attributes:
        bands: M.
        sample_rate_hz: of the waveform.
        hop_samples: from one mel frame to the next.
        transform_samples: width of the Fourier transform, an even number.
        window_samples: width of its Hann window, at most that of the transform.
        preemphasis: share of each sample that is taken off the next one.
    """

    bands: int
    sample_rate_hz: int
    hop_samples: int
    transform_samples: int
    window_samples: int
    preemphasis: float

    def frames(self, num_samples: int) -> int:
        """Return T."""
        return num_samples // self.hop_samples


@dataclass(frozen=True)
class MelInput:
    """Features of which windows are cut.

    Attributes:
        features_TM: float32, the whole.
        frame_stride: mel frames from one frame of the model to the next.
    """

    features_TM: np.ndarray
    frame_stride: int

    def windows(self, starts: Sequence[int], num_frames: int) -> dict[str, np.ndarray]:
        """Return "input_features", float32 (B, stride * F, M), and their "attention_mask".

        The last window may reach over the end by less than one frame of the model: zeros that the
        mask hides.
        """
        length, (total, bands) = num_frames * self.frame_stride, self.features_TM.shape
        windows = np.zeros((len(starts), length, bands), dtype=np.float32)
        firsts = np.array(starts) * self.frame_stride
        for row, first in zip(windows, firsts, strict=True):
            part = self.features_TM[first : first + length]
            row[: len(part)] = part
        mask = firsts[:, None] + np.arange(length) < total
        return {"input_features": windows, "attention_mask": mask}


def normalized_log_mel(samples: np.ndarray, settings: MelSettings) -> np.ndarray:
    """Return float32 features (T, M) of a waveform of N samples, T at least 1."""
    features = _log_mel(samples, settings)
    mean = features.mean(axis=0, dtype=np.float64)
    squares = np.zeros(settings.bands)
    for first in range(0, len(features), _BLOCK_FRAMES):
        squares += np.square(features[first : first + _BLOCK_FRAMES] - mean).sum(axis=0)
    deviation = np.sqrt(squares / max(len(features) - 1, 1)) + _DEVIATION_FLOOR
    features -= mean.astype(np.float32)
    features /= deviation.astype(np.float32)
    return features


def _log_mel(samples: np.ndarray, settings: MelSettings) -> np.ndarray:
    """Return the features (T, M) before they are normalised, computed in blocks."""
    import torch
    from transformers.audio_utils import mel_filter_bank

    filters = torch.from_numpy(
        mel_filter_bank(
            num_frequency_bins=settings.transform_samples // 2 + 1,
            num_mel_filters=settings.bands,
            min_frequency=0.0,
            max_frequency=settings.sample_rate_hz / 2,
            sampling_rate=settings.sample_rate_hz,
            norm="slaney",
            mel_scale="slaney",
        )
    ).float()
    window = torch.hann_window(settings.window_samples, periodic=False)
    half, total = settings.transform_samples // 2, settings.frames(len(samples))
    features = np.empty((total, settings.bands), dtype=np.float32)
    for first in range(0, total, _BLOCK_FRAMES):
        stop = min(first + _BLOCK_FRAMES, total)
        start, end = first * settings.hop_samples - half, (stop - 1) * settings.hop_samples + half
        spectrum = torch.stft(
            torch.from_numpy(_emphasized(samples, start, end, settings.preemphasis)),
            settings.transform_samples,
            settings.hop_samples,
            settings.window_samples,
            window,
            center=False,
            return_complex=True,
        )
        power_TF = spectrum.abs().square().T
        features[first:stop] = torch.log(power_TF @ filters + _LOG_FLOOR)
    return features


def _emphasized(samples: np.ndarray, start: int, end: int, share: float) -> np.ndarray:
    """Return samples ``start`` to ``end`` with pre-emphasis, zeros beyond both edges."""
    first, stop = max(start, 0), min(end, len(samples))
    before = samples[max(first - 1, 0) : stop]
    part = before.astype(np.float32)
    part[1:] -= np.float32(share) * before[:-1]
    return np.pad(part[len(part) - (stop - first) :], (first - start, end - stop))
