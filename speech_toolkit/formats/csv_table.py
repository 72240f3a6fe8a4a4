"""A table of words for spreadsheets and data frames, separated by commas."""

import csv
import io

from speech_toolkit.formats.timed_text import TimedText

COLUMNS = ("segment", "start_s", "end_s", "text", "probability")


def render(timed: TimedText) -> str:
    """Return the header and a row for each word, or for a segment whose words have no times.

    Texts and times are those of the result, whatever is in them; segments count from 1, and an
    unknown probability is empty.
    """
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(
        (number, part.start_s, part.end_s, part.text, part.probability)
        for number, segment in enumerate(timed.segments, start=1)
        for part in segment.parts
    )
    return table.getvalue()
