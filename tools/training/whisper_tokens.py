"""The tokens of the small Whisper model: byte-level pairs, Whisper's special tokens, timestamps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("en", "zh", "de", "es", "ru", "ko", "fr", "ja")
TEXT_TOKENS = 896
TIMESTAMPS = 1501
SECONDS_PER_TIMESTAMP = 0.02


@dataclass(frozen=True)
class TokenIds:
    """Ids of the tokens that are not text, in the order of large-v3."""

    end: int = TEXT_TOKENS

    @property
    def start(self) -> int:
        """Start of a transcript."""
        return self.end + 1

    @property
    def english(self) -> int:
        """The language that is trained."""
        return self.end + 2

    @property
    def translate(self) -> int:
        """Task: translate into English; never trained."""
        return self.end + 2 + len(LANGUAGES)

    @property
    def transcribe(self) -> int:
        """Task: write what is said."""
        return self.translate + 1

    @property
    def previous(self) -> int:
        """Opens the text before the window."""
        return self.translate + 3

    @property
    def no_speech(self) -> int:
        """Nobody speaks."""
        return self.translate + 4

    @property
    def no_timestamps(self) -> int:
        """Text without times; the last special token."""
        return self.translate + 5

    @property
    def first_timestamp(self) -> int:
        """The timestamp 0.00 s."""
        return self.translate + 6

    @property
    def count(self) -> int:
        """Size of the vocabulary."""
        return self.first_timestamp + TIMESTAMPS

    def timestamp(self, seconds: float) -> int:
        """The timestamp nearest to a time from 0 to 30 s."""
        step = round(seconds / SECONDS_PER_TIMESTAMP)
        return self.first_timestamp + min(max(step, 0), TIMESTAMPS - 1)


def special_tokens() -> list[str]:
    """Names of the special tokens by id, beginning with the end of text."""
    tasks = "translate transcribe startoflm startofprev nospeech notimestamps"
    names = ["endoftext", "startoftranscript", *LANGUAGES, *tasks.split()]
    return [f"<|{name}|>" for name in names]


def learn_pairs(texts: Iterable[str], folder: Path) -> None:
    """Learn the byte pairs of the texts and write `vocab.json` and `merges.txt`.

    A word gets the space before it; the 256 bytes come first, so any text can be spelt.
    """
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=TEXT_TOKENS, min_frequency=2)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_model(str(folder))
    size = len(json.loads((folder / "vocab.json").read_text(encoding="utf-8")))
    if size != TEXT_TOKENS:
        raise ValueError(f"the texts gave {size} tokens instead of {TEXT_TOKENS}; give more text")
