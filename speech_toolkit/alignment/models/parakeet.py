"""ParakeetForCTC: a Fast Conformer over log-mel features, with pieces of words as labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
from speech_toolkit.alignment.models.mel_features import MelInput, MelSettings, normalized_log_mel
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.text.subwords import SubwordVocabulary
from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json
from speech_toolkit.checkpoint.pretrained import foreign_errors, load_model
from speech_toolkit.checkpoint.processor_files import read_feature_settings
from speech_toolkit.errors import CheckpointError
from speech_toolkit.files.json_input import shown_path

if TYPE_CHECKING:
    import torch
    from transformers import ParakeetForCTC

    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device import Device

_TOKENIZER_NAME = "tokenizer.json"


@dataclass(frozen=True)
class ParakeetCheckpoint(CtcCheckpoint):
    """The checkpoint of a ParakeetForCTC.

    Attributes:
        mel: how its features are made.
        subsampling: mel frames from one frame of the model to the next.
    """

    mel: MelSettings = field(kw_only=True)
    subsampling: int = field(kw_only=True)

    @classmethod
    def read(cls, directory: Path, config: Mapping[str, Any], language: str | None) -> Self:
        """Read and check everything but the weights; see :class:`CtcCheckpoint`."""
        encoder = config.get("encoder_config", {})
        mel = _read_mel_settings(directory, encoder.get("num_mel_bins", 80))
        subsampling = encoder.get("subsampling_factor", 8)
        kernel = encoder.get("subsampling_conv_kernel_size", 3)
        seen_mel_frames = 1 + (kernel - 1) * (subsampling - 1)
        receptive_field = (seen_mel_frames - 1) * mel.hop_samples + mel.window_samples
        return cls(
            directory=directory,
            vocabulary=_read_vocabulary(directory, config),
            geometry=FrameGeometry(
                receptive_field_samples=receptive_field,
                stride_samples=subsampling * mel.hop_samples,
                sample_rate_hz=mel.sample_rate_hz,
                padding_samples=receptive_field - mel.hop_samples,
            ),
            normalizes_waveform=False,
            most_frames=encoder.get("max_position_embeddings", 5000),
            hides_padding=True,
            mel=mel,
            subsampling=subsampling,
        )

    def load_model(
        self, device: Device, dtype: torch.dtype, attn_implementation: str | None
    ) -> ParakeetForCTC:
        """Load the weights onto ``device``; see :class:`CtcCheckpoint`."""
        from transformers.models.parakeet.modeling_parakeet import ParakeetForCTC

        return load_model(ParakeetForCTC, self.directory, device, dtype, attn_implementation)

    def model_input(self, waveform: Waveform) -> MelInput:
        """Make the features of the whole waveform."""
        return MelInput(normalized_log_mel(waveform.samples, self.mel), self.subsampling)


def _read_mel_settings(directory: Path, num_mel_bins: int) -> MelSettings:
    """Read how the features are made, and hold it against what the encoder takes.

    Raises:
        CheckpointError: the feature extractor makes other features.
    """
    features = read_feature_settings(directory)
    values = features.values
    settings = MelSettings(
        bands=values.get("feature_size", 80),
        sample_rate_hz=values.get("sampling_rate", 16_000),
        hop_samples=values.get("hop_length", 160),
        transform_samples=values.get("n_fft", 512),
        window_samples=values.get("win_length", 400),
        preemphasis=values.get("preemphasis", 0.97) or 0.0,
    )
    path = shown_path(features.path or directory)
    if settings.bands != num_mel_bins:
        raise CheckpointError(
            f"{path}: feature_size is {settings.bands}, but {CONFIG_NAME} has num_mel_bins "
            f"{num_mel_bins}; the two files are of different checkpoints"
        )
    if settings.window_samples > settings.transform_samples:
        raise CheckpointError(
            f"{path}: win_length is {settings.window_samples}, above n_fft "
            f"{settings.transform_samples}; download it again"
        )
    return settings


def _read_vocabulary(directory: Path, config: Mapping[str, Any]) -> SubwordVocabulary:
    """Read the pieces of words, and the tokenizer that cuts words into them.

    Raises:
        CheckpointError: there is no ``tokenizer.json``, it is damaged, or config.json names no
            blank.
    """
    path = directory / _TOKENIZER_NAME
    if not path.is_file():
        raise CheckpointError(
            f"{shown_path(directory)}: has no {_TOKENIZER_NAME}; download the whole checkpoint "
            "again"
        )
    special = {token["content"] for token in read_json(path).get("added_tokens", ())}
    with foreign_errors(path, "is no tokenizer"):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(path))
    pieces = tokenizer.get_vocab(with_added_tokens=True)
    size, blank_id = config.get("vocab_size", 1025), config.get("pad_token_id", 1024)
    if blank_id is None or not 0 <= blank_id < size:
        raise CheckpointError(
            f"{shown_path(directory / CONFIG_NAME)}: pad_token_id is {blank_id}, not an id below "
            f"vocab_size {size} that stands for the blank; download it again"
        )
    return SubwordVocabulary(
        ids={
            piece: column
            for piece, column in pieces.items()
            if piece not in special and column != blank_id and column < size
        },
        blank_id=blank_id,
        size=size,
        tokenizer=tokenizer,
    )
