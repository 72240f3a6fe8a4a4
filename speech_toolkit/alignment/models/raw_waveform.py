"""What the CTC models that take the waveform itself have in common.

Dimensions: B windows in a batch, S samples in a window, F frames in a window.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
from speech_toolkit.alignment.models.language_adapters import (
    DEFAULT_LANGUAGE,
    adapter_files,
    load_adapter,
    pick_language,
)
from speech_toolkit.alignment.models.letter_vocabulary import (
    is_of_languages,
    letters_of_all,
    letters_of_one,
    read_entries,
    read_tokenizer_config,
)
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.checkpoint.files import CONFIG_NAME
from speech_toolkit.checkpoint.pretrained import load_model
from speech_toolkit.checkpoint.processor_files import FeatureSettings, read_feature_settings
from speech_toolkit.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device import Device

_VARIANCE_FLOOR = 1e-7
_STATISTICS_BLOCK_SAMPLES = 1 << 20
_OF_TRAINING = "masked_spec_embed"  # a tensor that only training uses


@dataclass(frozen=True)
class RawWaveformCheckpoint(CtcCheckpoint):
    """A checkpoint whose first layers are unpadded convolutions over the waveform.

    ``do_normalize`` of its feature extractor says whether it was trained on waveforms of zero
    mean and unit variance.
    """

    model_type: ClassVar[str]
    takes_mask: ClassVar[bool] = True

    @classmethod
    def read(cls, directory: Path, config: Mapping[str, Any], language: str | None) -> Self:
        """Read and check everything but the weights; see :class:`CtcCheckpoint`."""
        if config.get("add_adapter"):
            raise CheckpointError(
                f"{directory}: has add_adapter, which changes the frame rate; use a checkpoint "
                "without"
            )
        features = read_feature_settings(directory)
        geometry = _geometry(directory, config, features)
        entries = read_entries(directory)
        adapter = _pick_adapter(directory, config, entries, language)
        return cls(
            directory=directory,
            vocabulary=letters_of_all(directory, config, entries)
            if adapter is None
            else letters_of_one(directory, config, entries[adapter]),
            geometry=geometry,
            normalizes_waveform=features.values.get("do_normalize", True),
            adapter=adapter,
            hides_padding=cls.takes_mask and _hides_padding(config),
        )

    @property
    def adapter_files(self) -> tuple[str, ...]:
        """Names under which the adapter may be stored; see :class:`CtcCheckpoint`."""
        return () if self.adapter is None else adapter_files(self.adapter)

    @staticmethod
    @abstractmethod
    def model_class() -> type[PreTrainedModel]:
        """Import the class of transformers that the checkpoint is of."""

    def load_model(
        self, device: Device, dtype: torch.dtype, attn_implementation: str | None
    ) -> PreTrainedModel:
        """Load the weights onto ``device``; see :class:`CtcCheckpoint`."""
        model = load_model(
            self.model_class(),
            self.directory,
            device,
            dtype,
            attn_implementation,
            may_lack={f"{self.model_type}.{_OF_TRAINING}"},
            folded=("pos_conv_embed",),
        )
        unused = getattr(model.base_model, _OF_TRAINING, None)
        if unused is not None:
            unused.detach().zero_()  # transformers 4 may leave in it what the memory held
        if self.adapter is not None:
            load_adapter(model, self.directory, self.adapter, self.vocabulary.size)
        return model

    def model_input(self, waveform: Waveform) -> RawWaveformInput:
        """Take the waveform as it is, or at zero mean and unit variance."""
        mean, scale = _normalization(waveform.samples) if self.normalizes_waveform else (0.0, 1.0)
        return RawWaveformInput(waveform.samples, self.geometry, mean, scale)


@dataclass(frozen=True)
class RawWaveformInput:
    """A waveform of which windows are cut, normalised one by one.

    Attributes:
        samples: float32, the whole.
        geometry: from samples to frames.
        mean: taken off every sample.
        scale: what the rest is multiplied by.
    """

    samples: np.ndarray
    geometry: FrameGeometry
    mean: float
    scale: float

    def windows(self, starts: Sequence[int], num_frames: int) -> dict[str, np.ndarray]:
        """Return "input_values", float32 (B, S)."""
        length = self.geometry.samples(num_frames)
        windows_BS = np.empty((len(starts), length), dtype=np.float32)
        for row, frame in zip(windows_BS, starts, strict=True):
            start = frame * self.geometry.stride_samples
            row[:] = self.samples[start : start + length]
        windows_BS -= self.mean
        windows_BS *= self.scale
        return {"input_values": windows_BS}


def _pick_adapter(
    directory: Path, config: Mapping[str, Any], entries: Mapping[str, Any], language: str | None
) -> str | None:
    """Return the language whose adapter is to be loaded; None for a checkpoint without adapters.

    Raises:
        UsageError: there is no adapter for the language.
    """
    if config.get("adapter_attn_dim") is None or not is_of_languages(entries):
        return None
    own = read_tokenizer_config(directory).get("target_lang") or DEFAULT_LANGUAGE
    return pick_language(directory, entries.keys(), language or own)


def _hides_padding(config: Mapping[str, Any]) -> bool:
    """Whether nothing but the mask decides what padding does to the frames before it.

    The convolutions reach no padding, and what is behind the mask is zero for the one that tells
    positions, as it is beyond the edge of a window. A group norm, though, takes its statistics
    over all of the time, and a batch norm turns the zeros into others.
    """
    has_group_norm = config.get("feat_extract_norm", "group") != "layer"
    return not (has_group_norm or config.get("conv_pos_batch_norm"))


def _geometry(
    directory: Path, config: Mapping[str, Any], features: FeatureSettings
) -> FrameGeometry:
    try:
        return FrameGeometry.from_convolutions(
            config["conv_kernel"],
            config["conv_stride"],
            features.values.get("sampling_rate", 16_000),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{directory / CONFIG_NAME}: conv_kernel and conv_stride are missing or do not match"
        ) from error


def _normalization(samples: np.ndarray) -> tuple[float, float]:
    """Return the mean and the scale that give ``samples`` zero mean and unit variance.

    Wav2Vec2FeatureExtractor's formula, summed in float64 by blocks, so that no second copy of
    the waveform is made.
    """
    starts = range(0, len(samples), _STATISTICS_BLOCK_SAMPLES)
    blocks = [slice(start, start + _STATISTICS_BLOCK_SAMPLES) for start in starts]
    mean = sum(np.sum(samples[block], dtype=np.float64) for block in blocks) / len(samples)
    squares = sum(np.sum(np.square(samples[block] - mean, dtype=np.float64)) for block in blocks)
    return float(mean), float(1.0 / np.sqrt(squares / len(samples) + _VARIANCE_FLOOR))
