"""Errors on their way to another process."""

import pickle

from speech_toolkit.errors import INTERNAL, ToolkitError, error_kind, first_line


def portable_error(error: Exception) -> Exception:
    """Return an error that can be sent to another process, with the kind and the words it has."""
    try:
        restored = pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001, an error of another package can refuse in any way
        restored = None
    if type(restored) is type(error) and str(restored) == str(error):
        return restored
    said = first_line(error)
    if error_kind(error) == INTERNAL:
        return RuntimeError(f"{type(error).__name__}: {said}")
    portable_kind = ToolkitError(said)
    portable_kind.kind = error_kind(error)
    return portable_kind
