"""The labels that a CTC checkpoint can emit, and the letters that text is folded to."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from speech_toolkit.alignment.text.letter_case import to_lower, to_upper
from speech_toolkit.alignment.text.scripts import script_of
from speech_toolkit.errors import CheckpointError

_MIN_LATIN_LETTERS = 20
_MIN_SCRIPT_LETTERS = 5  # fewer are strays of the texts that a vocabulary was counted from


class Letter(NamedTuple):
    """One letter and the characters of a run of text that it stands for.

    Attributes:
        text: in the vocabulary's case.
        start: first character, counted from the start of the run.
        end: one past the last character.
        opens: whether a spoken word begins with it that is not the first of its written word,
            as "five" in "25" and "known" in "well-known".
    """

    text: str
    start: int
    end: int
    opens: bool = False


class Label(NamedTuple):
    """One label of the model and the characters of a run of text that it stands for.

    Attributes:
        text: the vocabulary's entry.
        id: its column of the logits.
        start: first character, counted from the start of the run.
        end: one past the last character.
        opens: as in :class:`Letter`.
    """

    text: str
    id: int
    start: int
    end: int
    opens: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """The part of a checkpoint's vocabulary that can be a CTC target; its labels are letters.

    Attributes:
        ids: label -> column of the logits, without blank, padding and other special tokens.
        blank_id: column of the CTC blank.
        size: width of the logits.
        word_separator_id: column of the token between words, or None where there is none.
    """

    ids: Mapping[str, int]
    blank_id: int
    size: int
    word_separator_id: int | None = None

    def __post_init__(self) -> None:
        if not self.ids:
            raise CheckpointError("the vocabulary holds no letters; check vocab.json")
        if not 0 <= self.blank_id < self.size:
            raise CheckpointError(
                f"the blank id {self.blank_id} lies outside the {self.size} outputs of the model; "
                "check pad_token_id in config.json"
            )
        for letter, column in self.ids.items():
            if not 0 <= column < self.size:
                raise CheckpointError(
                    f"vocabulary entry {letter!r} has id {column}, "
                    f"but the model has {self.size} outputs; check vocab.json"
                )
            if column in (self.blank_id, self.word_separator_id):
                raise CheckpointError(
                    f"vocabulary entry {letter!r} has id {column}, which is the blank's "
                    "or the word separator's; check vocab.json"
                )

    @property
    def letters(self) -> Collection[str]:
        """What words can be spelled with."""
        return self.ids.keys()

    def labels(self, letters: Sequence[Letter]) -> tuple[Label, ...]:
        """Return the labels that the letters of one written word are written with."""
        ids = self.ids
        return tuple(
            [Label(text, ids[text], start, end, opens) for text, start, end, opens in letters]
        )

    @cached_property
    def written_as(self) -> Mapping[int, str]:
        """Column of the logits -> what it adds to a text, spaces between words included."""
        written = {column: letter for letter, column in self.ids.items()}
        if self.word_separator_id is not None:
            written[self.word_separator_id] = " "
        return written

    @cached_property
    def is_latin(self) -> bool:
        """Whether romanised text can be written with these letters."""
        present = sum(self.fold(letter) in self.letters for letter in string.ascii_lowercase)
        return present >= _MIN_LATIN_LETTERS

    @cached_property
    def scripts(self) -> frozenset[str]:
        """Scripts that text is written in with these letters as it is, Latin left out."""
        counts = Counter(map(script_of, self.letters))
        return frozenset(
            script
            for script, count in counts.items()
            if script not in (None, "Latin") and count >= _MIN_SCRIPT_LETTERS
        )

    @cached_property
    def is_bare_latin(self) -> bool:
        """Whether no letter goes beyond a to z, so that a word is written in them as a whole."""
        return all(letter.isascii() for letter in self.letters)

    @cached_property
    def _letter_case(self) -> str:
        has_lower = any(letter.islower() for letter in self.letters)
        has_upper = any(letter.isupper() for letter in self.letters)
        if has_lower and has_upper:
            return "mixed"
        return "upper" if has_upper else "lower"

    @property
    def keeps_case(self) -> bool:
        """Whether both cases are letters of their own."""
        return self._letter_case == "mixed"

    def fold(self, text: str, language: str = "") -> str:
        """Return ``text`` in the vocabulary's own case (a letter can become two: 'ß' -> 'SS').

        Args:
            text: in any case.
            language: ISO 639-3, where case depends on it.
        """
        if self._letter_case == "mixed":
            return text if self._has_all(text) else "".join(map(self._in_either_case, text))
        if self._letter_case == "upper":
            return to_upper(text, language, self.letters)
        return to_lower(text, self.letters)

    def _has_all(self, text: str) -> bool:
        return all(letter in self.letters for letter in text)

    def _in_either_case(self, letter: str) -> str:
        """Return a letter in the case that the vocabulary has it in."""
        cases = (letter, letter.lower(), letter.upper())
        return next((case for case in cases if self._has_all(case)), letter)
