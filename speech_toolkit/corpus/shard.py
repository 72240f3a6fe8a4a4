"""A share of a corpus, for runs that work on it beside each other."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value

_MOST_SHARDS = 100_000
_JOURNAL = re.compile(r"journal(?:-(\d+)-of-(\d+))?\.jsonl")


@dataclass(frozen=True)
class Shard:
    """One of several shares, in which an item stays whatever is added to the corpus.

    Attributes:
        number: which, counted from 1.
        count: of how many; one is the whole corpus.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= _MOST_SHARDS:
            raise UsageError(
                f"shard {self}: give I/N with I from 1 to N, and N at most {_MOST_SHARDS}"
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return what ``I/N`` means.

        Raises:
            UsageError: it is no such thing.
        """
        if not (found := re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)):
            raise UsageError(f"shard {shown_value(text)}: give I/N, such as 2/8")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of_journal(cls, file_name: str) -> Shard | None:
        """Return whose journal a file is by its name, None for any other file."""
        if not (found := _JOURNAL.fullmatch(file_name)):
            return None
        return cls(int(found[1] or 1), int(found[2] or 1))

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole corpus."""
        return self.count == 1

    @property
    def journal_name(self) -> str:
        """The file, inside the output directory, in which its work is recorded."""
        return "journal.jsonl" if self.is_whole else f"journal-{self.number}-of-{self.count}.jsonl"

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def owns(self, item_id: str) -> bool:
        """Tell whether an item belongs to this share: a matter of its id alone."""
        digest = hashlib.sha256(item_id.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1


WHOLE_CORPUS = Shard()
