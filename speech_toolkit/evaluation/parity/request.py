"""What a parity evaluation is asked for, and the speech it is made on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.alignment.models.registry import read_ctc_checkpoint
from speech_toolkit.audio.source import readable_again
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.checkpoint.hashes import file_hash
from speech_toolkit.errors import AudioError, UsageError
from speech_toolkit.evaluation.models.emulations import Emulation
from speech_toolkit.evaluation.parity.limits import TIGHT
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.families import MMS
from speech_toolkit.transcription.models.checkpoint import read_whisper_checkpoint

LAYERS_OFF, LAYERS_BLOCKS, LAYERS_ALL = "off", "blocks", "all"
_MIN_WHISPER_SAMPLES = 400  # one frame of the mel spectrogram


@dataclass(frozen=True)
class ParityRequest:
    """What is to be evaluated.

    Attributes:
        model_path: a checkpoint's directory.
        audio_path: speech.
        targets: devices, the reference first.
        transcript: what is spoken, to compare word boundaries; None to leave that out.
        language: ISO 639-3 code of the transcript.
        warmup: calls before the measured ones.
        runs: measured calls.
        layers: which modules are compared by themselves: "off" for none, "blocks" for the layers
            of the stacks and what stands beside them, "all" for every module.
        golden: whether both sides are held against float64 as well.
        limits: "tight", where float32 with whole products is held to the reference's own distance
            from float64, or "published".
        budget: whether the error is taken apart into what is known to cause one.
        emulations: roundings to run on the CPU beside the candidates.
        noise_floor: whether the reference runs with other numbers of threads.
        changes: limits that the user set, by name.
        attn_implementation: attention kernel; None for the one transformers picks.
        max_audio_s: longest audio that is taken; the rest is left out.
        timeout_s: seconds that each process may take; None for no limit.
    """

    model_path: str
    audio_path: str
    targets: tuple[Target, ...]
    transcript: str | None = None
    language: str = "eng"
    warmup: int = 2
    runs: int = 5
    layers: str = LAYERS_BLOCKS
    golden: bool = False
    limits: str = TIGHT
    budget: bool = False
    emulations: tuple[Emulation, ...] = ()
    noise_floor: bool = True
    changes: Mapping[str, float] = field(default_factory=dict)
    attn_implementation: str | None = None
    max_audio_s: float = 30.0
    timeout_s: float | None = None

    def config(self) -> dict[str, Any]:
        """Return every setting, ready for JSON."""
        return asdict(self) | {
            "targets": [target.label for target in self.targets],
            "emulations": [emulation.label for emulation in self.emulations],
        }


def read_speech(request: ParityRequest, family: str) -> tuple[Waveform, str]:
    """Read as much of the audio as is compared; one window at most for a Whisper.

    Returns:
        The waveform, and the SHA-256 of the whole file or of what came out of a pipe.

    Raises:
        AudioError: it cannot be read, is too short for the model, or is silent.
        UsageError: it is cut, and the transcript covers the whole of it.
    """
    rate_hz, min_samples, max_s = _bounds(request, family)
    with readable_again(request.audio_path) as source:
        waveform = load_audio(source, rate_hz, min_samples)
        audio_sha256 = file_hash(source.path)
    if not np.ptp(waveform.samples):
        raise AudioError(
            f"{request.audio_path}: is silent, every sample is the same; nothing that a model "
            "makes of it would be evidence; use a recording of speech"
        )
    if waveform.duration_s <= max_s:
        return waveform, audio_sha256
    if family == MMS and request.transcript is not None:
        raise UsageError(
            f"{request.audio_path} ({waveform.duration_s:.1f} s) is longer than --max_audio_s "
            f"{max_s:g}, and its transcript covers the whole of it; raise --max_audio_s or leave "
            "the transcript out"
        )
    cut = (
        f"{request.audio_path}: the first {max_s:g} s of {waveform.duration_s:.1f} s are compared "
        "(--max_audio_s)"
    )
    shorter = replace(
        waveform,
        samples=waveform.samples[: round(max_s * rate_hz)],
        warnings=(*waveform.warnings, cut),
    )
    return shorter, audio_sha256


def _bounds(request: ParityRequest, family: str) -> tuple[int, int, float]:
    """Return the model's rate in Hz, the fewest samples it takes, and the most seconds."""
    directory = Path(request.model_path)
    if family == MMS:
        geometry = read_ctc_checkpoint(directory, request.language).geometry
        return geometry.sample_rate_hz, geometry.fewest_samples, request.max_audio_s
    checkpoint = read_whisper_checkpoint(directory)
    window_s = checkpoint.window_samples / checkpoint.sample_rate_hz
    return checkpoint.sample_rate_hz, _MIN_WHISPER_SAMPLES, min(request.max_audio_s, window_s)
