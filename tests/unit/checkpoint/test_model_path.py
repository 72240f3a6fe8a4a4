"""A path, or a hub id whose files are fetched: the small ones, then one set of weights."""

import json
import subprocess
import sys

import pytest

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.checkpoint.files import read_json
from speech_toolkit.checkpoint.model_path import read_config, resolve_checkpoint
from speech_toolkit.errors import CheckpointError
from tests.unit.checkpoint.fake_hub import (
    CLUTTER,
    INDEX,
    NAME,
    OLD_INDEX,
    OLD_SHARDS,
    SHARDS,
    SMALL,
    FakeHub,
)

MISSING_PATHS = ("/missing/at/all", "./distil-large-v3", "../distil", "~/models/x", "some/model/")


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "wav2vec2"}')
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def read_nothing_more(directory):
    read_json(directory / "config.json")
    return directory


@pytest.mark.parametrize(
    ("model_path", "message"),
    [
        ("no such thing", "no such directory; give a checkpoint directory or a hub id"),
        *((path, "there is no such directory; check the path") for path in MISSING_PATHS),
        ("", "no such directory; give a checkpoint directory or a hub id"),
        ("some-owner/some-model", "not to be had from the hub.*HF_ENDPOINT"),
    ],
)
def test_what_is_neither_directory_nor_hub_id(model_path, message, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=message):
        read_config(model_path)


@pytest.mark.parametrize(
    ("files", "config", "form"),
    [
        (["adapter_config.json", "adapter_model.safetensors"], None, "an adapter of PEFT"),
        (["weights.npz"], {"model_type": "whisper", "n_mels": 80}, "a conversion for MLX"),
        (["model.bin", "vocabulary.json"], {"lang_ids": [1]}, "a conversion for CTranslate2"),
        (["large-v3.pt"], None, "a checkpoint of openai/whisper"),
        (["parakeet-ctc-0.6b.nemo"], None, "a checkpoint of NeMo"),
        (["ggml-tiny.bin"], None, "a conversion for whisper.cpp"),
    ],
)
def test_model_of_another_program_is_named(tmp_path, files, config, form):
    for name in files:
        (tmp_path / name).write_text("{}")
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=f"is {form}.*, not a whole checkpoint; (give|merge)"):
        resolve_checkpoint(str(tmp_path), read_nothing_more)
    with pytest.raises(CheckpointError, match=form):
        read_config(str(tmp_path))


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
    assert resolve_checkpoint("some-owner/some-model", read_nothing_more) == snapshot


FETCH = """
import sys
from speech_toolkit.errors import CheckpointError, ToolkitError
from speech_toolkit.checkpoint.files import read_json, weight_files
from speech_toolkit.checkpoint.model_path import resolve_checkpoint

def read(directory):
    if read_json(directory / "config.json")["model_type"] != "wav2vec2":
        raise CheckpointError("another family")
    return directory

try:
    directory = resolve_checkpoint(sys.argv[1], read, lambda _: sys.argv[2:])
    print(*(path.name for path in weight_files(directory)))
except ToolkitError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def hub():
    server = FakeHub()
    yield server
    server.close()


def fetch(hub, cache, adapter_files=(), **environment):
    """Resolve the hub's checkpoint in a process of its own, whose settings are read at import."""
    variables = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(cache), "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, "-c", FETCH, NAME, *adapter_files],
        env={"PATH": "/usr/bin", "PYTHONPATH": str(REPOSITORY), **variables, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (["model.safetensors", "pytorch_model.bin", INDEX, *SHARDS], ["model.safetensors"]),
        (["pytorch_model.bin", INDEX, *SHARDS], SHARDS),
        (["pytorch_model.bin", *OLD_SHARDS, OLD_INDEX], ["pytorch_model.bin"]),
        ([*OLD_SHARDS, OLD_INDEX], OLD_SHARDS),
    ],
    ids=["safetensors", "shards", "old format", "old shards"],
)
def test_one_set_of_weights_is_fetched_from_the_hub(hub, tmp_path, there, expected):
    hub.names = [*SMALL, *CLUTTER, *there]
    done = fetch(hub, tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, list(expected)), done.stderr
    small = {*SMALL, *(name for name in there if name.endswith("index.json"))}
    assert sorted(hub.taken) == sorted({*small, *expected})
    hub.taken.clear()
    offline = fetch(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert (offline.stdout, hub.taken) == (done.stdout, []), offline.stderr


@pytest.mark.parametrize("there", ["adapter.fra.safetensors", "adapter.fra.bin"])
def test_the_adapter_asked_for_is_fetched_and_no_other(hub, tmp_path, there):
    hub.names = [*SMALL, *CLUTTER, "model.safetensors", there]
    names = ("adapter.fra.safetensors", "adapter.fra.bin")
    done = fetch(hub, tmp_path, names)
    assert (done.returncode, done.stdout.split()) == (0, ["model.safetensors"]), done.stderr
    assert sorted(hub.taken) == sorted({*SMALL, "model.safetensors", there})
    hub.taken.clear()
    offline = fetch(hub, tmp_path, names, HF_HUB_OFFLINE="1")
    assert (offline.returncode, hub.taken) == (0, []), offline.stderr


def test_adapter_that_the_hub_lacks_is_named(hub, tmp_path):
    hub.names = [*SMALL, *CLUTTER, "model.safetensors"]
    refused = fetch(hub, tmp_path, ["adapter.fra.safetensors", "adapter.fra.bin"])
    assert f"{NAME}: has no adapter.fra.safetensors or adapter.fra.bin, the" in refused.stderr


def test_checkpoint_of_another_kind_costs_no_weights(hub, tmp_path):
    hub.names, hub.model_type = [*SMALL, *CLUTTER, "model.safetensors"], "bert"
    refused = fetch(hub, tmp_path)
    assert (refused.returncode, refused.stderr.strip()[-14:]) == (1, "another family")
    assert sorted(hub.taken) == sorted(SMALL)


def test_repository_without_weights_is_named(hub, tmp_path):
    hub.names = [*SMALL, *CLUTTER]
    assert f"{NAME}: no weights found; expected model.safetensors" in fetch(hub, tmp_path).stderr


def test_hub_out_of_reach_is_named(hub, tmp_path):
    hub.close()
    refused = fetch(hub, tmp_path)
    assert f"{NAME}: no such directory here, and not to be had from the hub" in refused.stderr
    assert "Traceback" not in refused.stderr
