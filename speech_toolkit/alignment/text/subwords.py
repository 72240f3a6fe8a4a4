"""A vocabulary whose labels are pieces of words, as the checkpoint's own tokenizer cuts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from typing import TYPE_CHECKING
from unicodedata import category

from speech_toolkit.alignment.text.vocabulary import Label, Letter, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tokenizers import Tokenizer

WORD_START = "\u2581"  # as SentencePiece writes the space before a word


@dataclass(frozen=True)
class SubwordVocabulary(Vocabulary):
    """Pieces of words, and the letters that the pieces are made of.

    A written word is spelled in letters as for any vocabulary; each spoken word of it is then cut
    by the tokenizer, and a piece stands for the characters of all its letters.

    Attributes:
        tokenizer: of the checkpoint.
    """

    tokenizer: Tokenizer | None = None

    @cached_property
    def letters(self) -> Collection[str]:
        """Letters that are pieces on their own, so that every word of them can be cut.

        Punctuation, which some models write, is not heard and so not aligned.
        """
        return frozenset(piece for piece in self.ids if _is_heard(piece)) - {WORD_START}

    def labels(self, letters: Sequence[Letter]) -> tuple[Label, ...]:
        """Return the pieces that the letters of one written word are cut into."""
        spoken = accumulate(letter.opens for letter in letters)
        groups = groupby(zip(spoken, letters, strict=True), key=lambda pair: pair[0])
        return tuple(
            label for _, group in groups for label in self._cut([letter for _, letter in group])
        )

    @cached_property
    def written_as(self) -> Mapping[int, str]:
        """Column of the logits -> what it adds to a text, spaces between words included."""
        return {column: piece.replace(WORD_START, " ") for piece, column in self.ids.items()}

    def _cut(self, letters: Sequence[Letter]) -> Iterator[Label]:
        """Cut one spoken word."""
        # A letter is one character, save where its lower or upper case is two.
        owners = [letter for letter in letters for _ in letter.text]
        word = "".join(letter.text for letter in letters)
        cut = self.tokenizer.encode(word, add_special_tokens=False)
        opens = letters[0].opens
        for piece, column, (first, end) in zip(cut.tokens, cut.ids, cut.offsets, strict=True):
            own = owners[first : max(end, first + 1)]
            yield Label(piece, column, own[0].start, own[-1].end, opens)
            opens = False


def _is_heard(piece: str) -> bool:
    """Whether a piece is a single character that can be part of a word."""
    return len(piece) == 1 and (piece == "'" or category(piece)[0] != "P")
