"""Wav2Vec2ForCTC: wav2vec 2.0, XLS-R and MMS with letters as labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from speech_toolkit.alignment.models.raw_waveform import RawWaveformCheckpoint

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC


@dataclass(frozen=True)
class Wav2Vec2Checkpoint(RawWaveformCheckpoint):
    """The checkpoint of a Wav2Vec2ForCTC."""

    model_type: ClassVar[str] = "wav2vec2"

    @staticmethod
    def model_class() -> type[Wav2Vec2ForCTC]:
        """Import Wav2Vec2ForCTC."""
        from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2ForCTC

        return Wav2Vec2ForCTC
