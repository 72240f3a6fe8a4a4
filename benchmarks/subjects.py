"""The models that benchmarks take apart, and the speech they are given: bundled or of a shape."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.random_shapes import ALIGNER, POSITION_S, WHISPER, random_shape
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.bundled import bundled_model

if TYPE_CHECKING:
    import numpy as np
    import torch

TINY_ALIGNER, TINY_WHISPER = "tiny-mms-aligner", "tiny-whisper"
MODELS = (TINY_ALIGNER, TINY_WHISPER, ALIGNER, WHISPER)
POSITIONAL = "pos_conv_embed"  # whose weight the toolkit folds
SPEECH = REPOSITORY / "samples" / "demo.wav"
TOKENS, TEXT_TOKENS = "decoder_input_ids", 32
_LAYER = re.compile(r".*\.layers\.\d+")


def make_model(name: str, layers: int | None = None, window_s: float | None = None) -> Any:
    """Return a model as transformers loads it, in float32 on the host, in evaluation mode.

    Args:
        name: one of `MODELS`.
        layers: of the encoder of a random model; None for as many as the published one has.
        window_s: of a random recogniser; None for the published 30 s.
    """
    import torch
    from transformers import Wav2Vec2ForCTC, WhisperForConditionalGeneration

    if name in (ALIGNER, WHISPER):
        return random_shape(name, layers, window_s)
    model_class = Wav2Vec2ForCTC if name == TINY_ALIGNER else WhisperForConditionalGeneration
    return model_class.from_pretrained(bundled_model(name), dtype=torch.float32).eval()


def layers_of(model: Any) -> list[tuple[str, Any]]:
    """Return the layers of encoder and decoder by name, in their order."""
    return [(name, part) for name, part in model.named_modules() if _LAYER.fullmatch(name)]


def make_inputs(name: str, seconds: float) -> dict[str, torch.Tensor]:
    """Return a model's arguments by name, floats in float32.

    Args:
        name: one of `MODELS`.
        seconds: of speech to align, or of the window of a random recogniser.
    """
    import torch

    features = make_features(name, seconds, torch.float32)
    return features if name in (TINY_ALIGNER, ALIGNER) else features | {TOKENS: _tokens(name)}


def make_features(name: str, seconds: float, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Return what a model hears, computed in one dtype and given in float32; see `make_inputs`."""
    import torch

    waveform = load_audio(SPEECH, 16_000)
    if name not in (TINY_ALIGNER, ALIGNER):
        mel = _mel_features(waveform.samples, dtype)
        frames = mel.shape[-1] if name == TINY_WHISPER else 2 * round(seconds / POSITION_S)
        return {"input_features": mel[..., :frames]}
    samples = torch.tensor(waveform.samples)[: round(seconds * 16_000)].to(dtype)
    return {"input_values": ((samples - samples.mean()) / samples.std())[None].float()}


def _mel_features(samples: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """Return Whisper's features (1, M, 3000), the power of each frequency given in float32."""
    import torch
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor.from_pretrained(bundled_model(TINY_WHISPER))
    padded = torch.zeros(extractor.n_samples)
    padded[: len(samples)] = torch.tensor(samples)
    size = extractor.n_fft
    spectrum = torch.stft(
        padded, size, extractor.hop_length, window=torch.hann_window(size), return_complex=True
    )
    power = spectrum[:, :-1].abs().square().to(dtype)
    filters = torch.from_numpy(extractor.mel_filters).to(dtype)
    decades = (filters.T @ power).clamp(min=1e-10).log10()
    return ((torch.maximum(decades, decades.max() - 8) + 4) / 4)[None].float()


def _tokens(name: str) -> torch.Tensor:
    """Return those that the bundled model writes, or any others for a random one, (1, L)."""
    import torch

    from speech_toolkit.transcription import Transcriber

    if name == WHISPER:
        return torch.arange(TEXT_TOKENS)[None]
    bundled = Transcriber.load(None, "cpu")
    result = bundled.transcribe(SPEECH)
    opening = bundled.checkpoint.sot_sequence(result.language, "transcribe", True)
    return torch.tensor([[*opening, *result.tokens[0]]])
