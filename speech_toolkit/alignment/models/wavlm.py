"""WavLMForCTC: WavLM with letters as labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from speech_toolkit.alignment.models.raw_waveform import RawWaveformCheckpoint

if TYPE_CHECKING:
    from transformers import WavLMForCTC


@dataclass(frozen=True)
class WavLMCheckpoint(RawWaveformCheckpoint):
    """The checkpoint of a WavLMForCTC."""

    model_type: ClassVar[str] = "wavlm"
    takes_mask: ClassVar[bool] = False  # torch warns that it will refuse what it gets as one

    @staticmethod
    def model_class() -> type[WavLMForCTC]:
        """Import WavLMForCTC."""
        from transformers.models.wavlm.modeling_wavlm import WavLMForCTC

        return WavLMForCTC
