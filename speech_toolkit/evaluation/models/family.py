"""The families of models: which one a checkpoint is of, and its one adapter. Imports no torch.

A new family is a file beside this one that keeps ``protocol``, and its line in each table here.
"""

from pathlib import Path

from speech_toolkit.alignment.models.registry import CTC_MODELS, read_ctc_checkpoint
from speech_toolkit.checkpoint.model_path import read_config, resolve_checkpoint
from speech_toolkit.errors import CheckpointError
from speech_toolkit.evaluation.models.ctc import CtcModel
from speech_toolkit.evaluation.models.protocol import EvaluatedModel, ModelSettings
from speech_toolkit.evaluation.models.whisper import WhisperModel
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint

MMS, WHISPER = "mms", "whisper"
_FAMILIES = {**dict.fromkeys(CTC_MODELS, MMS), "whisper": WHISPER}  # by model_type
_READERS = {MMS: read_ctc_checkpoint, WHISPER: read_whisper_checkpoint}
_ADAPTERS = {MMS: CtcModel, WHISPER: WhisperModel}
BUNDLED_MODELS = {MMS: "tiny-mms-aligner", WHISPER: "tiny-whisper"}
CARD_DTYPES = {MMS: "float32", WHISPER: "float16"}
SAMPLE_RATE_HZ = 16_000


def family_of(model_path: str) -> str:
    """Return "mms" or "whisper" for a checkpoint; reads its ``config.json`` and nothing else.

    Raises:
        CheckpointError: there is no such checkpoint, or it is of another family.
    """
    model_type = read_config(model_path).get("model_type")
    if model_type not in _FAMILIES:
        raise CheckpointError(
            f"{model_path}: config.json has model_type {model_type!r}; supported families: "
            f"{', '.join(sorted(_FAMILIES))}"
        )
    return _FAMILIES[model_type]


def checkpoint_directory(model_path: str) -> Path:
    """Return the directory of a whole checkpoint of either family, brought here if needed.

    Raises:
        CheckpointError: there is no such checkpoint, it is of another family, or incomplete.
    """
    return resolve_checkpoint(model_path, _READERS[family_of(model_path)]).directory


def load_model(settings: ModelSettings) -> EvaluatedModel:
    """Load a checkpoint of either family onto a device.

    Raises:
        CheckpointError: the checkpoint is incomplete or of another family.
        DeviceError: the device is missing, lacks the dtype, or has too little memory.
    """
    return _ADAPTERS[family_of(settings.model_path)](settings)
