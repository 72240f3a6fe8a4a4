"""From samples to frames, and from frames to seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FrameGeometry:
    """How the front end of a model turns samples into frames.

    Attributes:
        receptive_field_samples: samples that one frame sees.
        stride_samples: samples from one frame's start to the next one's.
        sample_rate_hz: rate of the waveform that the model takes.
        padding_samples: silent samples that the front end itself puts around the waveform.
    """

    receptive_field_samples: int
    stride_samples: int
    sample_rate_hz: int
    padding_samples: int = 0

    @classmethod
    def from_convolutions(
        cls, kernels: Sequence[int], strides: Sequence[int], sample_rate_hz: int
    ) -> FrameGeometry:
        """Compose the kernels and strides of a stack of unpadded convolutions.

        Raises:
            ValueError: there are not as many of the one as of the other, or one is below 1.
        """
        if min(*kernels, *strides) < 1:
            raise ValueError("a kernel or stride is below 1")
        receptive_field, stride = 1, 1
        for kernel, step in zip(kernels, strides, strict=True):
            receptive_field += (kernel - 1) * stride
            stride *= step
        return cls(receptive_field, stride, sample_rate_hz)

    @property
    def stride_s(self) -> float:
        """Seconds from one frame's start to the next one's."""
        return self.stride_samples / self.sample_rate_hz

    @property
    def fewest_samples(self) -> int:
        """The fewest samples that make a frame."""
        return self.samples(1)

    @property
    def place_samples(self) -> int:
        """Samples from a frame's start that stand for it: padding aside, what it sees of them."""
        return max(self.fewest_samples, self.stride_samples)

    def frames(self, num_samples: int) -> int:
        """Return how many frames the model makes of ``num_samples`` samples."""
        return max(0, (num_samples - self.fewest_samples) // self.stride_samples + 1)

    def samples(self, num_frames: int) -> int:
        """Return the fewest samples that make ``num_frames`` frames (at least 1)."""
        whole = (num_frames - 1) * self.stride_samples + self.receptive_field_samples
        return whole - self.padding_samples
