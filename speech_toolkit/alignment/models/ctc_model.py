"""Load a Wav2Vec2ForCTC checkpoint: its vocabulary, its frame geometry, and the model itself.

The first two are read from JSON and need no torch; the model is loaded last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit.alignment.models.phonemes import sign_of_sounds
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json
from speech_toolkit.checkpoint.pretrained import load_model
from speech_toolkit.checkpoint.processor_files import read_feature_settings
from speech_toolkit.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from transformers import Wav2Vec2ForCTC

    from speech_toolkit.device.device import Device

ARCHITECTURE = "Wav2Vec2ForCTC"
_TOKENIZER_CONFIG = "tokenizer_config.json"
_MARKED_SPECIAL = (("<", ">"), ("[", "]"))


@dataclass(frozen=True)
class FrameGeometry:
    """How the convolutions of the feature encoder turn samples into frames.

    Attributes:
        receptive_field_samples: samples that one frame sees.
        stride_samples: samples from one frame's start to the next one's.
        sample_rate_hz: rate of the waveform that the model takes.
    """

    receptive_field_samples: int
    stride_samples: int
    sample_rate_hz: int

    @classmethod
    def from_convolutions(
        cls, kernels: Sequence[int], strides: Sequence[int], sample_rate_hz: int
    ) -> FrameGeometry:
        """Compose the kernels and strides of a stack of unpadded convolutions.

        Raises:
            ValueError: there are not as many of the one as of the other, or one is below 1.
        """
        if min(*kernels, *strides) < 1:
            raise ValueError("a kernel or stride is below 1")
        receptive_field, stride = 1, 1
        for kernel, step in zip(kernels, strides, strict=True):
            receptive_field += (kernel - 1) * stride
            stride *= step
        return cls(receptive_field, stride, sample_rate_hz)

    @property
    def stride_s(self) -> float:
        """Seconds from one frame's start to the next one's."""
        return self.stride_samples / self.sample_rate_hz

    def frames(self, num_samples: int) -> int:
        """Return how many frames the model makes of ``num_samples`` samples."""
        return max(0, (num_samples - self.receptive_field_samples) // self.stride_samples + 1)

    def samples(self, num_frames: int) -> int:
        """Return the fewest samples that make ``num_frames`` frames (at least 1)."""
        return (num_frames - 1) * self.stride_samples + self.receptive_field_samples


@dataclass(frozen=True)
class CtcCheckpoint:
    """What is known of a checkpoint before its weights are loaded.

    Attributes:
        directory: where its files are.
        vocabulary: the labels that a transcript can use.
        geometry: from samples to frames.
        normalizes_waveform: whether the checkpoint was trained on waveforms of zero mean and
            unit variance (``do_normalize`` of its feature extractor).
    """

    directory: Path
    vocabulary: Vocabulary
    geometry: FrameGeometry
    normalizes_waveform: bool


def read_ctc_checkpoint(directory: Path) -> CtcCheckpoint:
    """Read and check everything but the weights.

    Raises:
        CheckpointError: another architecture, no tokenizer, no blank, or files that contradict
            each other.
    """
    config = read_json(directory / CONFIG_NAME)
    architectures = config.get("architectures") or [f"model_type {config.get('model_type')}"]
    if ARCHITECTURE not in architectures:
        raise CheckpointError(
            f"{directory}: is a {architectures[0]}; forced alignment needs a {ARCHITECTURE}"
        )
    if config.get("add_adapter"):
        raise CheckpointError(
            f"{directory}: has add_adapter, which changes the frame rate; use a checkpoint without"
        )
    features = read_feature_settings(directory)
    try:
        geometry = FrameGeometry.from_convolutions(
            config["conv_kernel"],
            config["conv_stride"],
            features.values.get("sampling_rate", 16_000),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{directory / CONFIG_NAME}: conv_kernel and conv_stride are missing or do not match"
        ) from error
    return CtcCheckpoint(
        directory=directory,
        vocabulary=read_vocabulary(directory, config),
        geometry=geometry,
        normalizes_waveform=features.values.get("do_normalize", True),
    )


def read_vocabulary(directory: Path, config: Mapping[str, Any]) -> Vocabulary:
    """Read the labels of a checkpoint from its ``vocab.json``.

    Ids at or beyond the width of the logits, which tokenizers add for special tokens, are left
    out. The blank is ``<blank>`` where the vocabulary has one, else the padding token, which is
    what ``Wav2Vec2ForCTC`` trains as blank.

    Raises:
        CheckpointError: no ``vocab.json``, one vocabulary per language, no blank, or labels that
            are no letters.
    """
    path = directory / "vocab.json"
    if not path.is_file():
        raise CheckpointError(
            f"{directory}: has no vocab.json, so its tokenizer is missing; download the whole "
            "checkpoint again"
        )
    entries = read_json(path)
    if any(not isinstance(value, int) for value in entries.values()):
        raise CheckpointError(
            f"{path}: is not a flat vocabulary (one per language, with adapters?); use a "
            "checkpoint with a single vocabulary"
        )
    size = _positive_int(directory / CONFIG_NAME, config, "vocab_size", len(entries))
    entries = {token: index for token, index in entries.items() if 0 <= index < size}
    blank_id = entries.get("<blank>", config.get("pad_token_id"))
    if not isinstance(blank_id, int) or not 0 <= blank_id < size:
        raise CheckpointError(
            f"{path}: has no <blank>, and config.json names no pad_token_id below vocab_size "
            f"{size} to stand for it; a CTC model needs a blank"
        )
    special = _special_tokens(directory)
    separator = special.get("word_delimiter_token") or "|"
    letters = {
        token: index
        for token, index in entries.items()
        if index != blank_id
        and token != separator
        and token not in special.values()
        and not any(token.startswith(a) and token.endswith(z) for a, z in _MARKED_SPECIAL)
    }
    _refuse_sounds(directory, letters, config)
    return Vocabulary(
        ids=letters,
        blank_id=blank_id,
        size=size,
        word_separator_id=entries.get(separator),
    )


def _positive_int(path: Path, content: Mapping[str, Any], key: str, default: int) -> int:
    value = content.get(key, default)
    if not isinstance(value, int) or value < 1:
        raise CheckpointError(
            f"{path}: {key} is {value!r}, not a whole number of at least 1; download it again"
        )
    return value


def _refuse_sounds(directory: Path, labels: Collection[str], config: Mapping[str, Any]) -> None:
    """Raise where the labels are no letters, so that a transcript would be aligned to nonsense."""
    path = directory / _TOKENIZER_CONFIG
    found = sign_of_sounds(labels, read_json(path) if path.is_file() else {}, config)
    if found is not None:
        raise CheckpointError(
            f"{directory}: is a model of phonemes or pieces of words ({found}), to which the "
            "letters of a transcript cannot be aligned; use a checkpoint whose labels are letters, "
            "such as MahmoudAshraf/mms-300m-1130-forced-aligner"
        )


def _special_tokens(directory: Path) -> dict[str, str]:
    """Return role -> text of the special tokens that the tokenizer's own files declare."""
    declared: dict[str, str] = {}
    for name in ("special_tokens_map.json", _TOKENIZER_CONFIG):
        path = directory / name
        if not path.is_file():
            continue
        for role, value in read_json(path).items():
            text = value.get("content") if isinstance(value, dict) else value
            if role.endswith("_token") and isinstance(text, str):
                declared[role] = text
    return declared


def load_ctc_model(
    checkpoint: CtcCheckpoint,
    device: Device,
    dtype: torch.dtype,
    attn_implementation: str | None = None,
) -> Wav2Vec2ForCTC:
    """Load the weights in ``dtype`` onto ``device``, in evaluation mode.

    Raises:
        CheckpointError: the weights do not fill the model, or a file of the two is damaged.
        DeviceError: the model does not fit into the device's memory.
        UsageError: the attention implementation is not to be had here.
    """
    from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2ForCTC

    return load_model(
        Wav2Vec2ForCTC,
        checkpoint.directory,
        device,
        dtype,
        attn_implementation,
        may_lack={"wav2vec2.masked_spec_embed"},  # used in training only
    )
