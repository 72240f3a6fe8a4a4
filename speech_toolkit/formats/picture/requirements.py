"""Whether pictures can be drawn here: matplotlib is not needed for anything else."""

from importlib.util import find_spec

from speech_toolkit.errors import UsageError


def check_can_draw() -> None:
    """Make sure that matplotlib is installed, without importing it.

    Raises:
        UsageError: it is not.
    """
    if find_spec("matplotlib") is None:
        raise UsageError("--plot needs matplotlib, which is not installed: pip install matplotlib")
