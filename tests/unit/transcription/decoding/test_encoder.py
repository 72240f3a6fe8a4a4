"""Windows that overflow in float16 are encoded in float32, and only these."""

import ast

import pytest
import torch

from tests.unit.transcription.random_whisper import MEL_BINS, MEL_FRAMES, random_model


def features():
    """Three windows, each louder than the one before."""
    noise = torch.randn(3, MEL_BINS, MEL_FRAMES, generator=torch.Generator().manual_seed(0))
    return noise * torch.tensor([0.5, 1.0, 4.0])[:, None, None]


def encode_exactly(model):
    with torch.inference_mode():
        return model.model.encoder(features()).last_hidden_state


def with_loud_values(model, second_peak=None):
    """Let the last layer's attention overflow inside in one window, with the same result."""
    attention, peaks = model.model.encoder.layers[-1].self_attn, []
    hook = attention.v_proj.register_forward_hook(
        lambda module, args, output: peaks.extend(output.abs().amax((1, 2)).tolist())
    )
    encode_exactly(model)
    hook.remove()
    *_, second, first = sorted(peaks)
    scale = (second_peak or 65504 * (second / first) ** 0.5) / second
    with torch.no_grad():
        attention.v_proj.weight *= scale
        attention.v_proj.bias *= scale
        attention.out_proj.weight /= scale
    return model, peaks.index(first)


@pytest.mark.parametrize("seed", [2, 3])
def test_windows_that_overflow_are_encoded_in_float32(make_decoder, seed):
    expected = encode_exactly(random_model(seed))
    model, loudest = with_loud_values(random_model(seed))
    with torch.inference_mode():
        broken = model.half().model.encoder(features().half()).last_hidden_state
    assert broken.isfinite().all((1, 2)).tolist() == [index != loudest for index in range(3)]
    encoded = make_decoder(model, torch.float16).encode(features())
    assert encoded.redone == (loudest,)
    assert encoded.states_BFE.dtype is torch.float16
    assert (encoded.states_BFE - expected).abs().max() < 0.02


def test_what_is_clamped_is_found_though_it_is_finite(make_decoder):
    model = random_model()
    with torch.no_grad():
        model.model.encoder.embed_positions.weight[:, 0] = 4e4
        model.model.encoder.layers[-1].fc2.bias[0] = 4e4
    expected = encode_exactly(model)
    decoder = make_decoder(model, torch.float16)
    with torch.inference_mode():
        clamped = model.model.encoder(features().half()).last_hidden_state
    assert clamped.isfinite().all()
    encoded = decoder.encode(features())
    assert encoded.redone == (0, 1, 2)
    own, theirs = ((states - expected).abs().max() for states in (encoded.states_BFE, clamped))
    assert own < theirs / 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_nothing_is_encoded_twice_without_need(make_decoder, dtype):
    decoder = make_decoder(random_model(), dtype)
    encoded = decoder.encode(features())
    assert encoded.redone == ()
    with torch.inference_mode():
        plain = decoder.model.model.encoder(features().to(dtype)).last_hidden_state
    assert torch.equal(encoded.states_BFE, plain)
    assert decoder._encoder._float32_encoder is None


SATURATING = """
import sys
from pathlib import Path
from speech_toolkit.device import select_device
device = select_device("npu:1")
import torch
from tests.unit.transcription.conftest import decoder_maker
from tests.unit.transcription.decoding.test_encoder import features, with_loud_values
from tests.unit.transcription.random_whisper import random_model
model, loudest = with_loud_values(random_model(11), 58_000)
model.to("npu:1")
decoder = decoder_maker(Path(sys.argv[1]))(model, torch.float16, device=device)
print((loudest, decoder.encode(features()).redone))
"""


def test_a_card_that_saturates_shows_nothing_and_is_watched(emulated_npu, whisper_template):
    finished = emulated_npu.python(
        *("-c", SATURATING, whisper_template), EMULATED_NPU_CHIP="Ascend310P3"
    )
    assert finished.code == 0, finished.stderr
    loudest, redone = ast.literal_eval(finished.stdout.splitlines()[-1])
    assert redone == (loudest,)
