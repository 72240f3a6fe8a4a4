"""Windows of samples -> log-mel features, computed ahead of the device.

Dimensions: B windows, M mel bins, F feature frames of a full window (3000 in 30 s).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from speech_toolkit.checkpoint.pretrained import foreign_errors, transformers_quiet
from speech_toolkit.checkpoint.processor_files import read_feature_settings
from speech_toolkit.checkpoint.schema import FEATURES

if TYPE_CHECKING:
    import torch

_T = TypeVar("_T")
_END = object()
# Whisper's scale: (log10(power) + 4) / 4, at least 1e-10 of power, within 8 decades of the peak.
_SILENCE = -1.5
_RANGE = 2.0


class FeatureExtractor:
    """Computes what transformers' WhisperFeatureExtractor computes, without the silence behind it.

    A window shorter than the model's is padded with zeros, whose features are known; they are
    filled in instead of being transformed, so that a clip of 5 s costs a sixth of a full window.

    Args:
        directory: of the checkpoint, whose processor's files rule.
        num_mel_bins: M, where those do not say.

    Raises:
        CheckpointError: the settings of the features cannot be used.
    """

    def __init__(self, directory: Path, num_mel_bins: int) -> None:
        from transformers import WhisperFeatureExtractor

        settings = read_feature_settings(directory)
        checked = {key: settings.values[key] for key in FEATURES if key in settings.values}
        with foreign_errors(settings.path or directory, "makes no features"), transformers_quiet():
            self._extractor = WhisperFeatureExtractor(**{"feature_size": num_mel_bins, **checked})

    def extract(self, windows: Sequence[np.ndarray]) -> torch.Tensor:
        """Compute the features of one batch.

        Args:
            windows: float32 (N,) each, mono at the checkpoint's rate, at most 30 s.

        Returns:
            float32 (B, M, F) on the CPU.
        """
        import torch

        return torch.stack([self._features(window) for window in windows])

    def _features(self, window: np.ndarray) -> torch.Tensor:
        """Compute the features (M, F) of one window; its spectra are gone before the next one's."""
        import torch

        extractor = self._extractor
        heard_frames = -(-(len(window) + extractor.n_fft) // extractor.hop_length)
        heard_frames = min(heard_frames, extractor.nb_max_frames)
        heard_MF = extractor(
            window,
            sampling_rate=extractor.sampling_rate,
            max_length=heard_frames * extractor.hop_length,
            return_tensors="pt",
        )["input_features"][0]
        silence = (heard_MF.amax() - _RANGE).clamp(min=_SILENCE)
        silent_frames = extractor.nb_max_frames - heard_frames
        return torch.cat([heard_MF, silence.expand(len(heard_MF), silent_frames)], dim=1)


def prefetch(iterable: Iterable[_T], depth: int = 1) -> Iterator[_T]:
    """Yield what ``iterable`` yields, made up to ``depth`` items ahead by one background thread.

    An error of ``iterable`` is raised here, in its place. The thread ends with the last item, or
    when the consumer stops early.
    """
    source = iter(iterable)
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch")
    try:
        ahead = deque(worker.submit(next, source, _END) for _ in range(depth))
        while (item := ahead.popleft().result()) is not _END:
            ahead.append(worker.submit(next, source, _END))
            yield item
    finally:
        worker.shutdown(cancel_futures=True)
