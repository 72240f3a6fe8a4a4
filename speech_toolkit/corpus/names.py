"""The files of an output directory that are of the corpus as a whole, and of no item."""

import re

SUMMARY_NAME, PAGE_NAME = "corpus.json", "corpus.html"
EXPORT_FOLDER = "export"
_RESERVED = re.compile(
    rf"{re.escape(SUMMARY_NAME)}|{re.escape(PAGE_NAME)}|journal[^/]*\.jsonl(\.parts/.*)?"
    rf"|{EXPORT_FOLDER}(/.*)?"
)


def is_reserved(name: str) -> bool:
    """Tell whether a file of an item would be in the way of one of the corpus.

    Case counts for nothing, as some file systems have it.

    Args:
        name: of a file, relative to the output directory.
    """
    return _RESERVED.fullmatch(name.casefold()) is not None
