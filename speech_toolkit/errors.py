"""The errors a user can meet: each names the file or value at fault and the way out.

A script turns any :class:`ToolkitError` into one line on stderr and its ``exit_code``.
"""

import errno

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)  # what the system says where a DiskFullError is raised
INTERNAL = "internal"  # the kind of an error that nobody foresaw


class ToolkitError(Exception):
    """Base of all errors that are the input's or the environment's, never a bug.

    The message is one line: what is wrong, with which file or value, and what to do.

    Attributes:
        exit_code: of a script that it ends.
        kind: what went wrong in a word or a few, by which the failures of a corpus are counted.
    """

    exit_code = 2
    kind = "other"

    @property
    def lines(self) -> tuple[str, ...]:
        """The message as it is printed: one line, more where many inputs are at fault."""
        return (str(self),)


class UsageError(ToolkitError):
    """An argument has a value that cannot be used."""

    kind = "settings"


class DeviceError(ToolkitError):
    """The device asked for is missing, broken, or lacks the dtype."""

    kind = "device"


class OperatorError(DeviceError):
    """The device is there, and failed while it worked."""


class OutOfMemoryError(DeviceError):
    """The device has too little memory for what was asked of it."""

    kind = "out of memory"


class AudioError(ToolkitError):
    """The audio cannot be read or holds nothing that can be used."""

    kind = "unusable audio"


class MissingAudioError(AudioError):
    """There is no such file."""

    kind = "missing"


class UnreadableAudioError(AudioError):
    """The file is there, and the system does not let us read it, now at least."""

    kind = "unreadable"


class NotAudioError(AudioError):
    """The file is there, and holds something else."""

    kind = "not audio"


class DamagedAudioError(AudioError):
    """The file was audio once: what is left of it cannot be decoded."""

    kind = "damaged"


class TruncatedAudioError(AudioError):
    """A part of the recording is missing, where that matters."""

    kind = "truncated"


class SilentAudioError(AudioError):
    """Every sample is zero, where something is to be heard."""

    kind = "silent"


class TooShortAudioError(AudioError):
    """The audio is empty, or shorter than the model can hear."""

    kind = "too short"


class CheckpointError(ToolkitError):
    """A model directory is incomplete, of another architecture, or not downloaded."""

    kind = "checkpoint"


class TranscriptError(ToolkitError):
    """The transcript cannot be read or holds nothing that can be aligned."""

    kind = "wrong text"


class InfeasibleAlignmentError(ToolkitError):
    """The transcript has more labels than the audio has frames to hold them."""

    kind = "text too long for the audio"


class TimeLimitError(ToolkitError):
    """Work on one item took longer than it may."""

    kind = "timed out"


class WorkerError(ToolkitError):
    """The process that had an item in work ended before it was done."""

    kind = "worker died"


class DiskFullError(UsageError):
    """There is no room for what is to be written."""

    kind = "disk full"


class StoreError(ToolkitError):
    """The object store that takes the results cannot be used, or another run has it."""

    kind = "object store"


def error_kind(error: BaseException) -> str:
    """Return the kind of any error: its class's own, or what one of Python's stands for."""
    if isinstance(error, MemoryError):
        return OutOfMemoryError.kind
    return error.kind if isinstance(error, ToolkitError) else INTERNAL


def first_line(error: BaseException) -> str:
    """Return what another package's error says, cut to its first line, for a message of ours."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
