#!/usr/bin/env python3
"""Models of published shapes with random weights, for benchmarks that cannot have the real ones.

    python benchmarks/random_shapes.py --shape mms-300m --output checkpoint
    python evaluate.py --model_path checkpoint --devices cpu,npu:0,npu:0:float32:high

The weights are of a trained model's scale: every product keeps the size of its input, what a layer
adds to the residual stream is small beside it, and the logits spread over some ten nats. Run as a
script it writes a whole checkpoint, always the same, with the vocabulary and settings of the
bundled model of its kind. A recogniser of that kind never ends a text by itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import RUNS

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ALIGNER, WHISPER, TURBO = "mms-300m", "distil-large-v3", "large-v3-turbo"
RECOGNISERS = (WHISPER, TURBO)
LOGITS_SPREAD = 5.0
POSITION_S = 0.02  # of Whisper's encoder, two mel frames
SHAPES: dict[str, dict[str, Any]] = {
    ALIGNER: {
        "vocab_size": 31,
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "conv_bias": True,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "num_conv_pos_embeddings": 128,
        "num_conv_pos_embedding_groups": 16,
        "pad_token_id": 0,
    },
    WHISPER: {
        "vocab_size": 51866,
        "num_mel_bins": 128,
        "d_model": 1280,
        "encoder_layers": 32,
        "decoder_layers": 2,
        "encoder_attention_heads": 20,
        "decoder_attention_heads": 20,
        "encoder_ffn_dim": 5120,
        "decoder_ffn_dim": 5120,
    },
}
SHAPES[TURBO] = SHAPES[WHISPER] | {"decoder_layers": 4}
_BUNDLED = {ALIGNER: "tiny-mms-aligner", WHISPER: "tiny-whisper", TURBO: "tiny-whisper"}
_SPECIAL_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
_WEIGHTS_AND_CARD = ("model.safetensors", "config.json", "generation_config.json", "README.md")
_LAYERS = {ALIGNER: "num_hidden_layers"} | dict.fromkeys(RECOGNISERS, "encoder_layers")
_ADDS_TO_THE_STREAM = ("out_proj", "output_dense", "fc2")


def random_shape(
    name: str, layers: int | None = None, window_s: float | None = None
) -> PreTrainedModel:
    """Return the model in float32 on the host, in evaluation mode; always the same weights.

    Args:
        name: one of ``SHAPES``.
        layers: of the encoder; None for as many as the published model has.
        window_s: that a recogniser takes; None for the published 30 s.
    """
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2ForCTC,
        WhisperConfig,
        WhisperForConditionalGeneration,
    )

    model_class, config_class = (
        (WhisperForConditionalGeneration, WhisperConfig)
        if name in RECOGNISERS
        else (Wav2Vec2ForCTC, Wav2Vec2Config)
    )
    sizes = SHAPES[name] | ({_LAYERS[name]: layers} if layers else {})
    if name in RECOGNISERS and window_s:
        sizes = sizes | {"max_source_positions": round(window_s / POSITION_S)}
    torch.manual_seed(0)
    model = model_class(config_class(**sizes)).eval()
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if parameter.dim() > 1 and not path.endswith("original0"):
                parameter.normal_(0, _deviation(path, parameter, sizes[_LAYERS[name]]))
    return model


def _deviation(path: str, parameter: Any, layers: int) -> float:
    inputs = parameter[0].numel()
    if path.startswith("lm_head") or "embed_tokens" in path:
        return LOGITS_SPREAD * inputs**-0.5
    if any(f".{name}." in path for name in _ADDS_TO_THE_STREAM):
        return (2 * layers * inputs) ** -0.5
    return 1.0 if "embed_positions" in path else inputs**-0.5


def save_shape(directory: Path, name: str, layers: int | None = None) -> PreTrainedModel:
    """Write a model as a checkpoint in float32, with the other files of the bundled one.

    Args:
        directory: made if it is not there.
        name: one of ``SHAPES``.
        layers: as for `random_shape`.

    Returns:
        The model.
    """
    directory.mkdir(parents=True, exist_ok=True)
    bundled = bundled_model(_BUNDLED[name])
    for path in bundled.iterdir():
        if path.name not in _WEIGHTS_AND_CARD:
            shutil.copy(path, directory)
    model = random_shape(name, layers)
    if name in RECOGNISERS:
        _never_end(model, bundled)
    model.save_pretrained(directory)
    return model


def _never_end(model: PreTrainedModel, bundled: Path) -> None:
    """Let a recogniser write nothing but the bundled one's text tokens.

    The others are as likely as a text token that is worse than half of all. They are not named in
    the list of tokens to suppress, which is short in a trained model: a long one slows generate().
    """
    import torch
    from transformers import GenerationConfig, WhisperConfig

    config = WhisperConfig.from_pretrained(bundled)
    for key in _SPECIAL_TOKENS:
        setattr(model.config, key, getattr(config, key))
    with torch.no_grad():
        model.get_output_embeddings().weight[config.eos_token_id :] = 0
    generation = GenerationConfig.from_pretrained(bundled)
    generation.suppress_tokens = [config.eos_token_id, *generation.suppress_tokens]
    generation.alignment_heads = None
    model.generation_config = generation


def save_endless(directory: Path) -> None:
    """Write the bundled recogniser as a checkpoint that never ends a text by itself."""
    from transformers import GenerationConfig

    bundled = bundled_model(_BUNDLED[WHISPER])
    shutil.copytree(bundled, directory, dirs_exist_ok=True)
    generation = GenerationConfig.from_pretrained(bundled)
    generation.suppress_tokens = [generation.eos_token_id, *generation.suppress_tokens]
    generation.save_pretrained(directory)


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", required=True, choices=SHAPES)
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="checkpoint")
    parser.add_argument("--layers", type=number(RUNS), help="of the encoder (default: all)")
    arguments = parser.parse_args()
    model = save_shape(arguments.output, arguments.shape, arguments.layers)
    print(f"{arguments.output}: {model.num_parameters() / 1e6:.0f} M parameters")
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
