"""Windows of samples -> log-mel features: prepared on the host, made where the model runs.

B windows in a batch, N samples of a row, M mel bins, F feature frames of a full window (3000 in
30 s).
"""

from __future__ import annotations

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from speech_toolkit.checkpoint.pretrained import foreign_errors, transformers_quiet
from speech_toolkit.checkpoint.processor_files import read_feature_settings
from speech_toolkit.checkpoint.schema import FEATURES
from speech_toolkit.device import Device
from speech_toolkit.errors import CheckpointError

if TYPE_CHECKING:
    import torch

_T = TypeVar("_T")
_DITHER_SEED = 0
_HOST = Device("cpu", None, "cpu", "where features are made if the card would round them")


@dataclass(frozen=True)
class PreparedWindow:
    """A window of which features are made as soon as its batch is.

    Attributes:
        values: float32 on the host: the features (M, F) where they are made there, else a row of
            samples (N,), in memory that a card reads while the host goes on.
        fingerprint: made of the window's samples, wherever its features are made.
        seconds: that this took.
    """

    values: torch.Tensor
    fingerprint: int
    seconds: float


# Waits for a window to be prepared.
PendingWindow: TypeAlias = "Callable[[], PreparedWindow]"


class FeatureExtractor:
    """Makes the features that transformers' WhisperFeatureExtractor makes, on the model's device.

    A window shorter than the model's is padded with zeros, whose features are known; they are
    filled in instead of being transformed, so that a clip of 5 s costs a sixth of a full window.
    Windows begin with their first sample, whatever side the checkpoint wants padded. Where it asks
    for dither, that is one and the same noise for every window and on every device.

    Args:
        directory: of the checkpoint, whose processor's files rule.
        num_mel_bins: M, where those do not say.
        device: of the model. The host makes the features of a card that rounds every product of
            float32, which would hide what is quiet.

    Raises:
        CheckpointError: the settings of the features cannot be used.
    """

    def __init__(self, directory: Path, num_mel_bins: int, device: Device) -> None:
        from transformers import WhisperFeatureExtractor

        from speech_toolkit.transcription.windows.log_mel import LogMel  # torch

        settings = read_feature_settings(directory)
        checked = {key: settings.values[key] for key in FEATURES if key in settings.values}
        source = settings.path or directory
        with foreign_errors(source, "makes no features"), transformers_quiet():
            theirs = WhisperFeatureExtractor(**{"feature_size": num_mel_bins, **checked})
        if theirs.n_fft // 2 >= theirs.n_samples:
            raise CheckpointError(
                f"{source}: n_fft {theirs.n_fft} is more than twice the window's "
                f"{theirs.n_samples} samples; download it again"
            )
        self._theirs = theirs
        self._device = device
        self._where = device if device.has_whole_products else _HOST
        self._log_mel = LogMel(self._where, theirs.mel_filters, theirs.n_fft, theirs.hop_length)

    def enter_thread(self) -> None:
        """Make the calling thread one that may prepare windows for the card."""
        self._device.make_current()

    def prepare(self, samples: np.ndarray) -> PreparedWindow:
        """Do what needs no card.

        Args:
            samples: float32, mono at the checkpoint's rate; no more than a window's are heard.

        Raises:
            DeviceError: out of memory.
        """
        import torch

        started = time.perf_counter()
        with self._device.errors("while preparing a window"), torch.inference_mode():
            values = self._row(samples[: self._theirs.n_samples])
            if not self._where.is_card:
                values = self._log_mel(values[None], self._theirs.nb_max_frames)[0]
        fingerprint = zlib.crc32(np.ascontiguousarray(samples))
        return PreparedWindow(values, fingerprint, time.perf_counter() - started)

    def batch(self, windows: Sequence[PreparedWindow]) -> torch.Tensor:
        """Make the features of windows that run together; on a card this is queued.

        Returns:
            float32 (B, M, F), on the device or, where they are made there, on the host.
        """
        import torch

        if not self._where.is_card:
            return torch.stack([window.values for window in windows])
        longest = max(len(window.values) for window in windows)
        rows_BN = torch.zeros(len(windows), longest, device=self._device.name)
        for row_N, window in zip(rows_BN, windows, strict=True):
            row_N[: len(window.values)].copy_(window.values, non_blocking=True)
        return self._log_mel(rows_BN, self._theirs.nb_max_frames)

    def extract(self, windows: Sequence[np.ndarray]) -> torch.Tensor:
        """Make the features of windows of samples at once; see :meth:`prepare` and :meth:`batch`.

        Returns:
            float32 (B, M, F) on the host.
        """
        return self.batch([self.prepare(samples) for samples in windows]).cpu()

    def _row(self, samples: np.ndarray) -> torch.Tensor:
        """Return (N,) samples from the first of the first frame to the last that may sound.

        The middle of the first frame is the window's first sample: what is before it, and behind
        the window's last, mirrors the window.
        """
        theirs, side = self._theirs, self._theirs.n_fft // 2
        if self._noise is not None or theirs.padding_value:
            samples = self._padded(samples)
        sounding = -(-(len(samples) + theirs.n_fft) // theirs.hop_length)
        frames = min(sounding, theirs.nb_max_frames)
        size = (frames - 1) * theirs.hop_length + theirs.n_fft
        row_N = self._where.staging_memory(size)
        row = row_N.numpy()
        heard = min(len(samples), size - side)
        row[side : side + heard] = samples[:heard]
        row[side + heard :] = 0
        mirrored = max(min(side, len(samples) - 1), 0)
        row[: side - mirrored] = 0
        row[side - mirrored : side] = samples[mirrored:0:-1]
        last = side + theirs.n_samples - 1
        beyond = max(size - 1 - last, 0)
        row[size - beyond :] = row[last - beyond : last][::-1]
        return row_N

    def _padded(self, samples: np.ndarray) -> np.ndarray:
        """Return a full window with the padding and the dither that the checkpoint asks for."""
        window = np.full(self._theirs.n_samples, self._theirs.padding_value, np.float32)
        window[: len(samples)] = samples
        return window if self._noise is None else window + self._noise

    @cached_property
    def _noise(self) -> np.ndarray | None:
        if not self._theirs.dither:
            return None
        generator = np.random.default_rng(_DITHER_SEED)
        noise = generator.standard_normal(self._theirs.n_samples, np.float32)
        return noise * np.float32(self._theirs.dither)


class FeatureMaker:
    """Prepares windows one by one: when they are waited for, or in a thread before that.

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
            ThreadPoolExecutor(
                max_workers=1,
                thread_name_prefix="features",
                initializer=extractor.enter_thread,
            )
            if ahead
            else None
        )

    def __enter__(self) -> FeatureMaker:
        return self

    def __exit__(self, *error: object) -> None:
        if self._worker:
            self._worker.shutdown(cancel_futures=True)

    def begin(self, samples: np.ndarray) -> PendingWindow:
        """Begin with a window of samples; return what waits for it, prepared once."""
        if self._worker:
            return self._worker.submit(self._extractor.prepare, samples).result
        return cache(partial(self._extractor.prepare, samples))


def lookahead(items: Iterable[_T], depth: int) -> Iterator[_T]:
    """Yield items in order, each when the ``depth`` that follow it are there, too."""
    waiting: deque[_T] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > depth:
            yield waiting.popleft()
    yield from waiting
