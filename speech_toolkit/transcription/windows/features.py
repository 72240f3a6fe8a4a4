"""Windows of samples -> log-mel features, computed ahead of the device.

Dimensions: B windows, M mel bins, F feature frames of a full window (3000 in 30 s).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from speech_toolkit.checkpoint.pretrained import foreign_errors, transformers_quiet
from speech_toolkit.checkpoint.processor_files import read_feature_settings
from speech_toolkit.checkpoint.schema import FEATURES

if TYPE_CHECKING:
    import torch

_T = TypeVar("_T")

# Waits for the features (M, F) of a window, and the seconds that they took.
PendingFeatures: TypeAlias = "Callable[[], tuple[torch.Tensor, float]]"
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


class FeatureMaker:
    """Makes features of windows one by one: when they are waited for, or in a thread before that.

    Args:
        extractor: see there.
        ahead: whether in a thread. A CPU that runs the model, too, would work on both at once, in
            no less time and more memory.

    Attributes:
        ahead: likewise.
    """

    def __init__(self, extractor: FeatureExtractor, *, ahead: bool) -> None:
        self.ahead = ahead
        self._extractor = extractor
        self._worker = (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="features") if ahead else None
        )

    def __enter__(self) -> FeatureMaker:
        return self

    def __exit__(self, *error: object) -> None:
        if self._worker:
            self._worker.shutdown(cancel_futures=True)

    def begin(self, samples: np.ndarray) -> PendingFeatures:
        """Begin with a window of samples; return what waits for its features, made once."""
        if self._worker:
            return self._worker.submit(self._make, samples).result
        return cache(partial(self._make, samples))

    def _make(self, samples: np.ndarray) -> tuple[torch.Tensor, float]:
        started = time.perf_counter()
        (features_MF,) = self._extractor.extract([samples])
        return features_MF, time.perf_counter() - started


def lookahead(items: Iterable[_T], depth: int) -> Iterator[_T]:
    """Yield items in order, each when the ``depth`` that follow it are there, too."""
    waiting: deque[_T] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > depth:
            yield waiting.popleft()
    yield from waiting
