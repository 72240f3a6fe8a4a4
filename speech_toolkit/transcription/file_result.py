"""A file whose windows are heard -> its result."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.transcription.request import opening_sources
from speech_toolkit.transcription.result import TranscriptionResult
from speech_toolkit.transcription.text.file_text import (
    cut_off_warnings,
    file_coverage,
    text_warnings,
    transcribed_segments,
    whole_text,
)
from speech_toolkit.versions import versions

if TYPE_CHECKING:
    from speech_toolkit.transcription.decoding.decoder import WhisperDecoder
    from speech_toolkit.transcription.long_form.open_file import OpenFile


def file_result(
    file: OpenFile[Any], decoder: WhisperDecoder, model_path: str, model_load_s: float
) -> TranscriptionResult:
    """Put together what was found in a file.

    Args:
        file: all of its windows are heard.
        decoder: that heard them.
        model_path: the checkpoint as it was named.
        model_load_s: seconds that loading it took.
    """
    started = time.perf_counter()
    audio, run, settings = file.audio, file.long_form, file.settings
    found, start_s = run.found, audio.part.start_s
    segments = transcribed_segments(found, decoder.text, settings, start_s)
    transcribe_s = file.transcribe_s + time.perf_counter() - started
    return TranscriptionResult(
        text=whole_text(segments, run.language),
        segments=segments,
        language=run.language,
        language_probability=run.language_probability,
        audio_path=audio.source,
        audio_duration_s=audio.duration_s,
        coverage=file_coverage(found, audio.num_samples, audio.sample_rate_hz, start_s),
        tokens=tuple(item.decoded.tokens for item in found),
        margins=tuple(w.decoded.margins for w in found) if settings.record_margins else None,
        windows=len(found),
        settings=_settings_dict(file, decoder),
        model_path=model_path,
        device=decoder.device.label,
        dtype=str(decoder.dtype),
        model_load_s=model_load_s,
        stage_times_s=audio.stage_times_s() | file.stage_times_s,
        stage_times_are=decoder.clock.kind,
        transcribe_s=transcribe_s,
        memory=asdict(decoder.device.memory()),
        environment=decoder.device.facts(),
        versions=versions(),
        warnings=(
            *audio.warnings,
            *decoder.checkpoint.warnings_for(settings.timestamps),
            *run.warnings,
            *run.overflow_warnings(),
            *cut_off_warnings(found, settings, start_s),
            *text_warnings(segments),
            *fallback_warnings(),
        ),
    )


def _settings_dict(file: OpenFile[Any], decoder: WhisperDecoder) -> dict[str, Any]:
    settings, run = file.settings, file.long_form
    shown = asdict(settings) | {
        "temperatures": list(settings.temperatures),
        "task": run.task,
        **opening_sources(decoder.checkpoint, settings),
        "batch_size": run.batch_size,
        "condition_on_previous_text": settings.mode == "transcribe" and run.conditions,
        "attn_implementation": decoder.attn_implementation,
        "decode_graph": decoder.uses_graph,
    }
    return shown | file.audio.part.settings()
