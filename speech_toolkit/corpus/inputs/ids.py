"""Names for recordings that were given none, made from the names of their files."""

import os
from collections import Counter
from collections.abc import Collection, Sequence

from speech_toolkit.corpus.item import LONGEST_NAME_BYTES, UNUSABLE


def made_id(path: str) -> str:
    """Return the id that a recording gets from its path.

    Args:
        path: relative to where its corpus is, whose folders are kept; of a path that leads
            elsewhere the file's name remains.
    """
    stem = os.path.normpath(os.path.splitext(path)[0] or "_")
    parts = stem.split("/")
    if os.path.isabs(stem) or ".." in parts:
        parts = parts[-1:]
    if parts[-1] in ("", ".", ".."):
        return "_"
    return UNUSABLE.sub("_", "/".join(map(_shortened, parts))).strip() or "_"


def unique_names(
    names: Sequence[str], files: Sequence[str], taken: Collection[str] = ()
) -> list[str]:
    """Change names that several files have, so that no two have the same.

    Where a name fits several files each keeps its suffix ("x.wav", "x.flac"), and what is still the
    same is numbered from the second on ("x.wav_2"). Names that differ in case only count as the
    same, as some file systems have it.

    Args:
        names: of each file, without its suffix.
        files: the name of each with its suffix.
        taken: names that are not free.
    """
    used = {name.casefold() for name in taken}
    uses = Counter(name.casefold() for name in names)
    uses.update(used)
    numbers: Counter[str] = Counter()
    unique = []
    for name, file in zip(names, files, strict=True):
        wanted = file if uses[name.casefold()] > 1 else name
        key = wanted.casefold()
        result = wanted
        while result.casefold() in used:
            numbers[key] += 1
            result = f"{wanted}_{numbers[key] + 1}"
        used.add(result.casefold())
        unique.append(result)
    return unique


def _shortened(part: str) -> str:
    """Cut a part of a path so that a suffix and a number fit behind it."""
    if len(part) * 4 <= LONGEST_NAME_BYTES - 16:
        return part
    encoded = part.encode("utf-8", "replace")
    return encoded[: LONGEST_NAME_BYTES - 16].decode("utf-8", "ignore")
