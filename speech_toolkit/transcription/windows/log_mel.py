"""Samples -> Whisper's log-mel features, on whatever device; equal to transformers' own.

B windows, N samples, S samples of a frame, F frames, K frequencies, M mel bins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np

    from speech_toolkit.device import Device

# Whisper's scale: (log10(power) + 4) / 4, at least 1e-10 of power, within 8 decades of the peak.
_LEAST_POWER, _LEAST_LOG = 1e-10, -10.0
_DECADES = 8.0
_WINDOWS_AT_ONCE = 16  # of 30 s: their frames and spectra take some 15 MB each


class LogMel:
    """Computes features on one device, in float32 that is rounded no further.

    Where there is no FFT a frame is transformed by a product with cosines and sines.

    Args:
        device: the one.
        filters_KM: weight of each frequency in each mel bin.
        frame_samples: S, even.
        hop_samples: from one frame to the next.
    """

    def __init__(
        self, device: Device, filters_KM: np.ndarray, frame_samples: int, hop_samples: int
    ) -> None:
        self._device = device
        self._hop_samples = hop_samples
        self._filters_MK = torch.from_numpy(filters_KM.T).float().contiguous().to(device.name)
        self._window_S = torch.hann_window(frame_samples)
        self._waves_S2K = None if device.has_fft else _waves(self._window_S).to(device.name)
        self._window_S = self._window_S.to(device.name)

    def __call__(self, samples_BN: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Compute the features of windows.

        Args:
            samples_BN: float32 on the device, at least as many as a frame takes; the middle of the
                first frame is the window's first sample.
            num_frames: F of a full window; behind the frames of the samples there is silence, which
                is filled in.

        Returns:
            float32 (B, M, num_frames) on the device.
        """
        with self._device.whole_products():
            parts = [self._logs(part_BN) for part_BN in samples_BN.split(_WINDOWS_AT_ONCE)]
        heard_BMF = parts[0] if len(parts) == 1 else torch.cat(parts)
        floor_B11 = (heard_BMF.amax((1, 2), keepdim=True) - _DECADES).clamp_(min=_LEAST_LOG)
        _, num_bins, heard_frames = heard_BMF.shape
        silence_BMF = floor_B11.expand(-1, num_bins, num_frames - heard_frames)
        logs_BMF = torch.cat([torch.maximum(heard_BMF, floor_B11), silence_BMF], dim=2)
        return logs_BMF.add_(4.0).div_(4.0)

    def _logs(self, samples_BN: torch.Tensor) -> torch.Tensor:
        """Return the decimal logarithm of the power in each mel bin of each frame, (B, M, F)."""
        frames_BFS = samples_BN.unfold(1, len(self._window_S), self._hop_samples)
        power_BMF = self._filters_MK @ self._powers(frames_BFS).mT
        return power_BMF.clamp_(min=_LEAST_POWER).log10_()

    def _powers(self, frames_BFS: torch.Tensor) -> torch.Tensor:
        """Return the power (B, F, K) of each frequency."""
        if self._waves_S2K is None:
            spectra_BFK = torch.fft.rfft(frames_BFS * self._window_S)
            cosines_BFK, sines_BFK = spectra_BFK.real, spectra_BFK.imag
        else:
            cosines_BFK, sines_BFK = (frames_BFS.contiguous() @ self._waves_S2K).chunk(2, dim=2)
        return cosines_BFK.square().addcmul_(sines_BFK, sines_BFK)


def _waves(window_S: torch.Tensor) -> torch.Tensor:
    """Return the cosines and sines of the K frequencies under a window, float32 (S, 2K)."""
    size = len(window_S)
    turns_SK = torch.outer(torch.arange(size), torch.arange(size // 2 + 1)) % size  # exact
    angles_SK = turns_SK.double() * (2 * math.pi / size)
    waves_S2K = torch.cat([angles_SK.cos(), angles_SK.sin()], dim=1)
    return (waves_S2K * window_S.double()[:, None]).float()
