"""Telling a Git LFS pointer from the file that it stands for."""

_POINTER_START = b"version https://git-lfs.github.com/spec/"
POINTER_HEAD_BYTES = len(_POINTER_START)


def is_lfs_pointer(head: bytes) -> bool:
    """Tell whether a file is a pointer by its first ``POINTER_HEAD_BYTES`` bytes or more."""
    return head.startswith(_POINTER_START)
