"""Names of recordings and utterances that every tool takes, from ids that may hold anything.

Kaldi wants ids without spaces and slashes, each beginning with its speaker, and both lists sorted
alike by their bytes. Names of letters, digits, ``_``, ``.`` and single ``-`` between them, put
together by ``--``, are so: no such name goes on with a byte that sorts before ``-``.
"""

import hashlib
import re

LONGEST_BYTES = 80  # of a part
LONGEST_NAME_BYTES = 180  # of a recording; the times of an utterance fit behind it in a file's name
_USABLE = re.compile(r"[\w.]+(?:-[\w.]+)*")
_UNUSABLE = re.compile(r"[^\w.]+")
_BETWEEN = "--"
_DIGEST_CHARACTERS = 10


def speaker_of(item_id: str) -> str:
    """Return who speaks: the first folder of an id, or else the id, as a usable name."""
    return _usable(item_id.partition("/")[0])


def name_of(item_id: str) -> str:
    """Return the name of a recording, which begins with its speaker and is no other id's."""
    name = _BETWEEN.join(map(_usable, item_id.split("/")))
    if len(name.encode()) <= LONGEST_NAME_BYTES:
        return name
    speaker, _, rest = item_id.partition("/")
    return f"{_usable(speaker)}{_BETWEEN}{_usable(rest)}"  # which has a "/", and gets a digest


def first_key(item_id: str) -> bytes:
    """Return what recordings are sorted by, so that their utterances come in order of their ids."""
    return utterance_id(name_of(item_id), 0, 0).encode()


def utterance_id(name: str, start_ms: int, end_ms: int) -> str:
    """Return the id of a stretch of a recording; ids of one recording sort by time."""
    return f"{name}{_BETWEEN}{start_ms:08d}-{end_ms:08d}"


def _usable(part: str) -> str:
    """Return a part as it is where it can be used, else changed and with a digest of it."""
    if _USABLE.fullmatch(part) and len(part.encode()) <= LONGEST_BYTES:
        return part
    digest = hashlib.sha256(part.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    kept = _UNUSABLE.sub("_", part).encode()[: LONGEST_BYTES - _DIGEST_CHARACTERS - 1]
    return f"{kept.decode('utf-8', 'ignore')}-{digest}"
