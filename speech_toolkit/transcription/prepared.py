"""A recording as the model is given it: what is done on a CPU, before its turn and beside it.

    file -> decoded and resampled -> brought to the usual level -> searched for speech -> windows

Each stage hands on blocks of some seconds. The first minutes are read where a recording is
prepared, so that a short one is read as a whole and one that is of no use fails there; the rest is
read in a thread while the windows before it are heard.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Hashable
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

import numpy as np

from speech_toolkit.audio.prefetch import prefetched
from speech_toolkit.audio.source import AudioSource
from speech_toolkit.audio.stream import RecordingFacts, opened_audio
from speech_toolkit.audio.waveform import Waveform, as_waveform
from speech_toolkit.errors import UsageError
from speech_toolkit.outcomes import Outcome
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.windows.level import UsualLevel, at_usual_level
from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.recording import ReadStretch, Recording
from speech_toolkit.transcription.windows.speech import SpeechFinder, SpeechRegion

K = TypeVar("K", bound=Hashable)
AnyAudio: TypeAlias = "str | os.PathLike[str] | AudioSource | Waveform"
# Raises where a recording, once it is read to its end, is of no use to somebody.
CheckFacts = Callable[[RecordingFacts], None]

_MIN_AUDIO_S = 0.025  # one frame of the mel spectrogram
_BLOCK_S = 30.0  # of a waveform that is in memory
_FIRST_BLOCKS = 16  # are decoded where they are searched for speech; then a thread decodes
_BLOCKS_AHEAD = 4


class PreparedAudio:
    """A recording that is being read, and where in it somebody speaks; to be transcribed once.

    Attributes:
        source: its path as the caller gave it.
        part: what of it is read.
        sample_rate_hz: the model's.
        load_s: seconds that reading, decoding and resampling took so far.
        find_speech_s: seconds that finding speech took so far.
        warnings: what the user should know, once it is read to its end.
    """

    def __init__(
        self,
        audio: AnyAudio,
        sample_rate_hz: int,
        *,
        skip_silence: bool,
        check: CheckFacts = lambda facts: None,
        patience_s: float | None = None,
    ) -> None:
        """Begin with a recording; see :func:`prepare_audio`."""
        self.load_s = self.find_speech_s = 0.0
        self.warnings: tuple[str, ...] = ()
        self.sample_rate_hz = sample_rate_hz
        self._check = check
        self._expected_samples = 0
        self._is_taken = False
        if isinstance(audio, Waveform):
            waveform = as_waveform(audio, sample_rate_hz, min_samples=0)
            self.source, self.part = waveform.source, waveform.part
            blocks = self._waveform_blocks(waveform)
        else:
            opened = audio if isinstance(audio, AudioSource) else AudioSource(os.fsdecode(audio))
            self.source, self.part = opened.name, opened.part
            blocks = self._file_blocks(opened)
        finder = SpeechFinder(sample_rate_hz) if skip_silence else _Everything()
        reading = self._stretches(blocks, finder)
        self._recording = Recording(reading, sample_rate_hz, patience_s)

    @property
    def is_read(self) -> bool:
        """Whether it is read to its end."""
        return self._recording.is_read

    @property
    def num_samples(self) -> int:
        """Its length at the model's rate, once it is read to its end; till then what was read."""
        return self._recording.read_samples

    @property
    def duration_s(self) -> float:
        """Its length in seconds, likewise."""
        return self.num_samples / self.sample_rate_hz

    @property
    def expected_s(self) -> float | None:
        """Its length in seconds, as its header has it until it is known; None where that lacks."""
        if self.is_read:
            return self.duration_s
        return self._expected_samples / self.sample_rate_hz or None

    def read_beginning(self) -> None:
        """Read as much as may lie ahead of the first window: minutes, or all of a short recording.

        Raises:
            AudioError: the audio cannot be used.
        """
        self._recording.read_beginning()

    def planner(self, max_window_s: float, windows_ahead: int = 1) -> WindowPlanner:
        """Return what plans its windows.

        Args:
            max_window_s: longest window in seconds.
            windows_ahead: how many may be read ahead of the last one that was planned, if that is
                more than is read ahead of any.

        Raises:
            UsageError: the windows are too short, or it was transcribed before.
        """
        if self._is_taken:
            raise UsageError(
                f"audio {self.source!r} was transcribed before: prepare it again to do so once more"
            )
        self._is_taken = True
        self._recording.allow_ahead(round(windows_ahead * max_window_s * self.sample_rate_hz))
        return WindowPlanner(self._recording, max_window_s)

    def stage_times_s(self) -> dict[str, float]:
        """Return the seconds that the stages took so far, by their names in results."""
        return {"decode_audio": self.load_s, "find_speech": self.find_speech_s}

    def close(self) -> None:
        """Read no further; the file is closed."""
        self._recording.close()

    def _stretches(self, blocks: Generator[np.ndarray], finder: _Finder) -> Generator[ReadStretch]:
        """Read to the end, and keep the time that each stage takes."""
        with closing(prefetched(self._timed(blocks), _BLOCKS_AHEAD, _FIRST_BLOCKS)) as ready:
            num_samples = 0
            for block in ready:
                started = time.perf_counter()
                num_samples += len(block)
                regions = finder.add(block)
                self.find_speech_s += time.perf_counter() - started
                yield ReadStretch(block, tuple(regions), finder.open_region, finder.settled_sample)
            started = time.perf_counter()
            regions = finder.finish()
            self.find_speech_s += time.perf_counter() - started
        yield ReadStretch(np.empty(0, np.float32), tuple(regions), None, num_samples)

    def _timed(self, blocks: Generator[np.ndarray]) -> Generator[np.ndarray]:
        """Keep the time that blocks take, in whatever thread they are made."""
        with closing(blocks):
            while True:
                started = time.perf_counter()
                block = next(blocks, None)
                self.load_s += time.perf_counter() - started
                if block is None:
                    return
                yield block

    def _file_blocks(self, source: AudioSource) -> Generator[np.ndarray]:
        """Yield blocks at the model's rate and the usual level, float32 (N,) each."""
        with opened_audio(source, self.sample_rate_hz) as stream:
            self._expected_samples = stream.expected_samples
            level = UsualLevel(
                self.sample_rate_hz, may_exceed_full_scale=stream.may_exceed_full_scale
            )
            for block in stream:
                yield from level.add(block.copy())
            facts = stream.facts(round(_MIN_AUDIO_S * self.sample_rate_hz))
            self._check(facts)
            yield from level.finish()
        self.warnings = facts.warnings + level.warnings(facts.source)

    def _waveform_blocks(self, given: Waveform) -> Generator[np.ndarray]:
        """Yield views of a waveform at the usual level."""
        self._expected_samples = len(given.samples)
        waveform = at_usual_level(given)
        length = round(_BLOCK_S * self.sample_rate_hz)
        for start in range(0, len(waveform.samples), length):
            yield waveform.samples[start : start + length]
        self.warnings = waveform.warnings


class _Finder(Protocol):
    """What tells where somebody speaks; see :class:`SpeechFinder`."""

    @property
    def open_region(self) -> SpeechRegion | None: ...

    @property
    def settled_sample(self) -> int: ...

    def add(self, samples: np.ndarray) -> list[SpeechRegion]: ...

    def finish(self) -> list[SpeechRegion]: ...


class _Everything:
    """Takes all of a recording for speech."""

    settled_sample = 0

    def __init__(self) -> None:
        self._num_samples = 0

    @property
    def open_region(self) -> SpeechRegion:
        return SpeechRegion(0, self._num_samples)

    def add(self, samples: np.ndarray) -> list[SpeechRegion]:
        self._num_samples += len(samples)
        return []

    def finish(self) -> list[SpeechRegion]:
        return [self.open_region]


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
    audio: AnyAudio,
    sample_rate_hz: int,
    *,
    skip_silence: bool,
    check: CheckFacts = lambda facts: None,
    patience_s: float | None = None,
) -> PreparedAudio:
    """Read the first minutes of a recording, and find speech in them.

    Args:
        audio: a file, ``-`` for standard input, or a waveform at the model's rate.
        sample_rate_hz: the model's.
        skip_silence: whether stretches without speech are kept from the model.
        check: told what a file turned out to be, once it is read to its end; what it raises is that
            file's error.
        patience_s: seconds that a block may keep the model waiting, once windows are planned; None
            for no limit.

    Raises:
        AudioError: the audio cannot be used; what is wrong behind those minutes is raised where
            the windows are planned.
    """
    prepared = PreparedAudio(
        audio, sample_rate_hz, skip_silence=skip_silence, check=check, patience_s=patience_s
    )
    prepared.read_beginning()
    return prepared


def usual_waveform(
    audio: str | os.PathLike[str] | AudioSource | Waveform, sample_rate_hz: int
) -> Waveform:
    """Return a whole recording at a model's rate and the usual level.

    Raises:
        AudioError: the audio cannot be used.
    """
    min_samples = round(_MIN_AUDIO_S * sample_rate_hz)
    return at_usual_level(as_waveform(audio, sample_rate_hz, min_samples=min_samples))
