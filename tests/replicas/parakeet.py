"""Replicas of ParakeetForCTC checkpoints: their files and flags, few layers, a small tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.replicas.ctc import random_model
from tests.replicas.files import WIDTH, save_weights, write_json

TEXTS = Path(__file__).parents[2] / "samples"
_PIECES = 90


def parakeet_tokenizer(lower: bool = True) -> Any:
    """Return a tokenizer as transformers converts NeMo's: pieces of words, a blank at the end."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    text = " ".join(path.read_text() for path in sorted(TEXTS.glob("*.txt")))
    if lower:
        text = "".join(c if c.isalpha() or c == "'" else " " for c in text.lower())
    alphabet = "abcdefghijklmnopqrstuvwxyz'"
    trainer = trainers.BpeTrainer(
        vocab_size=_PIECES,
        special_tokens=["<unk>"],
        initial_alphabet=list(alphabet if lower else alphabet + alphabet.upper() + ".,?"),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    tokenizer.add_special_tokens([AddedToken("<pad>", special=True, normalized=False)])
    return tokenizer


def write_parakeet(directory: Path, *, lower: bool = True, **encoder: Any) -> Path:
    """Write a replica of nvidia/parakeet-ctc-0.6b as it is offered to transformers.

    Args:
        directory: to be made.
        lower: whether its text is lower case without punctuation.
        **encoder: changes to the encoder's config.
    """
    directory.mkdir(parents=True)
    tokenizer = parakeet_tokenizer(lower)
    tokenizer.save(str(directory / "tokenizer.json"))
    size = tokenizer.get_vocab_size()
    config = {
        "encoder_config": {
            "attention_bias": True,
            "conv_kernel_size": 9,
            "hidden_act": "silu",
            "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH,
            "max_position_embeddings": 5000,
            "model_type": "parakeet_encoder",
            "num_attention_heads": 2,
            "num_hidden_layers": 2,
            "num_mel_bins": 80,
            "scale_input": False,
            "subsampling_conv_channels": 8,
            "subsampling_conv_kernel_size": 3,
            "subsampling_conv_stride": 2,
            "subsampling_factor": 8,
            **encoder,
        },
        "pad_token_id": size - 1,
        "vocab_size": size,
    }
    head = {"architectures": ["ParakeetForCTC"], "model_type": "parakeet_ctc"}
    save_weights(random_model("ParakeetForCTC", config), directory, "safetensors")
    write_json(directory / "config.json", head | config)
    write_json(
        directory / "tokenizer_config.json",
        {"pad_token": "<pad>", "unk_token": "<unk>", "tokenizer_class": "ParakeetTokenizerFast"},
    )
    write_json(
        directory / "preprocessor_config.json",
        {
            "feature_extractor_type": "ParakeetFeatureExtractor",
            "feature_size": 80,
            "hop_length": 160,
            "n_fft": 512,
            "padding_side": "right",
            "padding_value": 0.0,
            "preemphasis": 0.97,
            "processor_class": "ParakeetProcessor",
            "return_attention_mask": True,
            "sampling_rate": 16000,
            "win_length": 400,
        },
    )
    return directory
