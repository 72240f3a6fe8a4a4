"""Weights that are not those of the config, or no weights at all, are told by their headers."""

import json
import os
import shutil
import struct

import pytest

from speech_toolkit.alignment.models.registry import load_ctc_model, read_ctc_checkpoint
from speech_toolkit.bundled import bundled_model
from speech_toolkit.device import Device
from speech_toolkit.errors import CheckpointError
from speech_toolkit.transcription.models.checkpoint import (
    load_whisper_model,
    read_whisper_checkpoint,
)

ALIGNER, WHISPER = bundled_model("tiny-mms-aligner"), bundled_model("tiny-whisper")
CPU = Device("cpu", None, "cpu", "test")


FORMS = ("safetensors", "archive", "legacy")


@pytest.fixture(params=FORMS)
def form(request):
    """A form that transformers or torch has written weights in."""
    return request.param


@pytest.fixture
def aligner(form, tmp_path):
    return copy_aligner(tmp_path, form)


def copy_aligner(tmp_path, form, change=lambda tensors: None):
    """Copy the bundled aligner, with its tensors changed in place and saved in another form."""
    import torch
    from safetensors.torch import load_file, save_file

    directory = shutil.copytree(ALIGNER, tmp_path / "model")
    path = directory / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    if form == "safetensors":
        save_file(tensors, path, metadata={"format": "pt"})
    else:
        path.unlink()
        is_archive = form == "archive"
        bin_path = directory / "pytorch_model.bin"
        torch.save(tensors, bin_path, _use_new_zipfile_serialization=is_archive)
    return directory


def configure(directory, **changes):
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def load(directory):
    import torch

    if (directory / "added_tokens.json").exists():
        return load_whisper_model(read_whisper_checkpoint(directory), CPU, torch.float32)
    return load_ctc_model(read_ctc_checkpoint(directory), CPU, torch.float32)


def refusal(directory):
    with pytest.raises(CheckpointError) as caught:
        load(directory)
    return str(caught.value)


def test_weights_of_every_form_load(aligner):
    assert load(aligner).lm_head.weight.shape == (31, 192)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": 10**9}, "lm_head.weight has the shape [31, 192] in "),
        ({"intermediate_size": 1 << 20}, "asks for [intermediate_size 1048576, hidden_size 192]"),
        ({"num_hidden_layers": 1000}, "its weights lack wav2vec2.encoder.layers.6."),
        ({"num_conv_pos_embeddings": 1 << 20}, "num_conv_pos_embeddings 1048576]"),
        ({"adapter_attn_dim": 1 << 20}, "its weights lack wav2vec2.encoder.layers.0.adapter_"),
        ({"conv_kernel": [1 << 20, 3, 3, 3, 3, 2, 2]}, "conv_kernel[0] 1048576]"),
    ],
)
def test_a_config_that_asks_for_terabytes_is_refused_by_the_headers(aligner, changes, message):
    configure(aligner, **changes)
    assert message in refusal(aligner)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder_ffn_dim": 1 << 20}, "[decoder_ffn_dim 1048576, d_model 192]"),
        ({"encoder_layers": 1000}, "its weights lack model.encoder.layers.4."),
        ({"max_target_positions": 100_000}, "[max_target_positions 100000, d_model 192]"),
        ({"vocab_size": 10**9}, "[vocab_size 1000000000, d_model 192]"),
        ({"d_model": 1 << 18}, "asks for [d_model 262144, num_mel_bins 128, 3]"),
    ],
)
def test_a_whisper_config_that_asks_for_terabytes_is_refused(changes, message, tmp_path):
    directory = shutil.copytree(WHISPER, tmp_path / "model")
    configure(directory, **changes)
    assert message in refusal(directory)


def test_quantised_weights_are_refused_by_name_and_dtype(form, tmp_path):
    import torch

    def quantise(tensors):
        tensors["lm_head.weight"] = (100 * tensors["lm_head.weight"]).to(torch.int8)

    told = refusal(copy_aligner(tmp_path, form, quantise))
    assert "lm_head.weight holds I8" in told or "lm_head.weight holds int8" in told
    assert "quantised weights cannot be used" in told


class Evil:
    """Runs a command when it is unpickled without care."""

    def __reduce__(self):
        return os.system, ("echo evil > evil",)


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_pickle_that_runs_code_is_refused_as_such(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory = copy_aligner(tmp_path, form, lambda tensors: tensors.update(x=Evil()))
    told = refusal(directory)
    assert "holds Python code or objects beside its weights" in told
    assert "system" in told
    assert "download it again" not in told
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08",
        struct.pack("<Q", 1 << 60) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 8) + b'{"a": 1}',
        struct.pack("<Q", 25) + b'{"a": {"dtype": [], "sh": 1',
        struct.pack("<Q", 90)
        + b'{"a": {"dtype": "F32", "shape": [1, -2], "data_offsets": [0, 8]}}',
        struct.pack("<Q", 100_000) + b"[" * 100_000,
    ],
)
def test_a_damaged_header_is_refused(content, tmp_path):
    directory = shutil.copytree(ALIGNER, tmp_path / "model")
    (directory / "model.safetensors").write_bytes(content)
    assert "model.safetensors: " in refusal(directory)


@pytest.mark.parametrize("damage", [slice(0, 1000), slice(2000, None)])
def test_a_damaged_pickle_is_refused(damage, tmp_path):
    directory = copy_aligner(tmp_path, "legacy")
    path = directory / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[damage])
    assert "weights cannot be read" in refusal(directory)


def test_a_pickle_of_something_else_is_refused(tmp_path):
    import torch

    directory = shutil.copytree(ALIGNER, tmp_path / "model")
    (directory / "model.safetensors").unlink()
    torch.save([1, 2], directory / "pytorch_model.bin")
    assert "it holds a list, not tensors by name" in refusal(directory)


def test_memory_that_runs_out_stays_what_it_is(monkeypatch):
    from transformers import Wav2Vec2ForCTC

    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Wav2Vec2ForCTC, "from_pretrained", fail)
    with pytest.raises(KeyboardInterrupt):
        load(ALIGNER)


@pytest.mark.parametrize(
    "error",
    [TypeError("x"), KeyError("metadata"), AssertionError(), RecursionError("deep"), Exception],
)
def test_whatever_transformers_raises_becomes_one_line(error, monkeypatch):
    from transformers import Wav2Vec2ForCTC

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Wav2Vec2ForCTC, "from_pretrained", fail)
    assert "transformers makes no model of its files (" in refusal(ALIGNER)
