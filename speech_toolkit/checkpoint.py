"""The files of a checkpoint's directory: its JSON, and the one set of weights that counts.

Imports neither torch nor transformers, so that an incomplete download is reported before seconds
are spent on them.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speech_toolkit.errors import CheckpointError
from speech_toolkit.git_lfs import POINTER_HEAD_BYTES, is_lfs_pointer
from speech_toolkit.json_input import check_schema

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIG_NAME = "config.json"
WEIGHT_NAMES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
INDEX_SUFFIX = ".index.json"
_PICKLE_MARK = b"\x80"
_AGAIN = "download it again"
_INDEX_SCHEMA = {
    "type": "object",
    "required": ["weight_map"],
    "properties": {
        "weight_map": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "string",
                "pattern": r"^[\w-][\w.-]*$",
                "description": "the name of a file beside the index",
            },
        }
    },
}


def bundled_model(name: str) -> Path:
    """Return the directory of a model that ships with the toolkit."""
    return REPOSITORY / "models" / name


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


def weight_files(directory: Path) -> list[Path]:
    """Return the files of the one weight set that transformers loads, none where there is none.

    Whatever else lies beside it (a second format, copies in other dtypes, adapters of languages)
    is never read.

    Raises:
        CheckpointError: an index is damaged, or names files that are missing.
    """
    for name in WEIGHT_NAMES:
        path = directory / name
        if not path.is_file():
            continue
        if not name.endswith(INDEX_SUFFIX):
            return [path]
        shards = shard_names(path)
        missing = [shard for shard in shards if not (directory / shard).is_file()]
        if missing:
            raise CheckpointError(
                f"{directory}: {name} lists {len(shards)} files, {len(missing)} are missing, "
                f"{missing[0]} first; download the checkpoint again"
            )
        return [directory / shard for shard in shards]
    return []


def shard_names(index: Path) -> list[str]:
    """Return the names of the files that an index of weights lists, in order, each once.

    Raises:
        CheckpointError: it lists none, or files outside the checkpoint's directory.
    """
    content = read_json(index)
    check_schema(content, _INDEX_SCHEMA, str(index), error=CheckpointError, advice=_AGAIN)
    return sorted(set(content["weight_map"].values()))


def check_weights(files: Sequence[Path]) -> None:
    """Make sure that weight files are what their names say.

    Raises:
        CheckpointError: one is a Git LFS pointer, or cut short.
    """
    for file in files:
        _refuse_lfs_pointer(file)
        if file.suffix == ".bin":
            _refuse_damaged_archive(file)


def prefetch_weights(directory: Path) -> None:
    """Ask the kernel to read the weights into its cache while Python imports its packages."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in weight_files(directory):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


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
