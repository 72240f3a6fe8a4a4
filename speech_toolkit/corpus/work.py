"""What a loaded model does with an item of a corpus.

One who runs a single file reads its warnings; nobody reads those of thousands. So a recording that
is cut short fails here, and with a text to align so does one that is silent, instead of having
times that mean nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from speech_toolkit.alignment.preparation import AlignmentSettings, prepare_input
from speech_toolkit.audio.part import AudioPart
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.corpus.item import Item
from speech_toolkit.errors import SilentAudioError, TranscriptError, TruncatedAudioError
from speech_toolkit.progress import UNWATCHED
from speech_toolkit.transcription.settings import TranscriptionSettings

if TYPE_CHECKING:
    from speech_toolkit.alignment.aligner import Aligner
    from speech_toolkit.transcription.transcriber import Transcriber


def alignment_with(
    aligner: Aligner, settings: AlignmentSettings
) -> Callable[[Item], dict[str, Any]]:
    """Return what aligns an item and gives the JSON form of the result.

    Args:
        aligner: loaded.
        settings: how to align; an item's own language goes before theirs.
    """

    def align(item: Item) -> dict[str, Any]:
        if item.text is None:
            raise TranscriptError(f"{item.place or item.id}: has no text to align; give its text")
        own = replace(settings, language=item.language or settings.language)
        geometry = aligner.checkpoint.geometry
        waveform, load_s = _whole_recording(item, aligner.sample_rate_hz, geometry.fewest_samples)
        if not waveform.samples.any():
            raise SilentAudioError(
                f"{waveform.source}: every sample is zero, so that no text can be found in it; "
                "record or export it again"
            )
        prepared = prepare_input(waveform, item.text, aligner.checkpoint, own)
        prepared = replace(prepared, audio_load_time=load_s)
        return aligner.align_prepared(prepared, own, UNWATCHED).to_dict()

    return align


def transcription_with(
    transcriber: Transcriber, settings: TranscriptionSettings
) -> Callable[[Item], dict[str, Any]]:
    """Return what transcribes an item and gives the JSON form of the result.

    Args:
        transcriber: loaded.
        settings: how to transcribe; an item's own language goes before theirs.
    """

    def transcribe(item: Item) -> dict[str, Any]:
        own = replace(settings, language=item.language or settings.language)
        waveform, load_s = _whole_recording(item, transcriber.checkpoint.sample_rate_hz)
        result = transcriber.transcribe(waveform, own)
        times_s = result.stage_times_s | {"decode_audio": load_s}
        return replace(result, stage_times_s=times_s).to_dict()

    return transcribe


def _whole_recording(item: Item, rate_hz: int, *min_samples: int) -> tuple[Waveform, float]:
    """Return an item's audio and the seconds that loading it took."""
    part = AudioPart(start_s=item.start_s or 0.0, end_s=item.end_s)
    started = time.perf_counter()
    waveform = load_audio(AudioSource(item.audio_path, part=part), rate_hz, *min_samples)
    if waveform.is_cut_short:
        raise TruncatedAudioError(
            f"{waveform.warnings[0]}; in a corpus that is a failure: copy or download it again"
        )
    return waveform, time.perf_counter() - started
