"""What an evaluation of numbers asks of a model, whichever family it is of.

Letters: B batch of 1, S samples, T frames, M mel bins, L tokens, E width of the model, V labels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from speech_toolkit.checkpoint.files import prefetch_weights
from speech_toolkit.device import Device, parse_dtype, select_device
from speech_toolkit.evaluation.models.engines import family_of
from speech_toolkit.evaluation.models.heard import MMS, WHISPER

if TYPE_CHECKING:
    import torch

_KEPT = "kept"
_REPORTED_NAMES = {"input_values": "waveform"}  # reports call a model's argument so


class ModelUnderTest(Protocol):
    """A loaded model.

    Attributes:
        device: where it runs.
        model: the module, in evaluation mode.
        load_s: seconds from the import of torch to the weights on the device.
    """

    device: Device
    model: torch.nn.Module
    load_s: float

    def make_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Turn a waveform into what every device is given; only the reference is asked."""

    def forward(self, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Run the model once; return its outputs by name, in order, on the device."""

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return what the model is for, ready for JSON, where the outputs do not give it."""


def load_model_under_test(
    directory: str, device_name: str, dtype_name: str, attn_implementation: str | None
) -> ModelUnderTest:
    """Load a checkpoint of either family onto a device.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        DeviceError: the device is missing, lacks the dtype, or has too little memory.
    """
    family = {MMS: CtcUnderTest, WHISPER: WhisperUnderTest}[family_of(directory)]
    started = time.perf_counter()
    prefetch_weights(Path(directory))
    device = select_device(device_name)
    with device.errors("while it was loaded"):
        device.check_dtype(parse_dtype(dtype_name))
        loaded = family(Path(directory), device, dtype_name, attn_implementation)
        device.synchronize()
    loaded.load_s = time.perf_counter() - started
    return loaded


class _UnderTest:
    """What both families share: where tensors go, and how they get there."""

    device: Device
    model: Any
    load_s: float = 0.0

    def _to_device(self, array: np.ndarray) -> torch.Tensor:
        """Copy floats in the model's dtype, whole numbers as they are."""
        import torch

        tensor = torch.from_numpy(array)
        if tensor.is_floating_point():
            tensor = tensor.to(self.model.dtype)
        return tensor.to(self.device.name)


class CtcUnderTest(_UnderTest):
    """A Wav2Vec2ForCTC: the product's windows of a waveform in, the logits of every frame out."""

    def __init__(
        self, directory: Path, device: Device, dtype_name: str, attn_implementation: str | None
    ) -> None:
        from speech_toolkit.alignment.models.registry import load_ctc_model, read_ctc_checkpoint

        self._checkpoint = read_ctc_checkpoint(directory)
        self.device = device
        self.model = load_ctc_model(
            self._checkpoint, device, parse_dtype(dtype_name), attn_implementation
        )

    def make_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return the model's arguments for B windows, and which rows count, "kept" (B, 2)."""
        from speech_toolkit.alignment.emissions import cut_windows
        from speech_toolkit.alignment.preparation import AlignmentSettings
        from speech_toolkit.audio.waveform import Waveform

        settings, rate_hz = AlignmentSettings(), self._checkpoint.geometry.sample_rate_hz
        cut = cut_windows(
            Waveform(samples, rate_hz, "samples", rate_hz, 1),
            self._checkpoint,
            settings.window_s,
            settings.context_s,
        )
        kept = [cut.plan.kept_rows(window) for window in range(len(cut.plan))]
        inputs = cut.inputs(range(len(cut.plan)))
        return {_REPORTED_NAMES.get(name, name): array for name, array in inputs.items()} | {
            _KEPT: np.array([[rows.start, rows.stop] for rows in kept])
        }

    def forward(self, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Return "logits", (T, V); the windows run in batches of the product's size."""
        import torch

        from speech_toolkit.alignment.emissions import to_device

        argument_of = {reported: name for name, reported in _REPORTED_NAMES.items()}
        windows = {argument_of.get(name, name): inputs[name] for name in inputs if name != _KEPT}
        kept, size = inputs[_KEPT].tolist(), self.device.default_batch_size
        logits = []
        for first in range(0, len(kept), size):
            batch = {name: array[first : first + size] for name, array in windows.items()}
            logits += self.model(**to_device(batch, self.model.dtype, self.device)).logits
        return {"logits": torch.cat([rows[a:b] for rows, (a, b) in zip(logits, kept, strict=True)])}

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return nothing: word boundaries follow from the logits."""
        return {}


class WhisperUnderTest(_UnderTest):
    """A Whisper: one window's mel spectrogram and the reference's tokens in; states and logits out.

    The tokens are the reference's own, so that every position of the decoder sees the same past on
    every device.
    """

    def __init__(
        self, directory: Path, device: Device, dtype_name: str, attn_implementation: str | None
    ) -> None:
        from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
        from speech_toolkit.transcription.models.checkpoint import (
            load_tokenizer,
            load_whisper_model,
            read_whisper_checkpoint,
        )
        from speech_toolkit.transcription.stage_clock import StageClock

        self.device = device
        self._checkpoint = read_whisper_checkpoint(directory)
        self.model = load_whisper_model(
            self._checkpoint, device, parse_dtype(dtype_name), attn_implementation
        )
        self._decoder = WhisperDecoder(
            self.model,
            self._checkpoint,
            load_tokenizer(self._checkpoint),
            device,
            StageClock(device),
            "auto",
        )

    def make_inputs(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """Return "mel", float32 (B, M, 3000), "prompt" and "tokens", int64 (L,), and "frames".

        The last is how many of the encoder's frames hold audio: what it makes of the silence
        behind them is nobody's result. The audio fits into one window.
        """
        from speech_toolkit.transcription.windows.features import FeatureExtractor

        extractor = FeatureExtractor(self._checkpoint.directory, self._checkpoint.num_mel_bins)
        mel = extractor.extract([samples])
        encoded = self._decoder.encode(mel)
        language = self._checkpoint.default_language
        if language is None and self._checkpoint.languages:
            language = self._decoder.detect_language(encoded)[0][0]
        prompt = self._checkpoint.sot_sequence(language, self._checkpoint.default_task, True)
        frame_samples = self._checkpoint.timestamp_step_s * self._checkpoint.sample_rate_hz
        inputs = {
            "mel": mel.numpy(),
            "prompt": np.array(prompt, dtype=np.int64),
            "frames": np.array(math.ceil(len(samples) / frame_samples)),
        }
        tokens = self.answer(inputs)["tokens"]
        return inputs | {"tokens": np.array(tokens, dtype=np.int64)}

    def forward(self, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """Return "encoder", (T, E), and "logits", (L + 1, V): one row per token and the end."""
        prompt, tokens = inputs["prompt"], inputs["tokens"]
        room = self._checkpoint.max_positions
        past_BL = np.concatenate([prompt, tokens])[None, :room]
        result = self.model(
            input_features=self._to_device(inputs["mel"]),
            decoder_input_ids=self._to_device(past_BL),
            use_cache=False,
        )
        return {
            "encoder": result.encoder_last_hidden_state[0, : int(inputs["frames"])],
            "logits": result.logits[0, len(prompt) - 1 :],
        }

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the "tokens" that the model generates by itself, their "margins", the "text".

        As in the product: a batch of the size that suits the device, here of the same window, and
        steps replayed as a graph where that is the default.
        """
        import torch

        from speech_toolkit.transcription.decoded import DecodingOptions

        size = self.device.default_batch_size
        encoded = self._decoder.encode(torch.from_numpy(inputs["mel"]).repeat(size, 1, 1))
        options = DecodingOptions(record_margins=True)
        *_, window = self._decoder.decode(encoded, [inputs["prompt"].tolist()] * size, options)
        return {
            "tokens": list(window.tokens),
            "margins": list(window.margins),
            "text": self._decoder.text(window.tokens),
        }
