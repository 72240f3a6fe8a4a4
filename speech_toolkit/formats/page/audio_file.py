"""Where the recording of a result stands now."""

from collections.abc import Sequence
from pathlib import Path

from speech_toolkit.audio.source import STDIN


def find_audio(path: str, folders: Sequence[Path] = ()) -> str | None:
    """Return where the recording of a result stands; None where it is gone or was a pipe.

    Args:
        path: as the result names it, looked for from the working directory first.
        folders: where it is looked for then, by that path and by its name alone.
    """
    if path == STDIN:
        return None
    beside = [folder / name for folder in folders for name in (path, Path(path).name)]
    return next((str(place) for place in (Path(path), *beside) if place.is_file()), None)
