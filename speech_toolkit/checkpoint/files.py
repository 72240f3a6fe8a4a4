"""The files of a checkpoint's directory: its JSON, and the one set of weights that counts.

Imports neither torch nor transformers, so that an incomplete download is reported before seconds
are spent on them.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speech_toolkit.checkpoint.schema import check_content
from speech_toolkit.errors import CheckpointError
from speech_toolkit.files.git_lfs import POINTER_HEAD_BYTES, is_lfs_pointer
from speech_toolkit.files.json_input import parse_json, read_text, shown_path

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


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON file of a checkpoint and hold it against the schema of its kind.

    Raises:
        CheckpointError: the file is missing, may not be read, is a Git LFS pointer or no JSON
            object, or a value in it is not what is expected there.
    """
    if not os.path.lexists(path):
        raise CheckpointError(
            f"{shown_path(path.parent)}: has no {path.name}; give the directory of a transformers "
            "checkpoint, or leave --model_path out to use the bundled model"
        )
    _refuse_lfs_pointer(path)
    ours = {"error": CheckpointError, "advice": _AGAIN}
    content = parse_json(read_text(path, **ours), shown_path(path), **ours)
    if not isinstance(content, dict):
        raise CheckpointError(f"{shown_path(path)}: holds no JSON object; download it again")
    check_content(path, content)
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
        if not os.path.lexists(path):
            continue
        if not name.endswith(INDEX_SUFFIX):
            return [path]
        shards = shard_names(path)
        missing = [shard for shard in shards if not (directory / shard).is_file()]
        if missing:
            raise CheckpointError(
                f"{shown_path(directory)}: {name} lists {len(shards)} files, {len(missing)} are "
                f"missing, {missing[0]} first; download the checkpoint again"
            )
        return [directory / shard for shard in shards]
    return []


def shard_names(index: Path) -> list[str]:
    """Return the names of the files that an index of weights lists, in order, each once.

    Raises:
        CheckpointError: it lists none, or files outside the checkpoint's directory.
    """
    return sorted(set(read_json(index)["weight_map"].values()))


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
    """Raise where a file may not be read, is none, is empty, or only points to the file itself."""
    try:
        with path.open("rb") as file:
            head = file.read(POINTER_HEAD_BYTES)
    except OSError as error:
        raise unreadable_file(path, error) from error
    if not head:
        raise CheckpointError(f"{shown_path(path)}: is empty (0 bytes); download it again")
    if is_lfs_pointer(head):
        raise CheckpointError(
            f"{shown_path(path)}: is a Git LFS pointer, not the file itself; "
            f"run `git lfs pull` in {shown_path(path.parent)}"
        )


def unreadable_file(path: Path, error: OSError) -> CheckpointError:
    """Say why a file or directory of a checkpoint cannot be read, and what helps."""
    advice = {
        errno.EACCES: "run `chmod u+r` (a directory: `u+rx`), or ask its owner to let you read it",
        errno.EISDIR: "a file is expected there; download the checkpoint again",
        errno.ENOENT: "it is a link to a file that is gone; download the checkpoint again",
        errno.ELOOP: "it is a link that leads back to itself; download the checkpoint again",
    }.get(error.errno, _AGAIN)
    return CheckpointError(f"{shown_path(path)}: cannot be read ({error.strerror}); {advice}")


def _refuse_damaged_archive(path: Path) -> None:
    """Raise where a file is neither a whole archive of torch.save nor a pickle of its old form."""
    import zipfile

    with path.open("rb") as file:
        is_pickle = file.read(1) == _PICKLE_MARK
        if not is_pickle and not zipfile.is_zipfile(file):
            raise CheckpointError(
                f"{shown_path(path)}: is no file of PyTorch weights, or is cut short; download it "
                "again"
            )
