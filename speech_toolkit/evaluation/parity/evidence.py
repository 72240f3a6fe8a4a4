"""Is there enough in a recording for a comparison of numbers to mean something?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from speech_toolkit.evaluation.models.labels import spelt_labels
from speech_toolkit.evaluation.parity.verdict import LOGITS
from speech_toolkit.transcription.windows.speech import find_speech

if TYPE_CHECKING:
    from speech_toolkit.audio.waveform import Waveform

MIN_SPEECH_S = 1.0
MIN_ROWS = {"mms": 50, "whisper": 5}  # frames of 20 ms; tokens and the end of the text
MIN_HEARD = {"mms": 8, "whisper": 4}  # a few words: labels after another, tokens of text


@dataclass(frozen=True)
class Evidence:
    """What the reference heard, and how much of it a verdict needs.

    Attributes:
        speech_s: seconds of speech in the audio.
        rows: of the logits: frames of an aligner; tokens of a recogniser, and the end.
        heard: labels that an aligner hears one after the other; tokens that a recogniser writes.
        min_speech_s: fewest seconds that count as evidence.
        min_rows: fewest rows.
        min_heard: fewest labels or tokens.
        finite: whether the reference's own outputs hold finite numbers.
    """

    speech_s: float
    rows: int
    heard: int
    min_speech_s: float
    min_rows: int
    min_heard: int
    finite: bool

    @property
    def why_none(self) -> str | None:
        """Why a comparison would prove nothing; None where it can prove something."""
        if not self.finite:
            return "the reference's own output holds no finite number"
        if not self.heard:
            return "the reference hears no speech in the audio"
        amounts = (
            (self.speech_s, self.min_speech_s, "s of speech"),
            (self.rows, self.min_rows, "rows of logits"),
            (self.heard, self.min_heard, "labels or tokens heard"),
        )
        short = [
            f"{found:.3g} {what}, {least:g} needed"
            for found, least, what in amounts
            if found < least
        ]
        if not short:
            return None
        return f"too little to compare: {'; '.join(short)}; use a longer recording"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def weigh_evidence(
    family: str,
    waveform: Waveform,
    outputs: Mapping[str, np.ndarray],
    answer: Mapping[str, Any],
    blank: int | None,
) -> Evidence:
    """Weigh what the reference heard.

    Args:
        family: "mms" or "whisper".
        waveform: the audio that was compared.
        outputs: of the reference; "logits" has a row for each frame or token.
        answer: what a recogniser generated: its "tokens" and "text"; empty for an aligner.
        blank: of an aligner, the label for no sound; None for a recogniser.
    """
    regions = find_speech(waveform.samples, waveform.sample_rate_hz)
    samples = sum(region.end_sample - region.start_sample for region in regions)
    logits = outputs[LOGITS]
    if blank is not None:
        heard = len(spelt_labels(logits.argmax(axis=1), blank))
    else:
        heard = len(answer["tokens"]) if answer.get("text") else 0
    return Evidence(
        speech_s=samples / waveform.sample_rate_hz,
        rows=len(logits),
        heard=heard,
        min_speech_s=MIN_SPEECH_S,
        min_rows=MIN_ROWS[family],
        min_heard=MIN_HEARD[family],
        finite=all(bool(np.isfinite(array).any()) for array in outputs.values()),
    )
