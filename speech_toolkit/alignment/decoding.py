"""Emissions and the labels that were spoken -> when each was, on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from speech_toolkit.alignment.clock import Clock
from speech_toolkit.alignment.excerpt import told_as_excerpt
from speech_toolkit.alignment.loudness import Loudness, measure_loudness
from speech_toolkit.alignment.quality.assessment import assess
from speech_toolkit.alignment.recording import with_wildcard
from speech_toolkit.alignment.refinement.placement import placement
from speech_toolkit.alignment.refinement.refining import Recording
from speech_toolkit.alignment.repair import repair
from speech_toolkit.alignment.result import Decoded, timed_spans
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.progress import UNWATCHED

if TYPE_CHECKING:
    import numpy as np

    from speech_toolkit.alignment.models.protocol import CtcCheckpoint
    from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings
    from speech_toolkit.progress import Progress


def decode_emissions(
    log_probs: np.ndarray,
    prepared: AlignmentInput,
    checkpoint: CtcCheckpoint,
    settings: AlignmentSettings,
    progress: Progress,
) -> Decoded:
    """Find the best path, what it tells of each part of the transcript, and how far to trust it.

    Args:
        log_probs: float32 (T, V) of T frames and V labels, the wildcard's column among them.
        prepared: the audio and the labels.
        checkpoint: whose labels and frames they are.
        settings: whether what does not fit is repaired, and words are placed closer than frames.
        progress: shows a bar.
    """
    waveform, geometry = prepared.waveform, checkpoint.geometry
    decoder = _Decoder(
        checkpoint,
        measure_loudness(waveform.samples, geometry),
        Clock(geometry.stride_s, waveform.duration_s, waveform.part.start_s),
    )
    decoded = decoder.decode(log_probs, prepared, settings.refine, progress)

    def again(edited: AlignmentInput, refine: bool = settings.refine) -> Decoded:
        rows = with_wildcard(log_probs, checkpoint.vocabulary.size)
        return decoder.decode(rows, edited, refine, UNWATCHED)

    if settings.star == "none":
        decoded = told_as_excerpt(prepared, decoded, checkpoint, partial(again, refine=False))
    if not settings.repair:
        return decoded
    return repair(prepared, decoded, checkpoint, settings.star, again)


@dataclass(frozen=True)
class _Decoder:
    """Finds the labels of one recording, whichever are asked for.

    Attributes:
        checkpoint: whose labels and frames they are.
        loudness: of the recording.
        clock: when its frames are.
    """

    checkpoint: CtcCheckpoint
    loudness: Loudness
    clock: Clock

    def decode(
        self, log_probs: np.ndarray, prepared: AlignmentInput, refine: bool, progress: Progress
    ) -> Decoded:
        """Find the best path, and what it tells of each part of the transcript."""
        geometry, vocabulary = self.checkpoint.geometry, self.checkpoint.vocabulary
        labels, transcript = prepared.labels, prepared.transcript
        with progress.progress_bar(total=100, label="Alignment", unit="%") as bar:
            path, scores = forced_align(
                log_probs,
                labels.targets,
                vocabulary.blank_id,
                on_progress=lambda part: bar.update(round(100 * part) - bar.n),
            )
        samples = prepared.waveform.samples
        recording = Recording(log_probs, samples, geometry, vocabulary.blank_id)
        spans = spans_from_path(
            path,
            scores,
            labels,
            transcript,
            self.loudness,
            blank=vocabulary.blank_id,
            frame_stride_s=geometry.stride_s,
            place=placement(recording, labels, refine=refine),
        )
        assessed = assess(
            log_probs,
            path,
            scores,
            labels,
            transcript,
            spans,
            self.loudness,
            vocabulary,
            self.clock,
        )
        timed = timed_spans(
            spans, labels, transcript, self.clock, assessed.words, assessed.sentences
        )
        return Decoded(*timed, quality=assessed.quality)
