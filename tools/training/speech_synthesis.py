"""Speech of known timing: what every synthesiser is given, and what it gives.

eSpeak NG, Flite and Festival are each driven through the interface that tells when each phone
starts. The result is the same for all: samples, phones with times, and the words each group of
phones speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAUSE = -1


@dataclass(frozen=True)
class SpokenToken:
    """One unit handed to a synthesiser.

    Attributes:
        spoken: What the synthesiser reads, without spaces: `gonna`.
        written: The words of the transcript that it stands for: `("going", "to")`.
        mark: Punctuation after it: `,` `.` `?` or nothing.
    """

    spoken: str
    written: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Phone:
    """One phone of the synthesiser's own inventory, or a pause (`group` is -1)."""

    name: str
    start_s: float
    end_s: float
    group: int


@dataclass(frozen=True)
class SynthesisedSpeech:
    """Speech whose phone times are known.

    Attributes:
        samples: float32, shape (N,), mono, -1 to 1.
        sample_rate_hz: Rate of `samples`.
        phones: In order of time.
        groups: The transcript words of each group of phones, in order.
    """

    samples: np.ndarray
    sample_rate_hz: int
    phones: tuple[Phone, ...]
    groups: tuple[tuple[str, ...], ...]


def plain_text(tokens: Sequence[SpokenToken]) -> str:
    """Join the tokens as a synthesiser reads them: one space between, marks attached."""
    return " ".join(token.spoken + token.mark for token in tokens)
