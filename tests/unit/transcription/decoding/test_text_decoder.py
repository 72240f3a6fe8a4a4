"""Windows on which the decoder overflows in float16 are decoded in float32, and only these."""

import ast
import math
from itertools import chain

import pytest
import torch

from speech_toolkit.transcription.decoded import DecodingOptions
from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES, random_model

OPTIONS = DecodingOptions(max_new_tokens=20)
SEED = 5  # with which one window is a fifth louder inside than the others
WITHIN = 58_000  # of float16, which ends at 65504


def features():
    """Three windows, each louder than the one before."""
    noise = torch.randn(3, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))
    return noise * torch.tensor([0.5, 1.0, 4.0])[:, None, None]


def with_loud_values(make_decoder):
    """Let the last layer's values overflow on one window, with the same result in float32.

    Returns:
        The model, and the window.
    """
    model = random_model(SEED, eot_bias=1.0)
    attention, peaks = model.model.decoder.layers[-1].encoder_attn, []
    hook = attention.v_proj.register_forward_hook(
        lambda module, args, output: peaks.extend(output.abs().amax((1, 2)).tolist())
    )
    decode(make_decoder(model))
    hook.remove()
    *_, second, first = sorted(peaks)
    scale = WITHIN / second
    with torch.no_grad():
        attention.v_proj.weight *= scale
        attention.v_proj.bias *= scale
        attention.out_proj.weight /= scale
    return model, peaks.index(first)


def start_of(decoder):
    return [decoder.checkpoint.sot_sequence("en", "transcribe", True)] * 3


def decode(decoder, options=OPTIONS):
    return decoder.decode(decoder.encode(features()), start_of(decoder), options)


def half_states(decoder):
    """Return the speech as a decoder in float16 is given it, for one in float32."""
    from dataclasses import replace

    encoded = decoder.encode(features())
    return replace(encoded, states_BFE=encoded.states_BFE.half().float())


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_windows_that_overflow_are_decoded_in_float32(make_decoder, temperature):
    options = DecodingOptions(max_new_tokens=20, temperature=temperature, record_margins=True)
    exact = make_decoder(random_model(SEED, eot_bias=1.0))
    expected = exact.decode(half_states(exact), start_of(exact), options)
    model, loudest = with_loud_values(make_decoder)
    found = decode(make_decoder(model, torch.float16), options)
    assert [window.in_float32 for window in found] == [index == loudest for index in range(3)]
    assert found[loudest].tokens == expected[loudest].tokens
    assert found[loudest].log_probs == pytest.approx(expected[loudest].log_probs, abs=0.02)
    assert all(math.isfinite(window.avg_logprob) for window in found)


def test_languages_words_and_leads_of_such_windows(make_decoder):
    exact = make_decoder(random_model(SEED, eot_bias=1.0))
    model, loudest = with_loud_values(make_decoder)
    decoder = make_decoder(model, torch.float16)
    encoded, decoded = decoder.encode(features()), decode(exact)
    asked = start_of(decoder), decoded, [32000] * 3, "en"
    for found, expected in zip(
        decoder.detect_language(encoded), exact.detect_language(half_states(exact)), strict=True
    ):
        assert found == (expected[0], pytest.approx(expected[1], abs=0.02))
    words, expected = (
        [(word.text, word.start_s, word.end_s) for word in found[loudest]]
        for found in (
            decoder.word_times(encoded, *asked),
            exact.word_times(half_states(exact), *asked),
        )
    )
    assert words == expected
    tokens = [window.tokens for window in decoded]
    leads = decoder.leads(encoded, asked[0], tokens, timestamps=True)
    assert not any(map(math.isnan, chain.from_iterable(leads)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_nothing_is_decoded_twice_without_need(make_decoder, dtype):
    decoder = make_decoder(dtype=dtype)
    assert not any(window.in_float32 for window in decode(decoder))
    assert decoder._decoders._float32 is None


def test_what_is_not_finite_in_float32_either_is_said(make_decoder):
    model = random_model(seed=2)
    with torch.no_grad():
        model.model.decoder.layers[-1].fc2.bias[0] = math.inf
    found = decode(make_decoder(model, torch.float16))
    assert all(window.in_float32 and math.isnan(window.avg_logprob) for window in found)


SATURATING = """
import sys
from pathlib import Path
from speech_toolkit.device import select_device
device = select_device("npu:1")
import torch
from tests.unit.transcription.conftest import decoder_maker
from tests.unit.transcription.decoding.test_text_decoder import decode, with_loud_values
make = decoder_maker(Path(sys.argv[1]))
model, loudest = with_loud_values(make)
decoder = make(model.to("npu:1"), torch.float16, device=device)
found = decode(decoder)
print((loudest, device.saturates, [window.in_float32 for window in found],
       [window.tokens for window in found]))
"""


@pytest.mark.parametrize(
    "ways",
    [
        pytest.param("saturation", id="alone", marks=pytest.mark.slow),
        pytest.param("", id="as on the chip"),
    ],
)
def test_a_card_that_saturates(emulated_npu, whisper_template, make_decoder, ways):
    finished = emulated_npu.python(
        "-c",
        SATURATING,
        whisper_template,
        EMULATED_NPU_CHIP="Ascend310P3",
        EMULATED_NPU_ARITHMETIC=ways,
    )
    assert finished.code == 0, finished.stderr
    loudest, saturates, in_float32, tokens = ast.literal_eval(finished.stdout.splitlines()[-1])
    assert saturates
    assert in_float32 == [index == loudest for index in range(3)]
    if ways == "saturation":
        assert (
            tokens[loudest]
            == decode(make_decoder(random_model(SEED, eot_bias=1.0)))[loudest].tokens
        )
