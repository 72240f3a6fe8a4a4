"""From ``--model_path`` to a complete checkpoint directory: local, or downloaded from the hub.

Imports neither torch nor transformers, so that a wrong path or an incomplete download is reported
before seconds are spent on them.
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speech_toolkit.errors import CheckpointError, first_line
from speech_toolkit.git_lfs import POINTER_HEAD_BYTES, is_lfs_pointer

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIG_NAME = "config.json"
WEIGHT_NAMES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_PICKLE_MARK = b"\x80"


def bundled_model(name: str) -> Path:
    """Return the directory of a model that ships with the toolkit."""
    return REPOSITORY / "models" / name


def read_config(model_path: str) -> dict[str, Any]:
    """Read a checkpoint's ``config.json`` and nothing else of it.

    Args:
        model_path: a directory, or a hub id such as ``owner/name``.

    Raises:
        CheckpointError: there is no such checkpoint, or its config cannot be read.
    """
    directory = _local_directory(model_path) or _download(model_path, [CONFIG_NAME])
    return read_json(directory / CONFIG_NAME)


def resolve_checkpoint(model_path: str) -> Path:
    """Return the local directory that holds a whole checkpoint, downloading a hub id if needed.

    Raises:
        CheckpointError: no such directory or hub id, no weights, or a file of it is a Git LFS
            pointer or cut short.
    """
    directory = _local_directory(model_path)
    if directory is None:
        directory = _download(model_path, ["*.json", "*.txt", "*.safetensors"])
        if not _weights_in(directory):
            directory = _download(model_path, ["*.bin"])
    read_json(directory / CONFIG_NAME)
    weights = _weights_in(directory)
    if not weights:
        raise CheckpointError(
            f"{model_path}: no weights found; expected {' or '.join(WEIGHT_NAMES[::2])} there"
        )
    for file in weights:
        _refuse_lfs_pointer(file)
        if file.suffix == ".bin":
            _refuse_damaged_archive(file)
    return directory


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object of a checkpoint.

    Raises:
        CheckpointError: the file is missing, a Git LFS pointer, or not a JSON object.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path.parent}: has no {path.name}; give the directory of a transformers checkpoint, "
            "or leave --model_path out to use the bundled model"
        )
    _refuse_lfs_pointer(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"{path}: cannot be read as JSON ({error}); download it again"
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: holds no JSON object; download it again")
    return content


def prefetch_weights(directory: Path) -> None:
    """Ask the kernel to read the weights into its cache while Python imports its packages."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in directory.glob("*.safetensors"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _weights_in(directory: Path) -> list[Path]:
    """Return the weight files of ``directory``, the shards of an index among them."""
    for name in WEIGHT_NAMES:
        path = directory / name
        if not path.is_file():
            continue
        if not name.endswith(".index.json"):
            return [path]
        shards = sorted(set(read_json(path).get("weight_map", {}).values()))
        missing = [shard for shard in shards if not (directory / shard).is_file()]
        if missing:
            raise CheckpointError(
                f"{directory}: {name} lists {len(shards)} files, {len(missing)} are missing, "
                f"{missing[0]} first; download the checkpoint again"
            )
        return [directory / shard for shard in shards]
    return []


def _refuse_lfs_pointer(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(POINTER_HEAD_BYTES)
    if is_lfs_pointer(head):
        raise CheckpointError(
            f"{path}: is a Git LFS pointer, not the file itself; "
            f"run `git lfs pull` in {path.parent}"
        )


def _refuse_damaged_archive(path: Path) -> None:
    """Raise where a file is neither a whole archive of torch.save nor a pickle of its old form."""
    import zipfile

    with path.open("rb") as file:
        is_pickle = file.read(1) == _PICKLE_MARK
        if not is_pickle and not zipfile.is_zipfile(file):
            raise CheckpointError(
                f"{path}: is no file of PyTorch weights, or is cut short; download it again"
            )


def _local_directory(model_path: str) -> Path | None:
    return Path(model_path) if model_path and Path(model_path).is_dir() else None


def _download(model_path: str, patterns: Sequence[str]) -> Path:
    """Bring files of a hub id into the local cache and return their directory."""
    if model_path and Path(model_path).exists():
        raise CheckpointError(f"{model_path}: is a file; --model_path takes a checkpoint directory")
    if not _HUB_ID.fullmatch(model_path):
        raise CheckpointError(
            f"{model_path!r}: no such directory; "
            "give a checkpoint directory or a hub id (owner/name)"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model_path, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{model_path}: no such directory here, and not to be had from the hub "
            f"({first_line(error)}); "
            "check the name, set HF_ENDPOINT to a mirror you can reach, or download the "
            "checkpoint and give its directory"
        ) from error
