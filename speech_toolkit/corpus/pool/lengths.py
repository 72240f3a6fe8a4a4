"""How long items are, as far as that costs next to nothing to know: longest first is done soonest.

A worker that meets the longest recording last keeps all others waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from speech_toolkit.corpus.item import Item

# Of a second of speech, mono at 16 kHz where it is not compressed. What matters is the order.
_BYTES_A_SECOND = {".wav": 32_000, ".flac": 18_000, ".aiff": 32_000, ".aif": 32_000}
_COMPRESSED_BYTES_A_SECOND = 12_000


def length_s(item: Item) -> float:
    """Return about how many seconds of audio an item has: its own times, or else its file's size.

    Args:
        item: whose file may be missing.
    """
    if item.end_s is not None:
        return item.end_s - (item.start_s or 0.0)
    path = Path(item.audio_path)
    try:
        size_bytes = path.stat().st_size
    except (OSError, ValueError):
        return 0.0
    whole_s = size_bytes / _BYTES_A_SECOND.get(path.suffix.lower(), _COMPRESSED_BYTES_A_SECOND)
    return max(0.0, whole_s - (item.start_s or 0.0))


def longest_first(items: Iterable[Item]) -> dict[Item, float]:
    """Return items with about how long they are, in the order in which they are best handed out.

    Those with a fault, which nobody works on, have no length.
    """
    lengths = {item: 0.0 if item.fault else length_s(item) for item in items}
    return dict(sorted(lengths.items(), key=lambda pair: -pair[1]))
