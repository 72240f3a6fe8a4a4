"""What a model hears in a test case, on one device. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    """What one device made of one case.

    Attributes:
        text: the transcript; of an aligner, the labels that its emissions spell.
        truth: what the text should be, in the same writing.
        choices: the ids that were chosen one after the other: generated tokens, or the best label
            of each frame.
        margins: for each choice its lead over the second best when it was made, in nats.
        spelling: each choice as text.
        word_times: of an aligner, the words of the transcript with their times, as in an
            alignment result.
        windows: the choices window by window, the end of text included where it was reached; those
            of an aligner are one window.
        leads: of all choices in ``windows`` one after the other, how far ahead each is of the best
            that could stand in its place, in nats, when the model reads them; infinite where the
            rules leave no choice.
        drawn: of each window, whether its text was drawn at random, at a temperature above 0.
        error: why there is nothing, in one line.
    """

    text: str = ""
    truth: str = ""
    choices: tuple[int, ...] = ()
    margins: tuple[float, ...] = ()
    spelling: tuple[str, ...] = ()
    word_times: tuple[dict[str, Any], ...] = ()
    windows: tuple[tuple[int, ...], ...] = ()
    leads: tuple[float, ...] = ()
    drawn: tuple[bool, ...] = ()
    error: str | None = None

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Heard:
        """Read the JSON form of ``dataclasses.asdict``."""
        return cls(
            **{
                key: tuple(value) if isinstance(value, list) else value
                for key, value in entry.items()
            }
        )
