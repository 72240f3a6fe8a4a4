"""What models are counted to compute."""

import pytest
import torch
from transformers import Wav2Vec2Config, WhisperConfig

from benchmarks.matrix_rate import aligner_window_flop, matrix_flop_per_s, whisper_window_flop
from benchmarks.random_shapes import ALIGNER, SHAPES, WHISPER
from speech_toolkit.device import select_device

TERA = 1e12


def test_a_window_of_distil_large_v3_is_the_sum_of_its_products():
    config = WhisperConfig(**SHAPES[WHISPER])
    width, frames = 1280, 1500
    layer = 2 * frames * 12 * width**2 + 4 * frames**2 * width
    convolutions = 2 * 3 * width * (2 * frames * 128 + frames * width)
    encoder = 32 * layer + convolutions
    speech = 2 * 2 * 2 * frames * width**2  # keys and values of two layers
    token = 2 * 2 * 14 * width**2 + 2 * width * 51866
    attended = 2 * 4 * width * (frames + 100)
    expected = encoder + speech + 100 * (token + attended)
    assert whisper_window_flop(config, 100) == expected
    assert encoder == pytest.approx(2.27 * TERA, rel=0.01)


def test_an_aligner_takes_more_for_more_audio():
    config = Wav2Vec2Config(**SHAPES[ALIGNER])
    second, two = (aligner_window_flop(config, 16_000 * s) for s in (1, 2))
    assert 1.9 < two / second < 2.2
    layers = 24 * 2 * 49 * 12 * 1024**2
    assert layers < second < 3 * layers


def test_a_device_multiplies():
    assert matrix_flop_per_s(select_device("cpu"), torch.float32) > 1e8
