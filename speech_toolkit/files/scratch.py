"""One place for all temporary files, which outlive no run.

They lie in ``TMPDIR/speech_toolkit-UID``, which no other user can enter, each ``with`` block's in a
folder of its own. A lock beside the folder is held by the process that owns it and falls with it,
however it ends, so that the next run sees what nobody owns any more, and removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from speech_toolkit.errors import DISK_FULL, DiskFullError, ToolkitError, first_line

_DEFAULT_DIRECTORY = "/tmp"
_ADVICE = "free space there, or set TMPDIR to a directory with room"
_LOCK_SUFFIX = ".lock"
_PRIVATE_MODE = 0o700
_NAME_CHARACTERS = 8  # the sockets that Ray puts below a folder may have paths of 107


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder that is gone after the ``with`` block, with all that is in it.

    Raises:
        ToolkitError: no folder can be made in ``TMPDIR``, or another user keeps it from us.
    """
    root = temporary_directory() / f"speech_toolkit-{os.getuid()}"
    with scratch_errors():
        folder, lock = _owned_folder(root)
        _remove_ownerless(root)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _lock_path(folder).unlink(missing_ok=True)
        os.close(lock)
        with suppress(OSError):  # others are at work there
            root.rmdir()


def temporary_directory() -> Path:
    """Return where temporary files go, whether or not it is there.

    Nowhere but where a user expects them: Python's own choice ends in the working directory.
    """
    return Path(os.environ.get("TMPDIR") or _DEFAULT_DIRECTORY).absolute()


@contextmanager
def scratch_errors() -> Iterator[None]:
    """Turn a failure to write temporary files in the ``with`` block into a line that says so.

    Raises:
        ToolkitError: the disk is full, say; the message names the directory and ``TMPDIR``.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or first_line(error)
        kind = DiskFullError if error.errno in DISK_FULL else ToolkitError
        raise kind(
            f"temporary files cannot be written to {temporary_directory()} ({reason}); {_ADVICE}"
        ) from error


def _owned_folder(root: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor whose lock says that this process owns it."""
    while True:
        folder = root / uuid.uuid4().hex[:_NAME_CHARACTERS]
        with suppress(FileExistsError):
            root.mkdir(_PRIVATE_MODE)
        try:
            lock = _new_file_in(root, _lock_path(folder).name)
        except FileNotFoundError:
            continue  # its last user has just removed the root
        if _take(lock) is not False and os.fstat(lock).st_nlink:
            folder.mkdir(_PRIVATE_MODE)
            return folder, lock
        os.close(lock)  # another run found it, between these lines, without an owner


def _new_file_in(root: Path, name: str) -> int:
    """Create a file in the folder of all runs, which then is not empty and stays what it is.

    Raises:
        ToolkitError: the folder is a link, or not this user's own.
    """
    root_fd = -1
    try:
        root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        if os.fstat(root_fd).st_uid != os.getuid():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        os.fchmod(root_fd, _PRIVATE_MODE)
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=root_fd)
    except (NotADirectoryError, PermissionError) as error:  # a link is no directory
        raise ToolkitError(
            f"{root}: temporary files belong there, but it is a link, a file or another user's "
            "directory; remove it, or set TMPDIR to a directory of your own"
        ) from error
    finally:
        if root_fd >= 0:
            os.close(root_fd)


def _remove_ownerless(root: Path) -> None:
    """Remove the folders whose owners are gone; those that cannot be removed stay."""
    for path in root.glob(f"*{_LOCK_SUFFIX}"):
        with suppress(OSError):
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            if _take(lock):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)
            os.close(lock)


def _take(lock: int) -> bool | None:
    """Lock a file; tell whether nobody else had done so, None where files cannot be locked."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _lock_path(folder: Path) -> Path:
    return folder.with_suffix(_LOCK_SUFFIX)
