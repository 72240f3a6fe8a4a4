"""The operators that the models run on a device, each on inputs of shapes like theirs.

The shapes are those of MMS-300M (1024 wide, 16 heads) over a few seconds, and of Whisper (1280
wide, 1500 frames, 448 positions), made smaller where one operator would take a CPU too long.
tests/emulated_npu/on_device/check_operator_table.py holds the table against a trace of both bundled
models and of a small model of every other family: what it lacks, or has too much, fails that.
"""

from __future__ import annotations

from math import inf
from typing import Any

import torch

from speech_toolkit.device.self_test.operator import FLOAT32, WHOLE, Draw, Operator

_VOCABULARY = 51866
_TEXT = 50364  # those before the timestamps


def _conv(
    d: Draw,
    frames: int,
    weight: tuple[int, int, int],
    stride: int,
    padding: int = 0,
    groups: int = 1,
) -> tuple[Any, ...]:
    speech, bias = d.normal(1, weight[1] * groups, frames), d.normal(weight[0])
    return speech, d.weight(*weight), bias, [stride], [padding], [1], groups


def _linear(d: Draw, rows: int, width: int, outputs: int) -> tuple[torch.Tensor, ...]:
    return d.normal(1, rows, width), d.weight(outputs, width), d.normal(outputs)


def _attention(d: Draw, heads: int, queries: int, keys: int) -> tuple[torch.Tensor, ...]:
    return (
        d.normal(1, heads, queries, 64),
        d.normal(1, heads, keys, 64),
        d.normal(1, heads, keys, 64),
    )


def _layer_norm(d: Draw, rows: int, width: int) -> tuple[Any, ...]:
    weight, bias = d.normal(width, mean=1.0), d.normal(width, scale=0.1)
    return d.normal(1, rows, width, mean=0.5), [width], weight, bias


def _batch_norm(d: Draw, channels: int) -> tuple[Any, ...]:
    weight, bias, mean = d.normal(channels, mean=1.0), d.normal(channels), d.normal(channels)
    variance = d.normal(channels).square() + 0.5
    return d.normal(1, channels, 49), weight, bias, mean, variance, False, 0.1, 1e-5, False


def _seen(d: Draw) -> torch.Tensor:
    return torch.arange(448).expand(1, 1, 1, 448) < 37


PRODUCTS = (
    Operator("conv1d", "of samples", lambda d: _conv(d, 4000, (512, 1, 10), 5)),
    Operator("conv1d", "of channels", lambda d: _conv(d, 399, (512, 512, 3), 2)),
    Operator("conv1d", "of positions", lambda d: _conv(d, 49, (256, 16, 128), 1, 64, 16)),
    Operator("conv1d", "of a spectrum", lambda d: _conv(d, 300, (1280, 128, 3), 1, 1)),
    Operator("linear", "feed-forward", lambda d: _linear(d, 25, 1024, 4096)),
    Operator("linear", "back to the width", lambda d: _linear(d, 25, 4096, 1024)),
    Operator("linear", "to the labels", lambda d: _linear(d, 49, 1024, 31)),
    Operator("linear", "to the tokens", lambda d: (d.normal(4, 1280), d.weight(2593, 1280))),
    Operator("scaled_dot_product_attention", "of speech", lambda d: _attention(d, 16, 199, 199)),
    Operator("scaled_dot_product_attention", "of 30 s", lambda d: _attention(d, 1, 1500, 1500)),
    Operator(
        "scaled_dot_product_attention",
        "of a step",
        lambda d: (*_attention(d, 20, 1, 448), _seen(d)),
    ),
    Operator("matmul", "scores", lambda d: (d.normal(1, 16, 199, 64), d.normal(1, 16, 64, 199))),
    Operator("bmm", "of values", lambda d: (d.shares(16, 199, 199), d.normal(16, 199, 64))),
    Operator(
        "baddbmm",
        "scores and bias",
        lambda d: (d.normal(16, 199, 199), d.normal(16, 199, 64), d.normal(16, 64, 199)),
    ),
)

ROW_BY_ROW = (
    Operator("layer_norm", "of channels", lambda d: _layer_norm(d, 799, 512)),
    Operator("layer_norm", "of a layer", lambda d: _layer_norm(d, 300, 1280)),
    Operator(
        "group_norm",
        "of channels",
        lambda d: (d.normal(1, 512, 799, mean=0.5), 512, d.normal(512, mean=1.0), d.normal(512)),
    ),
    Operator("batch_norm", "of positions", lambda d: _batch_norm(d, 1024)),
    Operator("softmax", "of attention", lambda d: (d.normal(1, 4, 40, 1500, scale=3.0), -1)),
    Operator("softmax", "of tokens", lambda d: (d.normal(4, _VOCABULARY), -1), FLOAT32),
    Operator("logsumexp", "of tokens", lambda d: (d.normal(4, _VOCABULARY), [-1], True), FLOAT32),
    Operator("cumsum", "of tokens", lambda d: (d.shares(4, _VOCABULARY), -1), FLOAT32),
    Operator("amax", "of text", lambda d: (d.normal(4, _TEXT), [-1], True), FLOAT32),
    Operator("argmax", "of tokens", lambda d: (d.normal(4, _VOCABULARY), -1, True), WHOLE),
    Operator("topk", "of tokens", lambda d: (d.normal(4, _VOCABULARY), 2), FLOAT32),
    Operator("mean", "over keys", lambda d: (d.normal(1, 16, 199, 199, mean=1.0), [-1])),
    Operator("sum", "of gates", lambda d: (d.normal(1, 16, 199, 2, 4, mean=1.0), [-1])),
    Operator("sum", "of flags", lambda d: (d.flags(4, _VOCABULARY), [-1], True), WHOLE),
    Operator(
        "std_mean",
        "of attention",
        lambda d: (d.shares(6, 40, 750), [-2]),
        FLOAT32,
        {"correction": 0, "keepdim": True},
    ),
    Operator("median", "of frames", lambda d: (d.normal(6, 40, 756).unfold(-1, 7, 1), -1), FLOAT32),
    Operator("all", "finished", lambda d: (d.flags(4, 1),), WHOLE),
)

ELEMENT_BY_ELEMENT = (
    Operator("gelu", "feed-forward", lambda d: (d.normal(1, 99, 4096, scale=1.5),)),
    Operator("relu", "of adapters", lambda d: (d.normal(1, 199, 16),)),
    Operator("sigmoid", "of gates", lambda d: (d.normal(1, 16, 199, 2),)),
    Operator("log", "of distances", lambda d: (d.normal(199, 199).abs() + 0.1,), FLOAT32),
    Operator("add", "of a residual", lambda d: (d.normal(1, 199, 1024), d.normal(1, 199, 1024))),
    Operator("add", "of places", lambda d: (d.whole(99, 4, 1), d.whole(99, 4, 1)), WHOLE),
    Operator("sub", "of a mean", lambda d: (d.normal(6, 40, 750), d.normal(6, 1, 750))),
    Operator("sub", "of places", lambda d: (d.whole(99, 1, 199), d.whole(99, 199, 1)), WHOLE),
    Operator("mul", "by gates", lambda d: (d.normal(16, 99, 1), d.normal(16, 99, 199))),
    Operator("mul", "of places", lambda d: (d.whole(99, 199, 199), 16), WHOLE),
    Operator(
        "div", "by deviations", lambda d: (d.normal(6, 40, 750), d.normal(6, 1, 750).exp()), FLOAT32
    ),
    Operator("clamp", "of states", lambda d: (d.normal(1, 99, 1280), -64504, 64504), ("float16",)),
    Operator("clamp", "of tokens", lambda d: (d.whole(50, 4, 1), None, 9), WHOLE),
    Operator("clamp_min", "of deviations", lambda d: (d.normal(6, 1, 750), 0.1), FLOAT32),
    Operator("abs", "of distances", lambda d: (d.whole(99, 199, 199) - 49,), WHOLE),
    Operator("abs", "of states", lambda d: (d.normal(1, 1500, 1280),), ("float16",)),
    Operator("min", "of distances", lambda d: (d.whole(9, 199, 199), d.whole(9, 199, 199)), WHOLE),
    Operator("to", "of distances", lambda d: (d.whole(99, 199, 199), torch.float32), FLOAT32),
    Operator("to", "of flags", lambda d: (d.flags(4, 1501), torch.int64), WHOLE),
    Operator("contiguous", "of heads", lambda d: (d.normal(1, 199, 16, 64).transpose(1, 2),)),
    Operator("reshape", "of heads", lambda d: (d.normal(1, 16, 99, 64).mT, [1, 64, 16 * 99])),
    Operator("repeat", "of gates", lambda d: (d.normal(1, 16, 99, 99), [2, 1, 1, 1])),
    Operator("cat", "of windows", lambda d: ([d.normal(2, 16, 242), d.normal(1, 16, 242)],)),
    Operator("stack", "of states", lambda d: ([d.normal(4, 1280), d.normal(4, 1280)], 1)),
    Operator("clone", "of logits", lambda d: (d.normal(4, _VOCABULARY),), FLOAT32),
    Operator("pad", "of attention", lambda d: (d.normal(6, 40, 750), [3, 3], "reflect"), FLOAT32),
)

PICKING = (
    Operator("embedding", "of tokens", lambda d: (d.normal(2593, 1280), d.whole(2593, 4, 3))),
    Operator("index_select", "of places", lambda d: (d.normal(448, 1280), 0, d.places(448, 3))),
    Operator(
        "index_select", "of tokens", lambda d: (d.whole(99, 4, 448), 1, d.places(448, 1)), WHOLE
    ),
    Operator("index", "of heads", lambda d: (d.normal(20, 199, 64), [d.places(20, 6)])),
    Operator(
        "gather", "of tokens", lambda d: (d.normal(4, _TEXT), 1, d.whole(_TEXT, 4, 1)), FLOAT32
    ),
    Operator(
        "index_copy_",
        "into the cache",
        lambda d: (d.normal(1, 20, 448, 64), 2, d.places(448, 3), d.normal(1, 20, 3, 64)),
    ),
    Operator(
        "index_copy_",
        "of tokens",
        lambda d: (d.whole(99, 4, 448), 1, d.places(448, 1), d.whole(99, 4, 1)),
        WHOLE,
    ),
    Operator("index_fill_", "of a mask", lambda d: (d.normal(448), 0, d.places(448, 3), 0.0)),
    Operator("index_fill_", "of flags", lambda d: (d.flags(448), 0, d.places(448, 3), True), WHOLE),
    Operator(
        "masked_fill", "of logits", lambda d: (d.normal(4, _TEXT), d.flags(4, 1), -inf), FLOAT32
    ),
    Operator("masked_fill", "of a mask", lambda d: (d.normal(64, 448), d.flags(64, 448), -inf)),
    Operator("masked_fill", "of tokens", lambda d: (d.whole(50, 4, 1), d.flags(4, 1), 7), WHOLE),
    Operator(
        "where",
        "of distances",
        lambda d: (d.flags(199, 199), d.whole(9, 199, 199), d.whole(9, 199, 199)),
        WHOLE,
    ),
    Operator("copy_", "into the cache", lambda d: (d.normal(20, 448, 64), d.normal(20, 448, 64))),
    Operator("copy_", "of tokens", lambda d: (d.whole(99, 4, 1), d.whole(99, 4, 1)), WHOLE),
    Operator("fill_", "of temperatures", lambda d: (d.normal(1), 0.4), FLOAT32),
    Operator("fill_", "of places", lambda d: (d.whole(50, 4, 1), 7), WHOLE),
    Operator("zero_", "of the cache", lambda d: (d.normal(20, 448, 64),)),
    Operator("zero_", "of flags", lambda d: (d.flags(4, 1),), WHOLE),
)

COMPARING = (
    Operator("eq", "of tokens", lambda d: (d.whole(3, 4, 1), 1), WHOLE),
    Operator("ge", "of tokens", lambda d: (d.whole(3, 4, 1), d.whole(3, 4, 1)), WHOLE),
    Operator("gt", "of logits", lambda d: (d.normal(4, 1), d.normal(4, 1)), WHOLE),
    Operator("gt", "of distances", lambda d: (d.whole(9, 199, 199), 4), WHOLE),
    Operator("le", "of shares", lambda d: (d.normal(4, _VOCABULARY), d.normal(4, 1)), WHOLE),
    Operator("le", "of places", lambda d: (d.whole(64, 64), d.whole(64, 3, 1)), WHOLE),
    Operator("lt", "of places", lambda d: (d.whole(1501, 1501), d.whole(1501, 4, 1)), WHOLE),
    Operator("bitwise_not", "of flags", lambda d: (d.flags(4, 1501),), WHOLE),
    Operator("__and__", "of flags", lambda d: (d.flags(4, 1501), d.flags(4, 1)), WHOLE),
    Operator("__or__", "of flags", lambda d: (d.flags(4, 1501), d.flags(4, 1)), WHOLE),
    Operator("__ior__", "of flags", lambda d: (d.flags(4, 1), d.flags(4, 1)), WHOLE),
)

MAKING = (
    Operator("arange", "of places", lambda d: (448,), WHOLE, is_factory=True),
    Operator("zeros", "of scores", lambda d: ([4, 448],), FLOAT32, is_factory=True),
    Operator("zeros", "of tokens", lambda d: ([4, 448],), WHOLE, {"dtype": torch.int64}, True),
    Operator("ones", "of temperatures", lambda d: ([1],), FLOAT32, is_factory=True),
    Operator("scalar_tensor", "of tokens", lambda d: (7,), WHOLE, is_factory=True),
    Operator("full_like", "of distances", lambda d: (d.whole(9, 199, 199), 31), WHOLE),
    Operator("zeros_like", "of a mask", lambda d: (d.normal(448),)),
    Operator("new_zeros", "for the cache", lambda d: (d.normal(448, 64), [20, 448, 64])),
)

OPERATORS = PRODUCTS + ROW_BY_ROW + ELEMENT_BY_ELEMENT + PICKING + COMPARING + MAKING
