import json

import pytest

from speech_toolkit.checkpoint import read_config, read_json, resolve_checkpoint
from speech_toolkit.errors import CheckpointError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "wav2vec2"}')
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def test_complete_directory_is_taken_as_it_is(directory):
    assert resolve_checkpoint(str(directory)) == directory
    assert read_config(str(directory)) == {"model_type": "wav2vec2"}


@pytest.mark.parametrize("is_archive", [True, False])
def test_older_weight_file_is_found_and_must_be_whole(directory, is_archive):
    import torch

    (directory / "model.safetensors").unlink()
    path = directory / "pytorch_model.bin"
    torch.save({"a": torch.zeros(100)}, path, _use_new_zipfile_serialization=is_archive)
    assert resolve_checkpoint(str(directory)) == directory
    path.write_bytes(path.read_bytes()[:-20] if is_archive else b"<!DOCTYPE html>")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: is no file of PyTorch weights"):
        resolve_checkpoint(str(directory))


def test_every_shard_of_an_index_must_be_there(directory):
    (directory / "model.safetensors").rename(directory / "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"lists 2 files, 1 are missing, model-2"):
        resolve_checkpoint(str(directory))
    (directory / "model-2.safetensors").write_bytes(POINTER)
    with pytest.raises(CheckpointError, match=r"model-2\.safetensors.*git lfs pull"):
        resolve_checkpoint(str(directory))
    (directory / "model-2.safetensors").write_bytes(b"weights")
    assert resolve_checkpoint(str(directory)) == directory


def damage(directory, file, content):
    path = directory / file
    path.unlink() if content is None else path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.safetensors", None, "no weights found; expected model.safetensors or pytorch"),
        ("model.safetensors", POINTER, "is a Git LFS pointer.*run `git lfs pull` in"),
        ("config.json", None, "has no config.json; give the directory of a transformers"),
        ("config.json", POINTER, "is a Git LFS pointer"),
        ("config.json", b"{", "cannot be read as JSON"),
        ("config.json", b"\xff\xfe", "cannot be read as JSON"),
        ("config.json", b"[1]", "holds no JSON object"),
    ],
)
def test_incomplete_directory_is_refused_with_the_file_and_the_fix(
    directory, file, content, message
):
    damage(directory, file, content)
    with pytest.raises(CheckpointError, match=message):
        resolve_checkpoint(str(directory))


@pytest.mark.parametrize(
    ("model_path", "message"),
    [
        ("no such thing", "no such directory; give a checkpoint directory or a hub id"),
        ("/missing/at/all", "no such directory; give a checkpoint directory or a hub id"),
        ("", "no such directory; give a checkpoint directory or a hub id"),
        ("some-owner/some-model", "not to be had from the hub.*HF_ENDPOINT"),
    ],
)
def test_what_is_neither_directory_nor_hub_id(model_path, message, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=message):
        read_config(model_path)


def test_file_instead_of_directory(directory):
    with pytest.raises(CheckpointError, match="is a file; --model_path takes a checkpoint dir"):
        read_config(str(directory / "config.json"))


def test_hub_id_is_read_from_the_local_cache_when_offline(directory, tmp_path, monkeypatch):
    """A checkpoint that was downloaded before works without network, by its hub id."""
    repository = tmp_path / "cache" / "models--some-owner--some-model"
    snapshot = repository / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    for name in ("config.json", "model.safetensors"):
        (snapshot / name).write_bytes((directory / name).read_bytes())
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path / "cache")
    )
    assert resolve_checkpoint("some-owner/some-model") == snapshot


def test_json_error_names_the_file(tmp_path):
    path = tmp_path / "vocab.json"
    path.write_text('{"a": ')
    with pytest.raises(CheckpointError, match=r"vocab\.json: cannot be read as JSON"):
        read_json(path)
