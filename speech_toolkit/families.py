"""The families of models, and which one a checkpoint is of. Imports no torch."""

import os

from speech_toolkit.alignment.models.registry import CTC_MODELS
from speech_toolkit.checkpoint.architectures import config_family
from speech_toolkit.checkpoint.files import CONFIG_NAME
from speech_toolkit.checkpoint.model_path import read_config
from speech_toolkit.errors import CheckpointError

MMS, WHISPER = "mms", "whisper"
_FAMILIES = {**dict.fromkeys(CTC_MODELS, MMS), "whisper": WHISPER}  # by model_type


def family_of(model_path: str | os.PathLike[str]) -> str:
    """Return "mms" or "whisper" for a checkpoint; reads its ``config.json`` and nothing else.

    Raises:
        CheckpointError: there is no such checkpoint, or it is of another family.
    """
    config = read_config(os.fspath(model_path))
    model_type = config_family(config)
    if model_type not in _FAMILIES:
        raise CheckpointError(
            f"{model_path}: {CONFIG_NAME} has model_type {config.get('model_type')!r}; supported "
            f"families: {', '.join(sorted(_FAMILIES))}"
        )
    return _FAMILIES[model_type]
