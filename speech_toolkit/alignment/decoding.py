"""Emissions and the labels that were spoken -> when each was, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speech_toolkit.alignment.loudness import measure_loudness
from speech_toolkit.alignment.result import TimedSpan, timed_spans
from speech_toolkit.alignment.search.viterbi import forced_align
from speech_toolkit.alignment.spans import spans_from_path

if TYPE_CHECKING:
    import numpy as np

    from speech_toolkit.alignment.models.protocol import CtcCheckpoint
    from speech_toolkit.alignment.preparation import AlignmentInput
    from speech_toolkit.progress import Progress


def find_spans(
    log_probs: np.ndarray, prepared: AlignmentInput, checkpoint: CtcCheckpoint, progress: Progress
) -> tuple[tuple[TimedSpan, ...], tuple[TimedSpan, ...], tuple[TimedSpan, ...]]:
    """Find the best path and return its segments, words and sentences.

    Args:
        log_probs: float32 (T, V) of T frames and V labels, the wildcard's column among them.
        prepared: the audio and the labels.
        checkpoint: whose labels and frames they are.
        progress: shows a bar.
    """
    geometry, blank = checkpoint.geometry, checkpoint.vocabulary.blank_id
    waveform, labels, transcript = prepared.waveform, prepared.labels, prepared.transcript
    with progress.progress_bar(total=100, label="Alignment", unit="%") as bar:
        path, scores = forced_align(
            log_probs,
            labels.targets,
            blank,
            on_progress=lambda part: bar.update(round(100 * part) - bar.n),
        )
    spans = spans_from_path(
        path,
        scores,
        labels,
        transcript,
        measure_loudness(waveform.samples, geometry),
        blank=blank,
        frame_stride_s=geometry.stride_s,
    )
    return timed_spans(
        spans,
        labels,
        transcript,
        geometry.stride_s,
        waveform.duration_s,
        waveform.part.start_s,
    )
