"""The errors a user can meet: each names the file or value at fault and the way out.

A script turns any :class:`ToolkitError` into one line on stderr and its ``exit_code``.
"""


class ToolkitError(Exception):
    """Base of all errors that are the input's or the environment's, never a bug.

    The message is one line: what is wrong, with which file or value, and what to do.
    """

    exit_code = 2


class UsageError(ToolkitError):
    """An argument has a value that cannot be used."""


class DeviceError(ToolkitError):
    """The device asked for is missing, broken, or lacks the dtype."""


class OperatorError(DeviceError):
    """The device is there, and failed while it worked."""


class OutOfMemoryError(DeviceError):
    """The device has too little memory for what was asked of it."""


class AudioError(ToolkitError):
    """The audio cannot be read or holds nothing that can be used."""


class CheckpointError(ToolkitError):
    """A model directory is incomplete, of another architecture, or not downloaded."""


class TranscriptError(ToolkitError):
    """The transcript cannot be read or holds nothing that can be aligned."""


class InfeasibleAlignmentError(ToolkitError):
    """The transcript has more labels than the audio has frames to hold them."""


def first_line(error: BaseException) -> str:
    """Return what another package's error says, cut to its first line, for a message of ours."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
