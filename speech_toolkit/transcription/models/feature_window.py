"""How much audio a Whisper model hears at a time, and how that becomes frames of the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech_toolkit.checkpoint.processor_files import (
    PREPROCESSOR_NAME,
    PROCESSOR_NAME,
    FeatureSettings,
    read_feature_settings,
)
from speech_toolkit.errors import CheckpointError
from speech_toolkit.transcription.models.special_tokens import positive_int

_ENCODER_STRIDE_MEL_FRAMES = 2  # of the second convolution, the same in every Whisper model
# What every published Whisper model takes; fine-tunes are found without a file that says so.
_SAMPLE_RATE_HZ = 16_000
_HOP_SAMPLES = 160
_WINDOW_S = 30


@dataclass(frozen=True)
class FeatureWindow:
    """The window that the encoder takes.

    Attributes:
        sample_rate_hz: rate of the waveform.
        window_samples: samples of the window.
        hop_samples: samples from one mel frame to the next.
        num_mel_bins: mel bins of a frame.
    """

    sample_rate_hz: int
    window_samples: int
    hop_samples: int
    num_mel_bins: int

    @property
    def timestamp_step_s(self) -> float:
        """Seconds from one frame of the encoder to the next, and so from timestamp to timestamp."""
        return _ENCODER_STRIDE_MEL_FRAMES * self.hop_samples / self.sample_rate_hz


def read_feature_window(
    directory: Path, config: Mapping[str, Any], warnings: list[str]
) -> FeatureWindow:
    """Read the window from the processor's files, and hold it against ``config.json``.

    Raises:
        CheckpointError: the two contradict each other, or a number of them cannot be used.
    """
    settings = read_feature_settings(directory)
    num_mel_bins = positive_int(directory, config, "num_mel_bins")
    if settings.path is None:
        warnings.append(
            f"{directory}: has neither {PREPROCESSOR_NAME} nor {PROCESSOR_NAME}; features are made "
            f"as for the published Whisper models, with config.json's {num_mel_bins} mel bins"
        )
    feature_size = settings.values.get("feature_size", num_mel_bins)
    if feature_size != num_mel_bins:
        raise CheckpointError(
            f"{directory}: its preprocessor makes {feature_size} mel bins, config.json wants "
            f"{num_mel_bins}; the two files are of different checkpoints"
        )
    window = _window_of(settings, num_mel_bins)
    mel_frames = window.window_samples // window.hop_samples
    encoded_frames = positive_int(directory, config, "max_source_positions")
    if mel_frames != encoded_frames * _ENCODER_STRIDE_MEL_FRAMES:
        raise CheckpointError(
            f"{directory}: its preprocessor makes {mel_frames} mel frames of a window, "
            f"config.json's max_source_positions {encoded_frames} takes "
            f"{encoded_frames * _ENCODER_STRIDE_MEL_FRAMES}; the two files are of different "
            "checkpoints"
        )
    return window


def _window_of(settings: FeatureSettings, num_mel_bins: int) -> FeatureWindow:
    sample_rate_hz = settings.values.get("sampling_rate", _SAMPLE_RATE_HZ)
    return FeatureWindow(
        sample_rate_hz=sample_rate_hz,
        window_samples=settings.values.get("chunk_length", _WINDOW_S) * sample_rate_hz,
        hop_samples=settings.values.get("hop_length", _HOP_SAMPLES),
        num_mel_bins=num_mel_bins,
    )
