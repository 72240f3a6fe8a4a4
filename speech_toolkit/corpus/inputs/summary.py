"""How much there is to do, from the headers of the recordings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from speech_toolkit.audio.part import WHOLE, AudioPart
from speech_toolkit.audio.waveform import declared_duration_s
from speech_toolkit.corpus.inputs.faults import Faults
from speech_toolkit.corpus.item import Item
from speech_toolkit.errors import AudioError, UsageError, first_line
from speech_toolkit.progress import UNWATCHED, Progress

_REMEMBERED_FILES = 1 << 10  # parts of one recording stand near each other


@dataclass(frozen=True)
class InputSummary:
    """What the items of a run add up to.

    Attributes:
        items: how many there are.
        files: how many files they are in.
        audio_s: length of them all.
        characters: of all their texts.
        languages: how many items name each language; those that name none are left out.
    """

    items: int
    files: int
    audio_s: float
    characters: int
    languages: Mapping[str, int]


def summarise(
    items: Sequence[Item],
    flag: str,
    name: str = "",
    part: AudioPart = WHOLE,
    progress: Progress = UNWATCHED,
) -> InputSummary:
    """Add up the items of a run; the header of each recording is read for that.

    Args:
        items: read with ``strict``, so that none has a fault.
        flag: the argument that names them, for messages.
        name: its value, where that is one.
        part: of each recording; an item's own times go before its.
        progress: shows how many are opened.

    Raises:
        InputsError: recordings cannot be opened, or end before the part that is named begins.
    """
    faults = Faults(flag, name)
    duration_of = lru_cache(_REMEMBERED_FILES)(declared_duration_s)
    audio_s = 0.0
    with progress.progress_bar(
        total=len(items), label="Opening the recordings", unit="item"
    ) as bar:
        for item in items:
            own = item.part(part)
            try:
                audio_s += _length_s(own, duration_of(item.audio_path, own.track))
            except (AudioError, UsageError) as error:
                faults.add(item.place, first_line(error))
            bar.update()
    faults.raise_if_any()
    return InputSummary(
        len(items),
        len({item.audio_path for item in items}),
        audio_s,
        sum(len(item.text or "") for item in items),
        dict(Counter(item.language for item in items if item.language).most_common()),
    )


def _length_s(part: AudioPart, end_s: float) -> float:
    """Return the length of a part of a recording that ends at ``end_s``.

    Raises:
        UsageError: the part begins there or later.
    """
    if part.start_s >= end_s:
        raise UsageError(
            f"start_s {part.start_s:.10g} is not before the recording's end, {end_s:.2f} s; give "
            "an earlier start"
        )
    return min(end_s, part.end_s or end_s) - part.start_s
