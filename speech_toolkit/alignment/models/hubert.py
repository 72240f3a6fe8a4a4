"""HubertForCTC: HuBERT with letters as labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from speech_toolkit.alignment.models.raw_waveform import RawWaveformCheckpoint

if TYPE_CHECKING:
    from transformers import HubertForCTC


@dataclass(frozen=True)
class HubertCheckpoint(RawWaveformCheckpoint):
    """The checkpoint of a HubertForCTC."""

    model_type: ClassVar[str] = "hubert"

    @staticmethod
    def model_class() -> type[HubertForCTC]:
        """Import HubertForCTC."""
        from transformers.models.hubert.modeling_hubert import HubertForCTC

        return HubertForCTC
