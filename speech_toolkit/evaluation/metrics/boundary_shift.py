"""How far word boundaries move when a model's logits come from another device.

The search runs here, on the CPU, for both: a shift is the model's, never the search's. Words stand
in whole frames, not refined: so rounding moves none, and one that moved has moved by a frame.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.alignment.clock import Clock
from speech_toolkit.alignment.loudness import measure_loudness
from speech_toolkit.alignment.models.protocol import CtcCheckpoint
from speech_toolkit.alignment.models.registry import read_ctc_checkpoint
from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings, prepare_input
from speech_toolkit.alignment.result import timed_spans
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.evaluation.metrics.numeric import log_softmax

KEPT_WORDS = 200


@dataclass(frozen=True)
class BoundaryShift:
    """Word starts and ends of a candidate against the reference's; shifts are absolute.

    Attributes:
        words: how many words were aligned.
        median_ms: median shift of all starts and ends.
        p95_ms: 95th percentile of them.
        max_ms: the largest.
        share_moved: share of starts and ends that moved at all, in 0..1.
        moved: for words that moved, at most `KEPT_WORDS`: text and times on both sides.
    """

    words: int
    median_ms: float
    p95_ms: float
    max_ms: float
    share_moved: float
    moved: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class BoundarySearch:
    """A transcript that is looked for in the logits of several devices.

    Attributes:
        checkpoint: the model's vocabulary and frames.
        prepared: waveform and transcript.
    """

    checkpoint: CtcCheckpoint
    prepared: AlignmentInput

    @classmethod
    def prepare(
        cls, directory: Path, waveform: Waveform, transcript: str, language: str
    ) -> "BoundarySearch":
        """Take the transcript apart for a checkpoint.

        Raises:
            TranscriptError: it holds nothing that can be aligned.
            InfeasibleAlignmentError: the audio is too short for it.
        """
        checkpoint = read_ctc_checkpoint(directory, language)
        settings = AlignmentSettings(language=language)
        return cls(checkpoint, prepare_input(waveform, transcript, checkpoint, settings))

    def compare(self, reference: np.ndarray, candidate: np.ndarray) -> BoundaryShift:
        """Align with the logits of each side, both (T, V) and finite, and compare the words."""
        of_reference, of_candidate = (self._words(logits) for logits in (reference, candidate))
        shifts_ms = 1000 * np.array(
            [
                [abs(b.start_time - a.start_time), abs(b.end_time - a.end_time)]
                for a, b in zip(of_reference, of_candidate, strict=True)
            ]
        )
        moved = [
            {
                "text": a.text,
                "reference_s": [a.start_time, a.end_time],
                "candidate_s": [b.start_time, b.end_time],
            }
            for a, b, shift in zip(of_reference, of_candidate, shifts_ms, strict=True)
            if shift.any()
        ]
        return BoundaryShift(
            words=len(shifts_ms),
            median_ms=float(np.median(shifts_ms)),
            p95_ms=float(np.percentile(shifts_ms, 95)),
            max_ms=float(shifts_ms.max()),
            share_moved=float(np.mean(shifts_ms > 0)),
            moved=tuple(moved[:KEPT_WORDS]),
        )

    def _words(self, logits: np.ndarray) -> tuple[Any, ...]:
        geometry, blank = self.checkpoint.geometry, self.checkpoint.vocabulary.blank_id
        labels, transcript = self.prepared.labels, self.prepared.transcript
        log_probs = log_softmax(logits).astype(np.float32)
        path, scores = forced_align(log_probs, labels.targets, blank)
        spans = spans_from_path(
            path,
            scores,
            labels,
            transcript,
            measure_loudness(self.prepared.waveform.samples, geometry),
            blank=blank,
            frame_stride_s=geometry.stride_s,
        )
        duration_s = self.prepared.waveform.duration_s
        return timed_spans(spans, labels, transcript, Clock(geometry.stride_s, duration_s))[1]
