"""A recording as the model is given it: what can be done on a CPU before its turn comes."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.waveform import Waveform, as_waveform
from speech_toolkit.outcomes import Outcome
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.windows.level import at_usual_level
from speech_toolkit.transcription.windows.speech import SpeechRegion, find_speech

K = TypeVar("K", bound=Hashable)

_MIN_AUDIO_S = 0.025  # one frame of the mel spectrogram


@dataclass(frozen=True)
class PreparedAudio:
    """A recording and where in it somebody speaks.

    Attributes:
        waveform: at the model's rate and the usual level.
        regions: what is shown to the model, in order.
        load_s: seconds that reading, decoding and resampling took.
        find_speech_s: seconds that finding the regions took.
    """

    waveform: Waveform
    regions: tuple[SpeechRegion, ...]
    load_s: float
    find_speech_s: float


@dataclass(frozen=True)
class PreparedInput(Generic[K]):
    """A file that is to be transcribed.

    Attributes:
        key: by which its owner knows it.
        audio: the recording, or why there is none.
        settings: how it is transcribed.
    """

    key: K
    audio: Outcome[PreparedAudio]
    settings: TranscriptionSettings


def prepare_audio(
    audio: str | os.PathLike[str] | AudioSource | Waveform,
    sample_rate_hz: int,
    *,
    skip_silence: bool,
) -> PreparedAudio:
    """Read a recording and find speech in it.

    Args:
        audio: a file, ``-`` for standard input, or a waveform at the model's rate.
        sample_rate_hz: the model's.
        skip_silence: whether stretches without speech are kept from the model.

    Raises:
        AudioError: the audio cannot be used.
    """
    started = time.perf_counter()
    waveform = usual_waveform(audio, sample_rate_hz)
    loaded = time.perf_counter()
    if skip_silence:
        regions = find_speech(waveform.samples, waveform.sample_rate_hz)
    else:
        regions = (SpeechRegion(0, len(waveform.samples)),)
    return PreparedAudio(waveform, regions, loaded - started, time.perf_counter() - loaded)


def usual_waveform(
    audio: str | os.PathLike[str] | AudioSource | Waveform, sample_rate_hz: int
) -> Waveform:
    """Return a recording at a model's rate and the usual level.

    Raises:
        AudioError: the audio cannot be used.
    """
    min_samples = round(_MIN_AUDIO_S * sample_rate_hz)
    return at_usual_level(as_waveform(audio, sample_rate_hz, min_samples=min_samples))
