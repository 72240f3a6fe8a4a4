"""Any operator that fails, or finds no memory, is one line of ours, and the next file still runs.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from torch_npu import _emulator

from speech_toolkit.alignment.aligner import Aligner
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.errors import OperatorError, OutOfMemoryError
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.transcriber import Transcriber
from tests.unit.transcription.random_whisper import random_model, save_checkpoint

CARD = "npu:1"
RATE = 16_000
SETTINGS = TranscriptionSettings(  # reaches every operator that a transcription has
    timestamps="word",
    temperatures=(0.0, 0.5),
    compression_ratio_threshold=0.1,
    no_speech_threshold=None,
    max_new_tokens=10,
    chunk_length_s=2.0,
    batch_size=2,
    skip_silence=False,
    record_margins=True,
    prompt="a",
)
# fmt: off
OPERATORS = (
    "aten::_local_scalar_dense", "aten::_reshape_alias", "aten::_softmax", "aten::abs",
    "aten::add", "aten::addmm", "aten::all", "aten::amax", "aten::arange", "aten::argmax",
    "aten::as_strided", "aten::bitwise_and", "aten::bitwise_not", "aten::bitwise_or",
    "aten::bmm", "aten::cat", "aten::clamp", "aten::clamp_min",
    "aten::convolution_overrideable", "aten::copy_", "aten::cumsum", "aten::div", "aten::empty",
    "aten::empty_strided", "aten::eq", "aten::exp", "aten::fill_", "aten::gather", "aten::ge",
    "aten::gelu", "aten::gt", "aten::index", "aten::index_copy", "aten::index_fill_",
    "aten::index_select", "aten::isneginf", "aten::le", "aten::log", "aten::lt",
    "aten::masked_fill_", "aten::mean", "aten::median", "aten::mm", "aten::mul",
    "aten::native_layer_norm", "aten::reflection_pad1d", "aten::std_mean", "aten::sub",
    "aten::sum", "aten::topk", "aten::unfold", "aten::view", "aten::where", "aten::zero_",
)
# fmt: on
OF_LOADING = ("aten::arange", "aten::copy_", "aten::empty_strided", "aten::lt", "aten::zero_")
OF_ALIGNING = ("aten::addmm", "aten::bmm", "aten::convolution_overrideable", "aten::copy_")


def speech(length_s):
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, length_s * RATE).astype(np.float32)
    return Waveform(samples, RATE, "speech.wav", RATE, 1)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("whisper"), random_model(2, eot_bias=1.0))


@pytest.fixture(scope="module")
def transcriber(directory):
    return Transcriber.load(directory, CARD)


@pytest.fixture(scope="module")
def tokens(transcriber):
    return transcriber.transcribe(speech(2), SETTINGS).tokens


@pytest.fixture(scope="module")
def aligner():
    return Aligner.load(None, CARD)


def check_faults(call, operator):
    """Expect one line, where the operator fails and where it finds no memory."""
    try:
        _emulator.plant(operator)
        with pytest.raises(OperatorError) as failed:
            call()
        _emulator.plant(operator, out_of_memory=True)
        with pytest.raises(OutOfMemoryError) as starved:
            call()
    finally:
        _emulator.plant("")
    assert f"(call {operator} failed, detail:EZ9999: Inner Error!); run again" in str(failed.value)
    figures = r"2\.00 GiB asked for, 6[34]\.\d\d GiB free of 64\.00 GiB in all, \d+ MiB taken by"
    assert re.search(figures, str(starved.value))
    for raised in (failed, starved):
        assert str(raised.value).startswith(f"{CARD}: ")
        assert len(str(raised.value).splitlines()) == 1


@pytest.fixture(scope="module")
def used(transcriber):
    """The operators of a transcription; versions of torch and transformers differ in some."""
    _emulator.reset_counters()
    transcriber.transcribe(speech(7), SETTINGS)
    counted = _emulator.counters()
    return {name.removeprefix("operator.") for name in counted if name.startswith("operator.")}


def test_most_operators_of_a_transcription_are_made_to_fail(used):
    assert len(used & {*OPERATORS}) > 0.9 * len(used) > 40


@pytest.mark.parametrize("mode", ["transcribe", "chunked"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_transcription_when_an_operator_fails(transcriber, used, tokens, operator, mode):
    if operator not in used:
        pytest.skip("not used by these versions of torch and transformers")
    settings = replace(SETTINGS, mode=mode)
    check_faults(lambda: transcriber.transcribe(speech(3), settings), operator)
    if mode == "transcribe":
        assert transcriber.transcribe(speech(2), SETTINGS).tokens == tokens


@pytest.mark.parametrize("operator", OF_LOADING)
def test_loading_when_an_operator_fails(directory, operator):
    check_faults(lambda: Transcriber.load(directory, CARD), operator)


@pytest.mark.parametrize("operator", OF_ALIGNING)
def test_alignment_when_an_operator_fails(aligner, operator):
    check_faults(lambda: aligner.align(speech(2), "a b"), operator)
