"""From ``--model_path`` to a whole checkpoint on this machine: a directory, or a hub id.

Of a hub id the small files come first and are checked; then one set of weights, of adapters the
one that is asked for, and no more.
Imports neither torch nor transformers, so that a wrong path is reported before seconds are spent
on them.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from speech_toolkit.checkpoint.files import (
    CONFIG_NAME,
    INDEX_SUFFIX,
    WEIGHT_NAMES,
    check_weights,
    read_json,
    shard_names,
    unreadable_file,
    weight_files,
)
from speech_toolkit.checkpoint.foreign_checkpoints import refuse_foreign_form
from speech_toolkit.checkpoint.hub_environment import check_hub_environment
from speech_toolkit.errors import CheckpointError, first_line
from speech_toolkit.files.json_input import shown_path

T = TypeVar("T")

DESCRIPTION_NAMES = (
    CONFIG_NAME,
    "generation_config.json",
    "adapter_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "normalizer.json",
    *(name for name in WEIGHT_NAMES if name.endswith(INDEX_SUFFIX)),
)
_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_PATH_STARTS = ("/", "./", "../", "~")


def read_config(model_path: str) -> dict[str, Any]:
    """Read a checkpoint's ``config.json`` and nothing else of it.

    Args:
        model_path: a directory, or a hub id such as ``owner/name``.

    Raises:
        CheckpointError: there is no such checkpoint, or its config cannot be read.
        UsageError: a variable of the hub's client holds what it cannot read.
    """
    check_hub_environment()
    directory = _local_directory(model_path) or _download(model_path, [CONFIG_NAME])
    return _config_of(directory)


def resolve_checkpoint(
    model_path: str,
    read: Callable[[Path], T],
    adapter_files: Callable[[T], Sequence[str]] = lambda description: (),
) -> T:
    """Bring a whole checkpoint to this machine, and return what it says beside its weights.

    Args:
        model_path: a directory, or a hub id such as ``owner/name``.
        read: reads and checks everything but the weights in a directory; called before weights are
            downloaded, so that a checkpoint of another kind costs no gigabytes.
        adapter_files: names the file of an adapter that is needed beside the weights, of which the
            first that exists is taken; none for a checkpoint without adapters.

    Returns:
        What ``read`` returned.

    Raises:
        CheckpointError: there is no such checkpoint, ``read`` refused it, it has no weights, or a
            file of it is a Git LFS pointer or cut short.
        UsageError: a variable of the hub's client holds what it cannot read.
    """
    check_hub_environment()
    directory = _local_directory(model_path)
    is_local = directory is not None
    if not is_local:
        directory = _download(model_path, DESCRIPTION_NAMES)
    description = _read(directory, read)
    weights = weight_files(directory) if is_local else _weights_from_hub(model_path, directory)
    if not weights:
        raise CheckpointError(
            f"{model_path}: no weights found; expected {' or '.join(WEIGHT_NAMES[::2])} there"
        )
    if names := adapter_files(description):
        weights.append(_adapter(model_path, directory, names, is_local=is_local))
    check_weights(weights)
    return description


def _adapter(model_path: str, directory: Path, names: Sequence[str], *, is_local: bool) -> Path:
    """Return the first of an adapter's files that is there, downloaded if need be."""
    here = [directory / name for name in names if os.path.lexists(directory / name)]
    if not here and not is_local:
        there = _files_on_hub(model_path, directory.name)
        for name in [name for name in names if name in there][:1]:
            here.append(_download(model_path, [name], directory.name) / name)
    if not here:
        raise CheckpointError(
            f"{shown_path(model_path)}: has no {' or '.join(names)}, the adapter of this "
            "language; download it too, or take a language whose adapter is there"
        )
    return here[0]


def _read(directory: Path, read: Callable[[Path], T]) -> T:
    _config_of(directory)
    return read(directory)


def _config_of(directory: Path) -> dict[str, Any]:
    """Read ``config.json``, unless the directory holds the model of another program."""
    path = directory / CONFIG_NAME
    refuse_foreign_form(directory, read_json(path) if os.path.lexists(path) else {})
    return read_json(path)


def _local_directory(model_path: str) -> Path | None:
    """Return the directory that a path names, None for a hub id.

    Raises:
        CheckpointError: it is neither, or a directory that may not be read.
    """
    path = Path(model_path)
    try:
        if model_path and path.is_dir():
            if not os.access(path, os.R_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return path
        is_file = bool(model_path) and path.exists()
    except PermissionError as error:
        raise unreadable_file(path, error) from error
    except (OSError, ValueError):
        is_file = False
    if is_file:
        raise CheckpointError(
            f"{shown_path(path)}: is a file; --model_path takes a checkpoint directory"
        )
    if model_path.startswith(_PATH_STARTS) or model_path.endswith("/"):
        raise CheckpointError(
            f"{shown_path(model_path)!r}: there is no such directory; check the path, or give a "
            "hub id (owner/name)"
        )
    if not _HUB_ID.fullmatch(model_path):
        raise CheckpointError(
            f"{shown_path(model_path)!r}: no such directory; give a checkpoint directory or a "
            "hub id (owner/name)"
        )
    return None


def _weights_from_hub(model_path: str, directory: Path) -> list[Path]:
    """Download one set of weights beside the small files, and return its files."""
    if not _has_weights(directory):
        revision = directory.name
        if names := _weight_names_of(model_path, directory, revision):
            _download(model_path, names, revision)
    return weight_files(directory)


def _has_weights(directory: Path) -> bool:
    """Whether a set of weights is there whole; an index alone came with the small files."""
    try:
        return bool(weight_files(directory))
    except CheckpointError:
        return False


def _weight_names_of(model_path: str, directory: Path, revision: str) -> list[str]:
    """Return the names of the set of weights to take, the first that the hub has."""
    there = _files_on_hub(model_path, revision)
    for name in WEIGHT_NAMES:
        if name in there:
            return shard_names(directory / name) if name.endswith(INDEX_SUFFIX) else [name]
    return []


def _files_on_hub(model_path: str, revision: str) -> set[str]:
    """Return the names of all files of a hub id."""
    with _hub_errors(model_path):
        from huggingface_hub import HfApi

        return set(HfApi().list_repo_files(model_path, revision=revision))


def _download(model_path: str, names: Sequence[str], revision: str | None = None) -> Path:
    """Bring files of a hub id into the local cache and return their directory."""
    with _hub_errors(model_path):
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(model_path, revision=revision, allow_patterns=list(names)))


@contextmanager
def _hub_errors(model_path: str) -> Iterator[None]:
    """Turn what the hub's client raises into an error of ours."""
    from huggingface_hub.errors import HfHubHTTPError

    # The base error of the HTTP client, whose name changes with the version of the hub's package.
    transport_error = HfHubHTTPError.__bases__[0]
    try:
        yield
    except (transport_error, OSError, ValueError) as error:
        raise CheckpointError(
            f"{model_path}: no such directory here, and not to be had from the hub "
            f"({first_line(error)}); "
            "check the name, set HF_ENDPOINT to a mirror you can reach, or download the "
            "checkpoint and give its directory"
        ) from error
