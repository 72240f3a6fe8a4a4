"""The one adapter of each family of models. Imports no torch.

A new family is a file beside this one that keeps ``protocol``, its line in each table here, and in
``speech_toolkit.families``.
"""

from pathlib import Path

from speech_toolkit.alignment.models.registry import resolve_ctc_checkpoint
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.evaluation.models.ctc import CtcModel
from speech_toolkit.evaluation.models.protocol import EvaluatedModel, ModelSettings
from speech_toolkit.evaluation.models.whisper import WhisperModel
from speech_toolkit.families import MMS, WHISPER, family_of
from speech_toolkit.processes.child import spare_loaded
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint

_ADAPTERS = {MMS: CtcModel, WHISPER: WhisperModel}
BUNDLED_MODELS = {MMS: "tiny-mms-aligner", WHISPER: "tiny-whisper"}
CARD_DTYPES = {MMS: "float32", WHISPER: "float16"}
SAMPLE_RATE_HZ = 16_000


def checkpoint_directory(model_path: str, language: str | None = None) -> Path:
    """Return the directory of a whole checkpoint of either family, brought here if needed.

    Args:
        model_path: a directory, or a hub id.
        language: of the transcripts, which picks the adapter of a CTC checkpoint that has one for
            each language; None for its default.

    Raises:
        CheckpointError: there is no such checkpoint, it is of another family, or incomplete.
        UsageError: there is no adapter for the language.
    """
    if family_of(model_path) == MMS:
        return resolve_ctc_checkpoint(model_path, language).directory
    return resolve_checkpoint(model_path, read_whisper_checkpoint).directory


def load_model(settings: ModelSettings) -> EvaluatedModel:
    """Load a checkpoint of either family onto a device.

    Raises:
        CheckpointError: the checkpoint is incomplete or of another family.
        DeviceError: the device is missing, lacks the dtype, or has too little memory.
    """
    loaded = _ADAPTERS[family_of(settings.model_path)](settings)
    spare_loaded()
    return loaded
