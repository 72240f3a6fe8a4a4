"""The CTC models that can be aligned with, by ``model_type``, and how a checkpoint finds its own.

A new one: a file beside this one that keeps ``protocol``, and its line in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.checkpoint.architectures import config_family
from speech_toolkit.checkpoint.files import CONFIG_NAME, read_json
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from speech_toolkit.device import Device


class _Entry(NamedTuple):
    """Where a model type is at home.

    Attributes:
        module: file of this package.
        checkpoint_class: its CtcCheckpoint.
        architecture: transformers' name of the model with its CTC head.
    """

    module: str
    checkpoint_class: str
    architecture: str


CTC_MODELS: Mapping[str, _Entry] = {
    "wav2vec2": _Entry("wav2vec2", "Wav2Vec2Checkpoint", "Wav2Vec2ForCTC"),
    "hubert": _Entry("hubert", "HubertCheckpoint", "HubertForCTC"),
    "wavlm": _Entry("wavlm", "WavLMCheckpoint", "WavLMForCTC"),
    "parakeet_ctc": _Entry("parakeet", "ParakeetCheckpoint", "ParakeetForCTC"),
}


def read_ctc_checkpoint(directory: Path, language: str | None = None) -> CtcCheckpoint:
    """Read and check everything of a checkpoint but the weights.

    Args:
        directory: of the checkpoint.
        language: of the transcripts, which picks the adapter of a checkpoint that has one for
            each language; None for its default.

    Raises:
        CheckpointError: another architecture, no tokenizer, no blank, or files that contradict
            each other.
        UsageError: there is no adapter for the language.
    """
    config = read_json(directory / CONFIG_NAME)
    architectures = config.get("architectures") or [f"model_type {config.get('model_type')}"]
    entry = CTC_MODELS.get(config_family(config))
    wanted = [one.architecture for one in ([entry] if entry else CTC_MODELS.values())]
    if not set(wanted) & set(architectures):
        raise CheckpointError(
            f"{directory}: is a {architectures[0]}; forced alignment needs a {' or '.join(wanted)}"
        )
    module = import_module(f"{__package__}.{entry.module}")
    return getattr(module, entry.checkpoint_class).read(directory, config, language)


def resolve_ctc_checkpoint(model_path: str, language: str | None = None) -> CtcCheckpoint:
    """Bring a whole checkpoint to this machine, of adapters that of the language alone.

    Args:
        model_path: a directory, or a hub id such as ``owner/name``.
        language: as in :func:`read_ctc_checkpoint`.

    Raises:
        CheckpointError: there is no such checkpoint, or it is incomplete or of another kind.
        UsageError: there is no adapter for the language.
    """
    return resolve_checkpoint(
        model_path,
        partial(read_ctc_checkpoint, language=language),
        lambda checkpoint: checkpoint.adapter_files,
    )


def load_ctc_model(
    checkpoint: CtcCheckpoint,
    device: Device,
    dtype: torch.dtype,
    attn_implementation: str | None = None,
) -> PreTrainedModel:
    """Load the weights in ``dtype`` onto ``device``, in evaluation mode.

    Raises:
        CheckpointError: the weights do not fill the model, or a file of the two is damaged.
        DeviceError: the model does not fit into the device's memory.
        UsageError: the attention implementation is not to be had here.
    """
    return checkpoint.load_model(device, dtype, attn_implementation)
