"""A table of words for spreadsheets and data frames, separated by commas."""

import csv
from types import SimpleNamespace

from speech_toolkit.formats.timed_text import TimedText

COLUMNS = ("segment", "start_s", "end_s", "text", "probability", "confidence")
_ROW_END = "\r\n"  # so that csv quotes texts with either: readers would end a row there


def render(timed: TimedText) -> str:
    """Return the header and a row for each word, or for a segment whose words have no times.

    Texts and times are those of the result, save that a NUL, where many readers end a cell, is
    U+FFFD; segments count from 1, and what is unknown is empty.
    """
    lines: list[str] = []
    rows = csv.writer(SimpleNamespace(write=lines.append), lineterminator=_ROW_END)
    rows.writerow(COLUMNS)
    rows.writerows(
        (
            number,
            part.start_s,
            part.end_s,
            part.text.replace("\0", "\ufffd"),
            part.probability,
            part.confidence,
        )
        for number, segment in enumerate(timed.segments, start=1)
        for part in segment.parts
    )
    return "".join(f"{line.removesuffix(_ROW_END)}\n" for line in lines)
