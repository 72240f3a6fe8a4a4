"""What comes out of the layout and what the formats are written from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """What is highlighted at a time: an atom of a line.

    Attributes:
        text: not empty.
        has_space: whether a space follows it on its line.
        start_ms: when it is spoken, within the time of its cue.
        end_ms: likewise; never before ``start_ms``.
        is_timed: whether that is known, and not shared out by length.
    """

    text: str
    has_space: bool
    start_ms: int
    end_ms: int
    is_timed: bool


@dataclass(frozen=True)
class Subtitle:
    """What is shown at a time.

    Attributes:
        start_ms: milliseconds from the start of the audio.
        end_ms: later than ``start_ms``, half-open.
        lines: of parts, none empty.
    """

    start_ms: int
    end_ms: int
    lines: tuple[tuple[Part, ...], ...]
