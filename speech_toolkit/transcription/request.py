"""What one run of Whisper is asked for, in a form that other processes can be handed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.bundled import bundled_model
from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.errors import UsageError
from speech_toolkit.transcription.settings import TranscriptionSettings

if TYPE_CHECKING:
    from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

BUNDLED_MODEL = "tiny-whisper"
_ASKED_FOR = "asked for"


@dataclass(frozen=True)
class WhisperRequest:
    """One audio file to transcribe with a model that is not loaded yet.

    Attributes:
        model_path: directory or hub id; None for the bundled model.
        audio_path: file, or ``-`` for standard input.
        device: auto, npu, npu:N, cuda, cuda:N or cpu.
        dtype: name of the dtype; None for float16 on NPU and CUDA, float32 on CPU.
        attn_implementation: attention kernel; None for the one transformers picks.
        decode_graph: "auto", "on" or "off": whether a decoding step is captured as a graph.
        settings: how to transcribe.
        audio_file: holds what came out of an ``audio_path`` that can be read once; None for that
            path itself.
        float32_precision: "highest", or "high" where a card may round float32's products.
        part: what of the file is transcribed.
    """

    model_path: str | None
    audio_path: str
    device: str = "auto"
    dtype: str | None = None
    attn_implementation: str | None = None
    decode_graph: str = "auto"
    settings: TranscriptionSettings = field(default_factory=TranscriptionSettings)
    audio_file: str | None = None
    float32_precision: str = HIGHEST
    part: AudioPart = WHOLE

    @property
    def audio(self) -> AudioSource:
        """Where the audio is read from, under the name that the user gave it."""
        return AudioSource(
            self.audio_file or self.audio_path, named=self.audio_path, part=self.part
        )

    @property
    def checkpoint_name(self) -> str:
        """Directory or hub id of the model, the bundled one where none is named."""
        return str(bundled_model(BUNDLED_MODEL)) if self.model_path is None else self.model_path

    def on(self, device: str, dtype: str | None) -> WhisperRequest:
        """Return the same request for another device and dtype."""
        return replace(self, device=device, dtype=dtype)

    def to_payload(self) -> dict[str, Any]:
        """Return the request as a dict of what JSON knows."""
        return asdict(self)

    def config(self) -> dict[str, Any]:
        """Return every setting as a report shows it."""
        shown = {
            name: value
            for name, value in self.to_payload().items()
            if name not in ("audio_file", "part")
        }
        return shown | self.part.settings()

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> WhisperRequest:
        """Return the request that :meth:`to_payload` was called on, before or after JSON."""
        settings = dict(payload["settings"])
        settings["temperatures"] = tuple(settings["temperatures"])
        parts = {
            "settings": TranscriptionSettings(**settings),
            "part": AudioPart(**payload["part"]),
        }
        return cls(**{**payload, **parts})


def opening_sources(
    checkpoint: WhisperCheckpoint, settings: TranscriptionSettings
) -> dict[str, str]:
    """Return what decided on the language and the task, for the result."""
    opening = checkpoint.default_opening
    language = opening.language_source or "detected"
    return {
        "language_source": _ASKED_FOR if settings.language else language,
        "task_source": _ASKED_FOR if settings.task else opening.task_source or "default",
    }


def check_settings(checkpoint: WhisperCheckpoint, settings: TranscriptionSettings) -> None:
    """Make sure that a model has what the settings ask for.

    Raises:
        UsageError: a language, a task, word times or a window that the model does not have.
    """
    longest_s = checkpoint.window_samples / checkpoint.sample_rate_hz
    if settings.chunk_length_s > longest_s:
        raise UsageError(
            f"chunk length {settings.chunk_length_s:g} s: this model hears at most "
            f"{longest_s:g} s at a time"
        )
    task = settings.task or checkpoint.default_task
    checkpoint.sot_sequence(settings.language, task, settings.timestamps != "none")
    if settings.timestamps == "word" and not checkpoint.alignment_heads:
        raise UsageError(
            f"{checkpoint.directory}: names no alignment heads that the model has, so that words "
            "have no times; use --timestamps segment"
        )
