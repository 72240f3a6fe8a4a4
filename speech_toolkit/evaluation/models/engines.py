"""The two model families behind one call, for measurements of speed: a waveform in, stages timed.

Dimensions: T frames of a waveform, V labels.

An engine is loaded in the process of its device. What it answers is kept short: enough to tell
whether two devices did the same work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from speech_toolkit.alignment.models.registry import read_ctc_checkpoint
from speech_toolkit.checkpoint.files import prefetch_weights
from speech_toolkit.checkpoint.model_path import read_config, resolve_checkpoint
from speech_toolkit.device import parse_dtype, select_device
from speech_toolkit.errors import CheckpointError
from speech_toolkit.evaluation.models.heard import MMS, WHISPER
from speech_toolkit.evaluation.models.listeners import spelt_labels
from speech_toolkit.progress import UNWATCHED
from speech_toolkit.system.garbage_collection import garbage_collection_paused
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint
from speech_toolkit.transcription.stage_clock import StageClock

if TYPE_CHECKING:
    from speech_toolkit.audio.waveform import Waveform
    from speech_toolkit.device import Device
    from speech_toolkit.transcription.result import TranscriptionResult

_FAMILIES = {"wav2vec2": MMS, "whisper": WHISPER}
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
    read = {MMS: read_ctc_checkpoint, WHISPER: read_whisper_checkpoint}[family_of(model_path)]
    return resolve_checkpoint(model_path, read).directory


@dataclass(frozen=True)
class EngineSettings:
    """How a model is loaded and run.

    Attributes:
        model_path: a checkpoint's directory.
        device: auto, npu, npu:N, cuda, cuda:N or cpu.
        dtype: name of the dtype.
        attn_implementation: attention kernel; None for the one transformers picks.
        decode_graph: "auto", "on" or "off"; of Whisper only.
        max_new_tokens: most tokens for one window; of Whisper only, None for the model's limit.
    """

    model_path: str
    device: str
    dtype: str
    attn_implementation: str | None = None
    decode_graph: str = "auto"
    max_new_tokens: int | None = None


@dataclass(frozen=True)
class Work:
    """What one run did.

    Attributes:
        stage_times_s: seconds per stage, in order.
        output: best label of each frame, or the generated tokens of all windows in order.
        batch_size: windows that ran together at the end, below what was allowed where there are
            fewer, or after an out-of-memory.
        windows: how many windows the model was given.
        tokens: how many tokens were generated; None where the family generates none.
        no_evidence: why the times of such a run prove nothing; None where they do.
        warnings: what the user should know.
    """

    stage_times_s: dict[str, float]
    output: tuple[int, ...] = field(repr=False)
    batch_size: int
    windows: int
    tokens: int | None
    no_evidence: str | None = None
    warnings: tuple[str, ...] = ()


class Engine(Protocol):
    """A loaded model.

    Attributes:
        device: where it runs.
        load_s: seconds from the import of torch to the weights on the device.
        facts: what the model is, for the report.
    """

    device: Device
    load_s: float
    facts: dict[str, Any]

    def run(self, waveform: Waveform, batch_size: int, *, exact: bool) -> Work:
        """Take a waveform through the model in the windows of everyday use.

        Args:
            waveform: of any length.
            batch_size: windows that may run together.
            exact: whether the device is waited for around each stage.
        """


def load_engine(settings: EngineSettings) -> Engine:
    """Load a checkpoint of either family.

    Raises:
        CheckpointError: the checkpoint is incomplete or of another family.
        DeviceError: the device is missing, lacks the dtype, or has too little memory.
    """
    if family_of(settings.model_path) == MMS:
        return AlignmentEngine(settings)
    return TranscriptionEngine(settings)


class AlignmentEngine:
    """Emissions of a Wav2Vec2ForCTC, and the search for the best path of what it hears.

    The search is given the labels that the emissions themselves spell, so that no transcript is
    needed; its cost depends on how many there are, not on which.
    """

    def __init__(self, settings: EngineSettings) -> None:
        from speech_toolkit.alignment.models.registry import load_ctc_model

        self._checkpoint = read_ctc_checkpoint(Path(settings.model_path))
        started = time.perf_counter()
        prefetch_weights(self._checkpoint.directory)
        with garbage_collection_paused():
            self.device = select_device(settings.device)
            with self.device.errors("while it was loaded"):
                dtype = parse_dtype(settings.dtype)
                self.device.check_dtype(dtype)
                self._model = load_ctc_model(
                    self._checkpoint, self.device, dtype, settings.attn_implementation
                )
                self.device.synchronize()
        self.load_s = time.perf_counter() - started
        self.facts = _model_facts(self._model)

    def run(self, waveform: Waveform, batch_size: int, *, exact: bool) -> Work:
        """Compute emissions and search; see :class:`Engine`."""
        from speech_toolkit.alignment.emissions import compute_emissions
        from speech_toolkit.alignment.preparation import AlignmentSettings
        from speech_toolkit.alignment.search.viterbi import forced_align

        clock = StageClock(self.device, exact=exact)
        settings = AlignmentSettings()
        blank = self._checkpoint.vocabulary.blank_id
        with clock.stage("emissions"):
            emissions = compute_emissions(
                self._model,
                self._checkpoint,
                waveform,
                self.device,
                window_s=settings.window_s,
                context_s=settings.context_s,
                batch_size=batch_size,
                wildcard=False,
                progress=UNWATCHED,
            )
        greedy_T = emissions.log_probs.argmax(axis=1)
        letters = spelt_labels(greedy_T, blank)
        with clock.stage("alignment"):
            forced_align(emissions.log_probs, letters, blank)
        return Work(
            stage_times_s=clock.seconds,
            output=tuple(greedy_T.tolist()),
            batch_size=min(emissions.batch_size, emissions.windows),
            windows=emissions.windows,
            tokens=None,
            no_evidence=None if len(letters) else "no letter was heard in it; use speech",
            warnings=emissions.warnings,
        )


class TranscriptionEngine:
    """A Transcriber in its mode for long audio, without the random draws of a fallback."""

    def __init__(self, settings: EngineSettings) -> None:
        from speech_toolkit.transcription.transcriber import Transcriber

        self._settings = settings
        self._transcriber = Transcriber.load(
            settings.model_path,
            settings.device,
            settings.dtype,
            settings.attn_implementation,
            settings.decode_graph,
        )
        self.device = self._transcriber.device
        self.load_s = self._transcriber.model_load_s
        self.facts = _model_facts(self._transcriber.decoder.model) | {
            "decode_graph": self._transcriber.decoder.uses_graph
        }

    def run(self, waveform: Waveform, batch_size: int, *, exact: bool) -> Work:
        """Transcribe; see :class:`Engine`."""
        from speech_toolkit.transcription.settings import TranscriptionSettings

        self._transcriber.decoder.clock.exact = exact
        result = self._transcriber.transcribe(
            waveform,
            TranscriptionSettings(
                mode="chunked",
                max_new_tokens=self._settings.max_new_tokens,
                temperatures=(0.0,),
                batch_size=batch_size,
            ),
        )
        tokens = tuple(token for window in result.tokens for token in window)
        return Work(
            stage_times_s=result.stage_times_s,
            output=tokens,
            batch_size=min(result.settings["batch_size"], result.windows),
            windows=result.windows,
            tokens=len(tokens),
            no_evidence=_why_no_text(result),
            warnings=result.warnings,
        )


def _why_no_text(result: TranscriptionResult) -> str | None:
    if result.windows == 0:
        return "no speech was found in it, so no window went through the model; use speech"
    if not result.text.strip():
        return "no word was heard in it; use speech"
    return None


def _model_facts(model: Any) -> dict[str, Any]:
    parameters = list(model.parameters())
    return {
        "class": type(model).__name__,
        "parameters": sum(parameter.numel() for parameter in parameters),
        "weights_bytes": sum(parameter.nbytes for parameter in parameters),
        "dtype": str(model.dtype).removeprefix("torch."),
        "attn_implementation": model.config._attn_implementation,
    }
