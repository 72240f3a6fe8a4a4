"""Weights that make no result, and that are loaded onto nothing."""

import shutil

import numpy as np
import pytest

from speech_toolkit.alignment import Aligner
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.pretrained import foreign_errors
from speech_toolkit.errors import CheckpointError, DeviceError
from speech_toolkit.transcription import Transcriber, TranscriptionSettings

MODELS = {Aligner: "tiny-mms-aligner", Transcriber: "tiny-whisper"}


def run(model):
    samples = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    waveform = Waveform(samples, 16_000, "noise.wav", 16_000, 1)
    if isinstance(model, Aligner):
        return model.align(waveform, "hello")
    settings = TranscriptionSettings(skip_silence=False, temperatures=(0.0,), max_new_tokens=2)
    return model.transcribe(waveform, settings)


@pytest.fixture(params=MODELS, ids=lambda kind: kind.__name__)
def copy(request, tmp_path):
    """A bundled model's class, and a copy of its files."""
    return request.param, shutil.copytree(bundled_model(MODELS[request.param]), tmp_path / "model")


def write_value(directory, part_of_name, value):
    """Put a value into one of the weights; return its name."""
    from safetensors.torch import load_file, save_file

    path = directory / "model.safetensors"
    tensors = load_file(path)
    name = next(name for name in sorted(tensors) if part_of_name in name)
    tensors[name].view(-1)[3] = value
    save_file(tensors, path, metadata={"format": "pt"})
    return name


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(copy, value):
    kind, directory = copy
    name = write_value(directory, "layers.0.final_layer_norm.weight", value)
    with pytest.raises(CheckpointError) as caught:
        run(kind.load(directory, "cpu"))
    assert str(caught.value).startswith(f"{directory}: its weights hold NaN or infinity (1 of 192")
    assert name in str(caught.value)
    assert "--dtype" not in str(caught.value)


def test_a_tensor_that_the_file_lacks_holds_nothing_by_chance():
    loaded = Aligner.load(bundled_model(MODELS[Aligner]), "cpu")
    assert not loaded.model.base_model.masked_spec_embed.any()


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [("bfloat16", "use --dtype float32"), ("float32", "download the checkpoint again")],
)
def test_finite_weights_that_overflow_are_a_matter_of_dtype(copy, monkeypatch, dtype, advice):
    """No word of --dtype float32 in float32, nor where float32 was tried and failed, too."""
    import torch

    kind, directory = copy
    if kind is Aligner:
        advice = "in torch.float32 is NaN .* download the checkpoint again"
    model = kind.load(directory, "cpu", dtype)
    module = model.model if kind is Aligner else model.decoder.model
    forward = torch.nn.functional.layer_norm
    monkeypatch.setattr(
        torch.nn.functional, "layer_norm", lambda *a, **b: forward(*a, **b) * float("nan")
    )
    weights = dict(module.named_parameters())
    for name in [name for name in weights if name.endswith("masked_spec_embed")]:
        del weights[name]  # of training alone: not in the file, and what memory held where not set
    assert all(weight.isfinite().all() for weight in weights.values())
    with pytest.raises(DeviceError, match=advice) as caught:
        run(model)
    assert ("--dtype" in str(caught.value)) is (kind is Transcriber and dtype == "bfloat16")


@pytest.mark.parametrize("error", [MemoryError(), CheckpointError("ours"), KeyboardInterrupt()])
def test_errors_that_are_no_fault_of_a_file_stay_what_they_are(error, tmp_path):
    with pytest.raises(type(error)) as caught, foreign_errors(tmp_path, "cannot be used"):
        raise error
    assert caught.value is error


def test_foreign_errors_become_one_line(tmp_path):
    with pytest.raises(CheckpointError) as caught, foreign_errors(tmp_path, "cannot be used"):
        raise AttributeError("'str' object has no attribute 'x'\nsecond line")
    assert str(caught.value) == (
        f"{tmp_path}: cannot be used ('str' object has no attribute 'x'); download it again"
    )
    with (
        pytest.raises(CheckpointError, match=r"\(KeyError: 'metadata'\)"),
        foreign_errors(tmp_path, "cannot be used"),
    ):
        raise KeyError("metadata")


def test_a_tokenizer_that_cannot_be_made_is_named(copy):
    kind, directory = copy
    if kind is Aligner:
        pytest.skip("the aligner reads its vocabulary itself")
    (directory / "tokenizer.json").write_text('{"model": {"type": "BPE", "vocab": {"a": -1}}}')
    with pytest.raises(CheckpointError, match=r"its tokenizer cannot be loaded \(.*download tok"):
        kind.load(directory, "cpu")
