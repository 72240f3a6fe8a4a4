import errno
import json
import os
from pathlib import Path

import pytest

from speech_toolkit.checkpoint.files import check_weights, prefetch_weights, read_json, weight_files
from speech_toolkit.checkpoint.hashes import weights_hash
from speech_toolkit.checkpoint.model_path import read_config, resolve_checkpoint
from speech_toolkit.errors import CheckpointError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "wav2vec2"}')
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def resolve(directory):
    return resolve_checkpoint(str(directory), read_nothing_more)


def read_nothing_more(directory):
    read_json(directory / "config.json")
    return directory


def test_complete_directory_is_taken_as_it_is(directory):
    assert resolve(directory) == directory
    assert read_config(str(directory)) == {"model_type": "wav2vec2"}


@pytest.mark.parametrize("is_archive", [True, False])
def test_older_weight_file_is_found_and_must_be_whole(directory, is_archive):
    import torch

    (directory / "model.safetensors").unlink()
    path = directory / "pytorch_model.bin"
    torch.save({"a": torch.zeros(100)}, path, _use_new_zipfile_serialization=is_archive)
    assert resolve(directory) == directory
    path.write_bytes(path.read_bytes()[:-20] if is_archive else b"<!DOCTYPE html>")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: is no file of PyTorch weights"):
        resolve(directory)


def test_every_shard_of_an_index_must_be_there(directory):
    (directory / "model.safetensors").rename(directory / "model-1.safetensors")
    shards = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    index = {"metadata": {}, "weight_map": shards}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"lists 2 files, 1 are missing, model-2"):
        resolve(directory)
    (directory / "model-2.safetensors").write_bytes(POINTER)
    with pytest.raises(CheckpointError, match=r"model-2\.safetensors.*git lfs pull"):
        resolve(directory)
    (directory / "model-2.safetensors").write_bytes(b"weights")
    assert resolve(directory) == directory


@pytest.mark.parametrize(
    "weight_map",
    [None, {}, [], {"a": "../other/model.safetensors"}, {"a": "/etc/passwd"}, {"a": 1}, {"a": ""}],
)
def test_index_that_lists_no_files_beside_it_is_refused(directory, weight_map):
    (directory / "model.safetensors").rename(directory / "other.safetensors")
    index = directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(CheckpointError, match=r"index\.json: weight_map.* not .*download it again"):
        resolve(directory)


def test_one_set_of_weights_counts(directory, monkeypatch):
    """Adapters of languages, float32 copies and the old format lie beside it on the hub."""
    for other in ("adapter.deu", "model.fp32-00001-of-00002", "model-00001-of-00002"):
        (directory / f"{other}.safetensors").write_bytes(b"other")
    (directory / "pytorch_model.bin").write_bytes(b"old")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    opened = []
    monkeypatch.setattr("os.posix_fadvise", lambda *_: opened.append(_), raising=False)
    prefetch_weights(directory)
    assert len(opened) == 1
    before = weights_hash(directory)
    (directory / "adapter.deu.safetensors").write_bytes(b"changed")
    assert weights_hash(directory) == before
    found = []
    for name in ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"):
        found.append([path.name for path in weight_files(directory)])
        (directory / name).unlink()
    assert found == [
        ["model.safetensors"],
        ["model-00001-of-00002.safetensors"],
        ["pytorch_model.bin"],
    ]
    assert weight_files(directory) == []
    assert weights_hash(directory) is None


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
        ("config.json", b"\xff\xfe", r"cannot be read \(byte 0 is not UTF-8"),
        ("config.json", b"[1]", "holds no JSON object"),
    ],
)
def test_incomplete_directory_is_refused_with_the_file_and_the_fix(
    directory, file, content, message
):
    damage(directory, file, content)
    with pytest.raises(CheckpointError, match=message):
        resolve(directory)


def test_json_error_names_the_file(tmp_path):
    path = tmp_path / "vocab.json"
    path.write_text('{"a": ')
    with pytest.raises(CheckpointError, match=r"vocab\.json: cannot be read as JSON"):
        read_json(path)


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "model.safetensors"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), r"Is a directory\); a file is expected there"),
        (lambda path: path.touch(), r"is empty \(0 bytes\); download it again"),
        (lambda path: path.symlink_to(path), "levels of symbolic links.*leads back to itself"),
        (lambda path: path.symlink_to("gone"), "No such file.*a link to a file that is gone"),
    ],
    ids=["directory", "empty", "loop", "dangling"],
)
def test_what_is_no_file_is_refused_by_name(directory, name, make, message):
    (directory / name).unlink(missing_ok=True)
    make(directory / name)
    with pytest.raises(CheckpointError, match=rf"{name}: .*{message}"):
        if name.endswith(".json"):
            read_json(directory / name)
        else:
            check_weights(weight_files(directory))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_may_not_be_read_is_refused_by_name(directory, name, forbid):
    forbid(directory / name)
    with pytest.raises(CheckpointError, match=rf"{name}: .*Permission denied\); run `chmod u\+r`"):
        read_json(directory / "config.json")
        check_weights(weight_files(directory))


def test_a_directory_that_may_not_be_read_is_refused_by_name(directory, forbid):
    forbid(directory)
    with pytest.raises(CheckpointError, match=r"Permission denied\).*a directory: `u\+rx`"):
        read_config(str(directory))


@pytest.fixture
def forbid(monkeypatch):
    """Return a function after which a path may not be read: not by root either, whom modes pass."""

    def apply(forbidden):
        def refuse(method):
            def call(path, *arguments, **options):
                if path == forbidden:
                    raise PermissionError(errno.EACCES, "Permission denied", str(path))
                return method(path, *arguments, **options)

            return call

        monkeypatch.setattr(Path, "open", refuse(Path.open))
        monkeypatch.setattr(os, "access", lambda path, mode: path != forbidden)

    return apply


def test_an_endless_name_gives_a_short_message():
    for name in ("x" * 5000, "/" + "y/" * 2500, "owner/" + "z" * 5000):
        with pytest.raises(CheckpointError, match="no such directory") as caught:
            read_config(name)
        assert len(str(caught.value)) < 600
