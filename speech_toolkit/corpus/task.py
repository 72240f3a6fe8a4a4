"""What is done with each item of a corpus, in a form that other processes can be handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from speech_toolkit.alignment.models.registry import resolve_ctc_checkpoint
from speech_toolkit.alignment.preparation import AlignmentSettings
from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.hashes import description_hash, weights_hash
from speech_toolkit.checkpoint.model_path import resolve_checkpoint
from speech_toolkit.corpus.digests import LATER_SETTINGS
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.device import Device
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
from speech_toolkit.transcription.request import WhisperRequest, check_settings

if TYPE_CHECKING:
    from speech_toolkit.corpus.work import CorpusModel

OnDevice = Callable[[Device, str], None]


class CorpusTask(Protocol):
    """A model that is not loaded yet, how it is used, and what is written of its results.

    Attributes:
        bundled_model: name of the one that is used because none was named; None where one was.
        checkpoint_name: directory or hub id.
        forms: what is written.
    """

    bundled_model: str | None
    checkpoint_name: str
    forms: ResultForms

    def settings(self) -> dict[str, Any]:
        """Return all that results depend on beside the items, ready for JSON.

        Raises:
            CheckpointError: the checkpoint is missing, incomplete or of another kind.
            UsageError: the model lacks what is asked of it.
        """

    def load(self, device: str, on_device: OnDevice) -> CorpusModel:
        """Load the model onto a device.

        Args:
            device: auto, npu, npu:N, cuda, cuda:N or cpu.
            on_device: called with the device and the name of the dtype before the weights load.

        Raises:
            CheckpointError: the weights do not fill the model, or their file is damaged.
            DeviceError: the device is missing, lacks the dtype, or has too little memory.
        """


@dataclass(frozen=True)
class AlignmentTask:
    """Alignment of each item with its text.

    Attributes:
        model_path: directory or hub id; None for the bundled model.
        forms: what is written of each result.
        dtype: name of the dtype.
        attn_implementation: attention kernel; None for the one transformers picks.
        float32_precision: "highest", or "high" where a card may round float32's products.
        settings_of_alignment: how to align; an item's own language goes before theirs.
        part: of each recording; an item's own times go before its.
    """

    model_path: str | None
    forms: ResultForms
    dtype: str = "float32"
    attn_implementation: str | None = None
    float32_precision: str = HIGHEST
    settings_of_alignment: AlignmentSettings = field(default_factory=AlignmentSettings)
    part: AudioPart = WHOLE

    @property
    def bundled_model(self) -> str | None:
        """Name of the bundled model, where none was named."""
        from speech_toolkit.alignment.aligner import BUNDLED_MODEL

        return BUNDLED_MODEL if self.model_path is None else None

    @property
    def checkpoint_name(self) -> str:
        """Directory or hub id of the model."""
        name = self.bundled_model
        return self.model_path if name is None else str(bundled_model(name))

    def settings(self) -> dict[str, Any]:
        """Return all that results depend on beside the items; see :class:`CorpusTask`."""
        checkpoint = resolve_ctc_checkpoint(
            self.checkpoint_name, self.settings_of_alignment.language
        )
        return {
            "task": "alignment",
            "model_path": self.checkpoint_name,
            "weights_sha256": weights_hash(checkpoint.directory),
            "description_sha256": description_hash(checkpoint.directory),
            "dtype": self.dtype,
            "attn_implementation": self.attn_implementation,
            "float32_precision": self.float32_precision,
            **_lasting(asdict(self.settings_of_alignment)),
            **({"segmenter": name} if (name := self.settings_of_alignment.segmenter) else {}),
            **self.part.settings(),
            **self.forms.settings(),
        }

    def load(self, device: str, on_device: OnDevice) -> CorpusModel:
        """Load the model onto a device; see :class:`CorpusTask`."""
        from speech_toolkit.alignment.aligner import Aligner
        from speech_toolkit.corpus.work import AlignmentModel

        name = self.checkpoint_name
        aligner = Aligner.from_checkpoint(
            name,
            resolve_ctc_checkpoint(name, self.settings_of_alignment.language),
            device,
            self.dtype,
            self.attn_implementation,
            float32_precision=self.float32_precision,
            on_device=lambda found: on_device(found, self.dtype),
        )
        return AlignmentModel(aligner, self.settings_of_alignment, self.part)


@dataclass(frozen=True)
class TranscriptionTask:
    """Recognition of each item.

    Attributes:
        request: the model and how to transcribe; an item's own language and times go before its.
            The audio, its path and its device are those of each item.
        forms: what is written of each result.
    """

    request: WhisperRequest
    forms: ResultForms

    @property
    def bundled_model(self) -> str | None:
        """Name of the bundled model, where none was named."""
        from speech_toolkit.transcription.request import BUNDLED_MODEL

        return BUNDLED_MODEL if self.request.model_path is None else None

    @property
    def checkpoint_name(self) -> str:
        """Directory or hub id of the model."""
        return self.request.checkpoint_name

    def settings(self) -> dict[str, Any]:
        """Return all that results depend on beside the items; see :class:`CorpusTask`."""
        checkpoint = resolve_checkpoint(self.checkpoint_name, read_whisper_checkpoint)
        check_settings(checkpoint, self.request.settings)
        return {
            "task": "transcription",
            "model_path": self.checkpoint_name,
            "weights_sha256": weights_hash(checkpoint.directory),
            "description_sha256": description_hash(checkpoint.directory),
            "dtype": self.request.dtype,
            "attn_implementation": self.request.attn_implementation,
            "float32_precision": self.request.float32_precision,
            **_lasting(asdict(self.request.settings)),
            **self.request.part.settings(),
            **self.forms.settings(),
        }

    def load(self, device: str, on_device: OnDevice) -> CorpusModel:
        """Load the model onto a device; see :class:`CorpusTask`."""
        from speech_toolkit.corpus.work import TranscriptionModel
        from speech_toolkit.transcription.transcriber import Transcriber

        request = self.request.on(device, self.request.dtype)
        transcriber = Transcriber.for_request(request, on_device=on_device)
        return TranscriptionModel(transcriber, request.settings, request.part)


def _lasting(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings without the size of batches, which a run may change and go on.

    Those that earlier versions did not have are left out at their defaults, so that their runs are
    gone on with.
    """
    return {
        name: value
        for name, value in settings.items()
        if name != "batch_size" and (name, value) not in LATER_SETTINGS.items()
    }
