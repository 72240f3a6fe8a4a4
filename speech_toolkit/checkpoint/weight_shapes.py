"""Hold the sizes in ``config.json`` against the tensors that the weight files hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from speech_toolkit.checkpoint.weight_headers import TensorHeader
from speech_toolkit.errors import CheckpointError
from speech_toolkit.files.json_input import shown_path

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True)
class _Expected:
    """A tensor whose shape follows from the config.

    Attributes:
        names: its name, and the ones that other versions of transformers give it.
        keys: the key of the config behind each size.
        shape: the sizes.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    shape: tuple[int, ...]


def check_weights(
    directory: Path, config: PretrainedConfig, headers: Mapping[str, TensorHeader]
) -> None:
    """Refuse weights whose shapes or dtypes are not those of the model that the config describes.

    Only tensors that a size of the config decides are looked at: all that a wrong config could
    make transformers allocate.

    Args:
        directory: of the checkpoint.
        config: of the model that is to be filled.
        headers: what the weight files hold.

    Raises:
        CheckpointError: a tensor is missing, has another shape, or holds no floats.
    """
    expected = list(_EXPECTED[config.model_type](config))
    found = [_find(tensor.names, headers) for tensor in expected]
    missing = [e.names[0] for e, header in zip(expected, found, strict=True) if header is None]
    if missing:
        more = f" and {len(missing) - 1} more tensors" if len(missing) > 1 else ""
        raise CheckpointError(
            f"{shown_path(directory)}: its weights lack {missing[0]}{more}, which config.json asks "
            "for; this is another model's file, or a damaged one"
        )
    for tensor, header in zip(expected, found, strict=True):
        if header.shape != tensor.shape:
            told = ", ".join(map(_told, tensor.keys, tensor.shape))
            raise CheckpointError(
                f"{shown_path(directory)}: {tensor.names[0]} has the shape {list(header.shape)} in "
                f"{header.file.name}, config.json asks for [{told}]; the two files are of "
                "different checkpoints"
            )
    for name, header in headers.items():
        if name.endswith((".weight", ".bias")) and not header.is_float:
            raise CheckpointError(
                f"{shown_path(header.file)}: {name} holds {header.dtype} numbers, not floats; "
                "quantised weights cannot be used, take the original checkpoint"
            )


def _find(names: tuple[str, ...], headers: Mapping[str, TensorHeader]) -> TensorHeader | None:
    """Look a tensor up; one saved without the head of the model lacks the first part of a name."""
    for name in names:
        header = headers.get(name) or headers.get(name.partition(".")[2])
        if header is not None:
            return header
    return None


def _told(key: str, size: int) -> str:
    return f"{key} {size}" if key else str(size)


def _over_waveform(config: PretrainedConfig) -> Iterator[_Expected]:
    """Name what wav2vec2, HuBERT and WavLM have in common."""
    base, hidden = config.model_type, config.hidden_size
    yield _Expected(("lm_head.weight",), ("vocab_size", "hidden_size"), (config.vocab_size, hidden))
    inputs, root = 1, f"{base}.feature_extractor.conv_layers"
    for i, (outputs, kernel) in enumerate(zip(config.conv_dim, config.conv_kernel, strict=True)):
        keys = (f"conv_dim[{i}]", f"conv_dim[{i - 1}]" if i else "", f"conv_kernel[{i}]")
        yield _Expected((f"{root}.{i}.conv.weight",), keys, (outputs, inputs, kernel))
        inputs = outputs
    yield _Expected(
        (f"{base}.feature_projection.projection.weight",),
        ("hidden_size", "conv_dim[-1]"),
        (hidden, inputs),
    )
    positions, root = config.num_conv_pos_embeddings, f"{base}.encoder.pos_conv_embed.conv"
    groups = config.num_conv_pos_embedding_groups
    has_batch_norm = getattr(config, "conv_pos_batch_norm", False)
    weight_norm = ("parametrizations.weight.original1", "weight_v")
    yield _Expected(
        tuple(f"{root}.{name}" for name in (("weight",) if has_batch_norm else weight_norm)),
        ("hidden_size", "hidden_size / num_conv_pos_embedding_groups", "num_conv_pos_embeddings"),
        (hidden, hidden // groups, positions),
    )
    for i in range(config.num_hidden_layers):
        yield from _layer(
            f"{base}.encoder.layers.{i}",
            ("feed_forward.intermediate_dense", "intermediate_size", config.intermediate_size),
            ("attention.q_proj", "hidden_size", hidden),
            inputs=("hidden_size", hidden),
        )


def _wav2vec2(config: PretrainedConfig) -> Iterator[_Expected]:
    yield from _over_waveform(config)
    for i in range(config.num_hidden_layers if config.adapter_attn_dim is not None else 0):
        yield from _layer(
            f"wav2vec2.encoder.layers.{i}",
            ("adapter_layer.linear_1", "adapter_attn_dim", config.adapter_attn_dim),
            inputs=("hidden_size", config.hidden_size),
        )


def _wavlm(config: PretrainedConfig) -> Iterator[_Expected]:
    yield from _over_waveform(config)
    if config.num_hidden_layers:
        yield _Expected(
            ("wavlm.encoder.layers.0.attention.rel_attn_embed.weight",),
            ("num_buckets", "num_attention_heads"),
            (config.num_buckets, config.num_attention_heads),
        )


def _parakeet(config: PretrainedConfig) -> Iterator[_Expected]:
    encoder = config.encoder_config
    hidden, channels = encoder.hidden_size, encoder.subsampling_conv_channels
    kernel = encoder.subsampling_conv_kernel_size
    yield _Expected(
        ("ctc_head.weight",), ("vocab_size", "hidden_size", ""), (config.vocab_size, hidden, 1)
    )
    kernel_key = "subsampling_conv_kernel_size"
    yield _Expected(
        ("encoder.subsampling.layers.0.weight",),
        ("subsampling_conv_channels", "", kernel_key, kernel_key),
        (channels, 1, kernel, kernel),
    )
    bands = encoder.num_mel_bins // encoder.subsampling_factor
    yield _Expected(
        ("encoder.subsampling.linear.weight",),
        ("hidden_size", "subsampling_conv_channels * num_mel_bins / subsampling_factor"),
        (hidden, channels * bands),
    )
    for i in range(encoder.num_hidden_layers):
        root = f"encoder.layers.{i}"
        yield from _layer(
            root,
            ("feed_forward1.linear1", "intermediate_size", encoder.intermediate_size),
            ("self_attn.q_proj", "hidden_size", hidden),
            inputs=("hidden_size", hidden),
        )
        yield _Expected(
            (f"{root}.conv.depthwise_conv.weight",),
            ("hidden_size", "", "conv_kernel_size"),
            (hidden, 1, encoder.conv_kernel_size),
        )


def _whisper(config: PretrainedConfig) -> Iterator[_Expected]:
    width = ("d_model", config.d_model)
    yield _Expected(
        ("model.encoder.conv1.weight",),
        ("d_model", "num_mel_bins", ""),
        (config.d_model, config.num_mel_bins, 3),
    )
    for name, key in (
        ("encoder.embed_positions", "max_source_positions"),
        ("decoder.embed_positions", "max_target_positions"),
        ("decoder.embed_tokens", "vocab_size"),
    ):
        yield from _layer("model", (name, key, getattr(config, key)), inputs=width)
    for part in ("encoder", "decoder"):
        ffn_key = f"{part}_ffn_dim"
        for i in range(getattr(config, f"{part}_layers")):
            yield from _layer(
                f"model.{part}.layers.{i}",
                ("fc1", ffn_key, getattr(config, ffn_key)),
                ("self_attn.q_proj", *width),
                inputs=width,
            )


def _layer(
    root: str, *matrices: tuple[str, str, int], inputs: tuple[str, int]
) -> Iterator[_Expected]:
    """Name matrices below ``root``, each given as name, key of its outputs, and their number."""
    for name, key, outputs in matrices:
        yield _Expected((f"{root}.{name}.weight",), (key, inputs[0]), (outputs, inputs[1]))


_EXPECTED = {
    "wav2vec2": _wav2vec2,
    "hubert": _over_waveform,
    "wavlm": _wavlm,
    "parakeet_ctc": _parakeet,
    "whisper": _whisper,
}
