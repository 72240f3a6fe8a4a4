"""What a CTC model must offer to be aligned with: the protocol that each file of models keeps.

Dimensions: B windows in a batch, F frames in a window.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
    from speech_toolkit.alignment.text.vocabulary import Vocabulary
    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device import Device


class ModelInput(Protocol):
    """A whole waveform in the form that a model takes, of which windows are cut."""

    def windows(self, starts: Sequence[int], num_frames: int) -> dict[str, np.ndarray]:
        """Cut windows of equal length.

        Args:
            starts: the first frame of each of B windows.
            num_frames: F.

        Returns:
            The arguments of the model by name, each of B rows; of each row the model makes F
            frames. Floats are float32.
        """


@dataclass(frozen=True)
class CtcCheckpoint(ABC):
    """What is known of a checkpoint before its weights are loaded; all of it without torch.

    Attributes:
        directory: where its files are.
        vocabulary: the labels that a transcript can use.
        geometry: from samples to frames.
        normalizes_waveform: whether the whole waveform is brought to zero mean and unit variance.
        adapter: the language, by the checkpoint's own name, whose adapter stands beside the
            weights; None where there are no adapters.
        most_frames: the most that the model takes at a time; None where there is no limit.
        hides_padding: whether the model, given a mask, makes of a window what it makes of it
            without the padding; else only windows of one length share a batch.
    """

    directory: Path
    vocabulary: Vocabulary
    geometry: FrameGeometry
    normalizes_waveform: bool
    adapter: str | None = None
    most_frames: int | None = None
    hides_padding: bool = False

    @classmethod
    @abstractmethod
    def read(cls, directory: Path, config: Mapping[str, Any], language: str | None) -> Self:
        """Read and check everything but the weights.

        Args:
            directory: of the checkpoint.
            config: content of its config.json, held against its schema.
            language: of the transcripts; None for the checkpoint's own default. It matters where
                there are adapters.

        Raises:
            CheckpointError: files are missing, or contradict each other.
            UsageError: there is no adapter for the language.
        """

    @property
    def adapter_files(self) -> tuple[str, ...]:
        """Names under which the adapter may be stored, the best first; empty without adapters."""
        return ()

    @abstractmethod
    def load_model(
        self, device: Device, dtype: torch.dtype, attn_implementation: str | None
    ) -> PreTrainedModel:
        """Load the weights onto ``device``; what the model returns has ``logits``, (B, F, V).

        Raises:
            CheckpointError: the weights do not fill the model, or a file of them is damaged.
            DeviceError: the model does not fit into the device's memory.
            UsageError: the attention implementation is not to be had here.
        """

    @abstractmethod
    def model_input(self, waveform: Waveform) -> ModelInput:
        """Bring a waveform of at least one frame into the form that the model takes."""
