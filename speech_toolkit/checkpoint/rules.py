"""What the values of one ``config.json`` must be to each other, beside each one's own range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from speech_toolkit.files.json_input import shown_value

_FEWEST_STRIDE_SAMPLES = 64
_MOST_STRIDE_SAMPLES = 16_384

Rule = Callable[[Mapping[str, Any]], str | None]


def _divides(divisor: str, size: str) -> Rule:
    def rule(config: Mapping[str, Any]) -> str | None:
        parts, whole = config.get(divisor), config.get(size)
        if parts is None or whole is None or whole % parts == 0:
            return None
        return f"{divisor} is {parts}, which does not divide {size} {whole}"

    return rule


def _convolutions_match(config: Mapping[str, Any]) -> str | None:
    given = {
        key: config[key] for key in ("conv_dim", "conv_kernel", "conv_stride") if key in config
    }
    lengths = {key: len(values) for key, values in given.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        return f"its convolutions do not match ({listed} entries)"
    return None


def _frames_are_sane(config: Mapping[str, Any]) -> str | None:
    """Attention over frames of a few samples would take terabytes; published models have 320."""
    if "conv_stride" not in config:
        return None
    stride = prod(config["conv_stride"])
    if _FEWEST_STRIDE_SAMPLES <= stride <= _MOST_STRIDE_SAMPLES:
        return None
    return (
        f"conv_stride makes a frame every {shown_value(stride)} samples, not every "
        f"{_FEWEST_STRIDE_SAMPLES} to {_MOST_STRIDE_SAMPLES}"
    )


def _padding_is_in_vocabulary(config: Mapping[str, Any]) -> str | None:
    padding, size = config.get("pad_token_id"), config.get("vocab_size")
    if padding is None or size is None or padding < size:
        return None
    return f"pad_token_id is {padding}, not an id below vocab_size {size}"


def _kernels_are_odd(config: Mapping[str, Any]) -> str | None:
    for key in ("conv_kernel_size", "subsampling_conv_kernel_size"):
        if config.get(key, 1) % 2 == 0:
            return f"{key} is {config[key]}, not an odd number"
    return None


def _halves_again_and_again(config: Mapping[str, Any]) -> str | None:
    factor, stride = (config.get(f"subsampling_{key}") for key in ("factor", "conv_stride"))
    if stride not in (None, 2):
        return f"subsampling_conv_stride is {stride}, not 2"
    if factor is not None and factor.bit_count() != 1:
        return f"subsampling_factor is {factor}, not a power of 2"
    return None


def _of_part(key: str, rule: Rule) -> Rule:
    def rule_of_part(config: Mapping[str, Any]) -> str | None:
        wrong = rule(config.get(key, {}))
        return wrong and f"{key}: {wrong}"

    return rule_of_part


_OVER_WAVEFORM = (
    _convolutions_match,
    _frames_are_sane,
    _divides("num_attention_heads", "hidden_size"),
    _divides("num_conv_pos_embedding_groups", "hidden_size"),
)
RULES: Mapping[str | None, tuple[Rule, ...]] = {
    "wav2vec2": _OVER_WAVEFORM,
    "hubert": _OVER_WAVEFORM,
    "wavlm": _OVER_WAVEFORM,
    "parakeet_ctc": (
        _of_part("encoder_config", _divides("num_attention_heads", "hidden_size")),
        _of_part("encoder_config", _kernels_are_odd),
        _of_part("encoder_config", _halves_again_and_again),
        _padding_is_in_vocabulary,
    ),
    "whisper": (
        _divides("encoder_attention_heads", "d_model"),
        _divides("decoder_attention_heads", "d_model"),
        _padding_is_in_vocabulary,
    ),
}
