"""What a run may write to: never one of its inputs, never one file twice.

A script makes one :class:`OutputGuard` before anything runs. An input that shows only later, such
as the audio of a manifest, is added with :meth:`OutputGuard.protect`.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from speech_toolkit.bundled import MODELS, SAMPLES
from speech_toolkit.checkpoint.hub_environment import check_hub_environment
from speech_toolkit.checkpoint.model_path import DESCRIPTION_NAMES
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.system.streams import STDOUT, stdout_is_closed

DEVICE = "DEVICE"  # stands in default names for the device, which shows only in the run
OnePath = str | os.PathLike[str]
Paths = OnePath | Iterable[OnePath] | None
_LONGEST_HUB_ID = 200
_AUDIO_OF_SAMPLES = (".wav", ".flac")
_FILES_OF_CHECKPOINTS = (*DESCRIPTION_NAMES, "*.safetensors", "*.bin")


class OutputGuard:
    """Knows every file that a run writes, and refuses inputs among them.

    Two paths are one file where device and inode agree, or, while nothing stands there, where they
    resolve to the same place. Devices and pipes hold nothing that could be replaced.

    Args:
        outputs: what is written, by the argument that says so; ``-`` is stdout, None is nothing.
        inputs: what is read, likewise; ``-`` is standard input.

    Raises:
        UsageError: an output is an input or another output, or cannot be written.
    """

    def __init__(self, outputs: Mapping[str, Paths], inputs: Mapping[str, Paths]) -> None:
        self._outputs: dict[object, tuple[str, str]] = {}
        named = [(flag, path) for flag, paths in outputs.items() for path in _each(paths)]
        for flag, path in named:
            file = _identity(path, stdio=1)
            if file in self._outputs:
                self._refuse((flag, path), *self._outputs[file])
            if file is not None:
                self._outputs[file] = flag, path
        for flag, paths in inputs.items():
            self.protect(flag, paths)
        for flag, path in named:
            check_output_path(path, flag)

    def protect(self, flag: str, paths: Paths) -> None:
        """Refuse inputs that an output would replace.

        Args:
            flag: the argument that they come from.
            paths: the inputs.

        Raises:
            UsageError: one is an output.
        """
        for path in _each(paths):
            output = self._outputs.get(_identity(path, stdio=0))
            if output is not None:
                self._refuse(output, flag, path)

    @staticmethod
    def _refuse(output: tuple[str, str], other_flag: str, other: str) -> None:
        flag, path = output
        raise UsageError(
            f"{flag} {shown_path(path)}: is the same file as {other_flag} {shown_path(other)}; "
            "choose another path"
        )


def _each(paths: Paths) -> Iterator[str]:
    if paths is None:
        return
    several = (paths,) if isinstance(paths, str | os.PathLike) else paths
    yield from map(os.fspath, several)


def _identity(path: str, stdio: int) -> object:
    """Return what tells a file from all others; None where there is nothing to be replaced."""
    try:
        status = os.fstat(stdio) if path == "-" else Path(path).stat()
    except (OSError, ValueError):
        return None if path == "-" else os.path.realpath(path.replace("\0", ""))
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def default_names(template: str) -> list[str]:
    """Return a default name, and those that it had for other devices: one of them is written."""
    pattern = template.replace(DEVICE, "*")
    return [template, *(str(found) for found in Path().glob(pattern))]


def check_output_path(path: str, flag: str = "--output") -> None:
    """Make sure a result can be written to ``path`` before hours are spent on it.

    Args:
        path: a file, or ``-`` for stdout.
        flag: the argument that it comes from, for the message.

    Raises:
        UsageError: stdout is closed, ``path`` is a directory, or its directory cannot be made or
            written to.
    """
    if path == STDOUT:
        if stdout_is_closed():
            raise UsageError(f"{flag} -: standard output is closed; name a file")
        return
    target, shown = Path(path), f"{flag} {shown_path(path)}"
    try:
        if target.is_dir() or path.endswith(os.sep):
            raise UsageError(f"{shown}: is a directory; give a file name in it")
        target.parent.mkdir(parents=True, exist_ok=True)
        is_device = target.exists() and not target.is_file()
    except OSError as error:
        raise UsageError(
            f"{shown}: cannot be created: {error.strerror}; choose another path"
        ) from error
    if target.exists() and not os.access(target, os.W_OK):
        raise UsageError(f"{shown}: no permission to write there; choose another path")
    if is_device:
        return
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise UsageError(
            f"{shown}: nothing can be written in its directory ({error.strerror}); "
            "choose another path"
        ) from error


def checkpoint_files(model_path: str | None) -> list[Path]:
    """Return what of a checkpoint is on this machine, to be protected.

    Args:
        model_path: directory or hub id; None for the bundled models.
    """
    if model_path is None:
        directories = list(MODELS.iterdir())
    else:
        directories = [Path(model_path), *_snapshots(model_path)]
    files = []
    for directory in directories:
        with contextlib.suppress(OSError, ValueError):  # no path, or not to be read
            files += [file for names in _FILES_OF_CHECKPOINTS for file in directory.glob(names)]
    return files


def _snapshots(hub_id: str) -> list[Path]:
    """Return the directories of a hub id in the local cache."""
    if hub_id.count("/") != 1 or len(hub_id) > _LONGEST_HUB_ID:
        return []
    check_hub_environment()
    from huggingface_hub.constants import HF_HUB_CACHE

    name = "models--" + hub_id.replace("/", "--")
    return list(Path(HF_HUB_CACHE, name, "snapshots").glob("*"))


def sample_files() -> list[Path]:
    """Return the bundled samples, with their transcripts and times, to be protected."""
    samples = SAMPLES.rglob("*")
    audio = [path for path in samples if path.suffix in _AUDIO_OF_SAMPLES]
    return [path.with_suffix(suffix) for path in audio for suffix in (path.suffix, ".txt", ".json")]
